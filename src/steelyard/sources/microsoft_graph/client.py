"""Calls to Microsoft Graph: signing in, next links, and which permission a refusal means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from steelyard.errors import SourceDenied
from steelyard.sources.network import Http, Network
from steelyard.sources.oauth import ClientCredentials, SignInRefused
from steelyard.sources.shapes import read

USERS = "User.Read.All"
MEMBERS = "GroupMember.Read.All"
# Filters on a cast type need Graph's second index.
ADVANCED = {"consistencylevel": "eventual"}
_WHERE = "In the Entra admin center, App registrations, your application: "
_REFUSALS = {
    "AADSTS7000222": (
        "The client secret has expired.",
        _WHERE + "make a new one under Certificates & secrets.",
    ),
    "AADSTS7000215": (
        "The client secret is wrong.",
        "Give the secret's value, which is shown once, not its id; or make a new one.",
    ),
    "AADSTS700016": (
        "The application is not known in this tenant.",
        "Check client_id (Application ID) and tenant (Directory ID) on the application's page.",
    ),
    "AADSTS90002": ("There is no such tenant.", "Check tenant: the Directory (tenant) ID."),
    "AADSTS900023": ("There is no such tenant.", "Check tenant: the Directory (tenant) ID."),
    "AADSTS500011": (
        "The tenant's cloud does not know this Graph host.",
        "A sovereign cloud needs its own login_host and graph_host.",
    ),
    "AADSTS53003": (
        "A Conditional Access policy blocks the sign-in.",
        "Exempt the application, or allow the address Steelyard runs at.",
    ),
}


class Graph:
    """One tenant's Graph. `get` and `pages` say which permission a 403 asks for."""

    def __init__(
        self, network: Network, login: str, host: str, tenant: str, client: str, secret: str
    ) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": secret,
            "scope": f"{host.rstrip('/')}/.default",
        }
        url = f"{login.rstrip('/')}/{tenant}/oauth2/v2.0/token"
        auth = ClientCredentials(url, lambda: form, _refused, network.clock)
        self._http: Http = network.client(f"{host.rstrip('/')}/v1.0", auth=auth)

    def get(
        self,
        path: str,
        permission: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """One answer. Raises SourceDenied naming the permission, and what Http.send raises."""
        try:
            reply = self._http.get(path, params, headers=headers)
        except SignInRefused:
            raise
        except SourceDenied as denied:
            raise SourceDenied(
                denied.message,
                f"Give the application the permission {permission} (of the kind Application)"
                " and press 'Grant admin consent'.",
                permission,
            ) from None
        return read("Microsoft Graph", f"answer to {path.split('?')[0]}", dict, reply.data)

    def pages(
        self,
        path: str,
        permission: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[list[Any]]:
        """The `value` of each page, as long as there is a next link."""
        answer = self.get(path, permission, params, headers)
        while True:
            yield read("Microsoft Graph", f"list {path}", list, answer.get("value"))
            following = answer.get("@odata.nextLink")
            if not following:
                return
            answer = self.get(str(following), permission, headers=headers)


def _refused(said: Mapping[str, Any]) -> SignInRefused:
    """What the token endpoint says, in words of somebody who can mend it."""
    description = str(said.get("error_description") or said.get("error") or "")
    code = description.split(":")[0]
    message, hint = _REFUSALS.get(code, ("", ""))
    if message:
        return SignInRefused(f"{message} ({code})", hint)
    first = description.split("\r\n")[0].split(" Trace ID")[0][:200]
    return SignInRefused(
        f"Microsoft does not let the application sign in: {first or 'it gives no reason'}.",
        "Check tenant, client_id and client_secret.",
    )
