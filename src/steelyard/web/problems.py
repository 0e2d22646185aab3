"""One JSON error shape and one error page, whatever went wrong and wherever it was raised."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from steelyard import errors
from steelyard.metrics.sight import NotShown
from steelyard.web.headers import HEADERS

Page = Callable[[Request, int, errors.SteelyardError], Response]
Answer = Callable[[Request, errors.SteelyardError], Response]
STATUS: dict[type[errors.SteelyardError], int] = {
    NotShown: 403,
    errors.UsageError: 400,
    errors.Unreachable: 503,
    errors.TimedOut: 504,
    errors.StoreError: 503,
}
FILES = (".json", ".csv", ".parquet", ".svg", ".png", ".zip")
MISSING_PAGE = "Look at the list of pages on the left, or at /api/v1/openapi.json for the API."


class WebError(errors.SteelyardError):
    """About the request itself. `status` is HTTP's."""

    status = 400


class NoSuchPage(WebError):
    code, status = "not_found", 404


class WrongMethod(WebError):
    code, status = "method_not_allowed", 405


class Broken(WebError):
    """Something the user cannot mend; the log has the trace."""

    code, status = "internal", 500


def answering(page: Page) -> Answer:
    """How an error answers: in the one shape, or as a page where a page was asked."""

    def answer(request: Request, error: errors.SteelyardError) -> Response:
        status = status_of(error)
        return page(request, status, error) if wants_page(request) else as_json(status, error)

    return answer


def install(app: FastAPI, answer: Answer) -> None:
    """Every error of the app answers like this."""

    @app.exception_handler(errors.SteelyardError)
    def known(request: Request, error: errors.SteelyardError) -> Response:
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        return answer(request, _bad_parameter(error))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        return answer(request, _http(request, error))

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        broken = Broken(
            f"The server could not answer: {type(error).__name__}.",
            "The server's log has the details; please report it with them.",
        )
        failed = answer(request, broken)
        failed.headers.update(HEADERS)  # this one leaves by a way around the middleware
        return failed


def as_json(status: int, error: errors.SteelyardError) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(error.as_json(), status, headers)


def status_of(error: errors.SteelyardError) -> int:
    """The HTTP status of an error of the tree."""
    if isinstance(error, errors.Refused | WebError):
        return error.status
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)


def wants_page(request: Request) -> bool:
    """True for a browser at a page's address; programs and addresses of files get JSON."""
    path = request.url.path
    if path.startswith("/api/") or path.endswith(FILES):
        return False
    return "text/html" in request.headers.get("accept", "")


def _bad_parameter(error: RequestValidationError) -> errors.BadValue:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return errors.BadValue(
        f"The parameter {where!r} cannot be read: {first['msg']}.",
        "The parameters are described in /api/v1/openapi.json.",
    )


def _http(request: Request, error: HTTPException) -> errors.SteelyardError:
    if error.status_code == 404:
        return NoSuchPage(f"There is nothing at {request.url.path}.", MISSING_PAGE)
    if error.status_code == 405:
        return WrongMethod(f"{request.url.path} does not take {request.method}.", "Use GET.")
    other = Broken(f"The request could not be answered: {error.detail}.")
    other.status = error.status_code
    return other
