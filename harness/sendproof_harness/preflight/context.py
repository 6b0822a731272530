"""What is examined: the handover, the means to look, and what was seen already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sendproof_harness.handover.format import HandoverFile
from sendproof_harness.preflight.http import HttpResponse, PreflightClient

OK, NO_CONTENT, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 204, 400, 401, 403, 404


@dataclass(kw_only=True)
class PreflightContext:
    """One handover under examination. `customers` are those whose phone numbers are to be looked at."""

    handed: HandoverFile
    calls: PreflightClient
    customers: Sequence[str] = ()
    _seen: dict[tuple[str, str], HttpResponse] = field(default_factory=dict)

    def optimove(self, function: str, **query: str) -> HttpResponse:
        """The answer to a function of Optimove, such as `apikey/ApiKeyInfo`, with the key; asked once."""
        asked = function, repr(sorted(query.items()))
        if asked not in self._seen:
            key = self.handed.platform.credentials.get(self.handed.key, "")
            headers = {"X-API-KEY": key, "Accept": "application/json"}
            self._seen[asked] = self.calls.call("GET", self.function_url(function), query=query, headers=headers)
        return self._seen[asked]

    def function_url(self, function: str) -> str:
        """Where a function is: vendors are given the address with and without `/current`."""
        base = self.handed.platform.url.rstrip("/")
        return f"{base}/{function}" if base.lower().endswith("/current") else f"{base}/current/{function}"

    @cached_property
    def key(self) -> Mapping[str, Any] | None:
        """What Optimove says of the key, names of members in lower case; None when it does not say.

        assumed: that it is an object, alone or in a list (openapi/optimove.yaml, ApiKeyInfo).
        """
        said = self.optimove("apikey/ApiKeyInfo").json
        first = said[0] if isinstance(said, list) and len(said) == 1 else said
        return lowered(first) if isinstance(first, dict) else None

    @cached_property
    def clock(self) -> HttpResponse:
        """The sandbox's clock, where there is one."""
        return self.calls.call("GET", self.handed.clock_url or "")


def lowered(row: Mapping[str, Any]) -> dict[str, Any]:
    """An object with the names of its members in lower case: clients of Optimove read them in several spellings."""
    return {name.lower(): value for name, value in row.items()}


def rows(answer: HttpResponse, *, none_is_404: bool = False) -> list[dict[str, Any]] | None:
    """The objects of a list; [] for one of the ways of saying that there are none; None when it is something else."""
    if answer.status == NO_CONTENT or (none_is_404 and answer.status == NOT_FOUND):
        return []
    if answer.status != OK or not isinstance(answer.json, list):
        return None
    return [lowered(row) for row in answer.json if isinstance(row, dict)]
