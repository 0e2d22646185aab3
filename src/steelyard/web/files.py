"""Tables that are no Answer, as files: rows of plain values as CSV or Parquet, and pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from steelyard.metrics.export import harmless
from steelyard.web.api import CSV, PARQUET, download

Kind = Literal["csv", "parquet", "svg", "png"]
Table = Literal["csv", "parquet"]
Picture = Literal["svg", "png"]
PICTURES: Mapping[Picture, str] = {"svg": "image/svg+xml", "png": "image/png"}
Rows = Sequence[Mapping[str, Any]]
KINDS: tuple[Kind, ...] = ("csv", "parquet", "svg", "png")


def add_files(
    routes: APIRouter,
    path: str,
    answer: Callable[[Request, Kind], Response],
    kinds: Iterable[Kind] = KINDS,
) -> None:
    """The address with each kind of file behind it."""

    def one(kind: Kind) -> Callable[[Request], Response]:
        def file(request: Request) -> Response:
            return answer(request, kind)

        return file

    for kind in kinds:
        routes.add_api_route(f"{path}.{kind}", one(kind), methods=["GET"])


def csv_of(rows: Rows, names: Sequence[str] = ()) -> str:
    """Under the given names, else those of the first row; unknown is empty."""
    out = io.StringIO()
    wanted = names or (list(rows[0]) if rows else [])
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(wanted)
    writer.writerows([harmless(row.get(name)) for name in wanted] for row in rows)
    return out.getvalue()


def parquet_of(rows: Rows, names: Sequence[str] = ()) -> bytes:
    """The same with its types; a column of mixed kinds becomes text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = names or (list(rows[0]) if rows else [])
    columns = [_column([row.get(name) for row in rows]) for name in wanted]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(columns, names=list(wanted)), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def table_file(rows: Rows, names: Sequence[str], kind: Table, name: str) -> Response:
    """A download called `name` with the kind behind it."""
    headers = download(f"{name}.{kind}")
    if kind == "csv":
        return Response(csv_of(rows, names), headers=headers, media_type=CSV)
    return Response(parquet_of(rows, names), headers=headers, media_type=PARQUET)


def picture_file(content: bytes, kind: Picture, name: str) -> Response:
    headers = download(f"{name}.{kind}")
    return Response(content, headers=headers, media_type=PICTURES[kind])


def _column(values: list[Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])
