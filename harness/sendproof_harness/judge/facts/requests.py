"""Names and positions of the bridge's requests, as findings show them."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from sendproof_harness.history.records import History, Request

STATUS_TOO_MANY_REQUESTS = 429
#: The statuses with which a service refuses a credential.
CREDENTIAL_STATUSES = frozenset({401, 403})

#: The operations that return a token for a user name and password.
LOGINS = frozenset({"Login", "LoginByQuery"})

# The dialect that selects the status of a login that fails, and its option that is no status of a wrong credential.
_LOGIN_FAILURE, _SERVER_ERROR = "optimove.login_failure", 500
_REFUSED_FOR_NOW = CREDENTIAL_STATUSES | {STATUS_TOO_MANY_REQUESTS}

# The field with the refused event in the summary of a request.
_REFUSED_EVENT = "refused_event"
# The field with the campaign whose deadline had passed, and the one with the preference for an unknown channel.
_LATE_CLEARANCE, _UNKNOWN_CHANNEL = "late_clearance", "unknown_channel"
# The field with the attributes that the key may not read.
_OUTSIDE_SCOPE = "outside_scope"

_WORDS = re.compile(r"\w+")

# A segment of a path with a digit; `v2` is part of many APIs and no id.
_ID_IN_PATH = re.compile(r"(?<=/)(?!v\d+(?:/|$))[^/]*\d[^/]*")


def request_name(request: Request) -> str:
    """Return the same name for every customer: the operation, or else the path with `*` for each id."""
    name = request.operation or f"{request.method} {_ID_IN_PATH.sub('*', request.path)}"
    return f"{request.service} {name}"


def may_succeed_later(request: Request) -> bool:
    """Return True if the service failed, or refused the key or the rate of calls: the same call may be right later."""
    return request.status in _REFUSED_FOR_NOW or request.status >= _SERVER_ERROR


def is_failed_login(history: History, request: Request) -> bool:
    """Return True for a login that Optimove refuses with status 500, as it does in some sandboxes."""
    is_option = history.header.dialects.get(_LOGIN_FAILURE) == str(_SERVER_ERROR)
    return is_option and request.operation in LOGINS and request.status == _SERVER_ERROR


def refused_event(request: Request) -> str | None:
    """Return the name of the event for which saveEvent refused a request; its own check has the reason."""
    return None if request.summary is None else request.summary.get(_REFUSED_EVENT)


def late_clearance(request: Request) -> int | None:
    """Return the campaign that a request was to clear after its deadline; the check of clearances names it."""
    return None if request.summary is None else request.summary.get(_LATE_CLEARANCE)


def unknown_channel(request: Request) -> Mapping[str, Any] | None:
    """Return the preference that was refused for its channel; the check of opt-outs names it."""
    return None if request.summary is None else request.summary.get(_UNKNOWN_CHANNEL)


def hidden_needs(history: History, request: Request) -> tuple[str, ...]:
    """Return the attributes for which a request was refused, because its key may not read what every bridge needs."""
    hidden: Sequence[str] = (request.summary or {}).get(_OUTSIDE_SCOPE, ())
    if not hidden:
        return ()
    special = history.header.attributes
    # Each provider has placeholders of its own form, with the name as a word.
    words = {word for campaign in history.campaigns for split in campaign.splits for word in _WORDS.findall(split.body)}
    return tuple(name for name in hidden if name in {special.phone, special.consent, *words})


def request_before(requests: Sequence[Request], line: int) -> Request | None:
    """Return the last request at or before a line: the effects of a request follow it in the history."""
    position = bisect_right(requests, line, key=lambda request: request.n) - 1
    return requests[position] if position >= 0 else None
