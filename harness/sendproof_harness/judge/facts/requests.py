"""Names and positions of the bridge's requests, as findings show them."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from sendproof_harness.history.records import Request

STATUS_TOO_MANY_REQUESTS = 429

#: The operations that return a token for a user name and password.
LOGINS = frozenset({"Login", "LoginByQuery"})

# A segment of a path with a digit; `v2` is part of many APIs and no id.
_ID_IN_PATH = re.compile(r"(?<=/)(?!v\d+(?:/|$))[^/]*\d[^/]*")


def request_name(request: Request) -> str:
    """Return the same name for every customer: the operation, or else the path with `*` for each id."""
    name = request.operation or f"{request.method} {_ID_IN_PATH.sub('*', request.path)}"
    return f"{request.service} {name}"


def request_before(requests: Sequence[Request], line: int) -> Request | None:
    """Return the last request at or before a line: the effects of a request follow it in the history."""
    position = bisect_right(requests, line, key=lambda request: request.n) - 1
    return requests[position] if position >= 0 else None
