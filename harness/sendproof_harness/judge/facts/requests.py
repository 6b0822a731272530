"""Names and positions of the bridge's requests, as findings show them."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from sendproof_harness.history.records import Request

STATUS_TOO_MANY_REQUESTS = 429

#: The operations that return a token for a user name and password.
LOGINS = frozenset({"Login", "LoginByQuery"})

# The field with the refused event in the summary of a request.
_REFUSED_EVENT = "refused_event"

# A segment of a path with a digit; `v2` is part of many APIs and no id.
_ID_IN_PATH = re.compile(r"(?<=/)(?!v\d+(?:/|$))[^/]*\d[^/]*")


def request_name(request: Request) -> str:
    """Return the same name for every customer: the operation, or else the path with `*` for each id."""
    name = request.operation or f"{request.method} {_ID_IN_PATH.sub('*', request.path)}"
    return f"{request.service} {name}"


def refused_event(request: Request) -> str | None:
    """Return the name of the event for which saveEvent refused a request; its own check has the reason."""
    return None if request.summary is None else request.summary.get(_REFUSED_EVENT)


def request_before(requests: Sequence[Request], line: int) -> Request | None:
    """Return the last request at or before a line: the effects of a request follow it in the history."""
    position = bisect_right(requests, line, key=lambda request: request.n) - 1
    return requests[position] if position >= 0 else None
