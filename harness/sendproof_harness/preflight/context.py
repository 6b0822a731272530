"""The context of preflight checks: the handover, the HTTP client, and the responses so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sendproof_harness.handover.format import HandoverFile
from sendproof_harness.preflight.http import HttpResponse, PreflightClient

OK, NO_CONTENT, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 204, 400, 401, 403, 404


@dataclass(kw_only=True)
class PreflightContext:
    """One handover under check. The phone numbers of `customers` (ids) are checked as well."""

    handover: HandoverFile
    client: PreflightClient
    customers: Sequence[str] = ()
    _responses: dict[tuple[str, str], HttpResponse] = field(default_factory=dict)

    def optimove(self, function: str, **query: str) -> HttpResponse:
        """Return the response to a function of Optimove, such as `apikey/ApiKeyInfo`, with the key.

        The same function and query are requested only once.
        """
        request = function, repr(sorted(query.items()))
        if request not in self._responses:
            key = self.handover.platform.credentials.get(self.handover.key, "")
            headers = {"X-API-KEY": key, "Accept": "application/json"}
            url = self.function_url(function)
            self._responses[request] = self.client.request("GET", url, query=query, headers=headers)
        return self._responses[request]

    def function_url(self, function: str) -> str:
        """Return the URL of a function. Vendors get the base URL with or without `/current`."""
        base = self.handover.platform.url.rstrip("/")
        return f"{base}/{function}" if base.lower().endswith("/current") else f"{base}/current/{function}"

    @cached_property
    def key_info(self) -> Mapping[str, Any] | None:
        """Optimove's information about the key, with lowercase member names; None if Optimove gives none.

        assumed: it is an object, alone or in a list (openapi/optimove.yaml, ApiKeyInfo).
        """
        content = self.optimove("apikey/ApiKeyInfo").json
        info = content[0] if isinstance(content, list) and len(content) == 1 else content
        return lowercase_names(info) if isinstance(info, dict) else None

    @cached_property
    def clock(self) -> HttpResponse:
        """The response of the sandbox's clock. Only valid if the handover has a `clock_url`."""
        return self.client.request("GET", self.handover.clock_url or "")


def lowercase_names(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object with lowercase member names, because clients of Optimove use several spellings."""
    return {name.lower(): value for name, value in row.items()}


def list_rows(response: HttpResponse, *, empty_is_404: bool = False) -> list[dict[str, Any]] | None:
    """Return the objects of a list with lowercase names; None if the response is not a list.

    An empty list may be a response without content, or with status 404 if `empty_is_404`.
    """
    if response.status == NO_CONTENT or (empty_is_404 and response.status == NOT_FOUND):
        return []
    if response.status != OK or not isinstance(response.json, list):
        return None
    return [lowercase_names(row) for row in response.json if isinstance(row, dict)]
