"""One recorded call with its response."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from sendproof_simulators.core.http import Request, Response

#: Who made a call: the bridge, or a service that reports to the bridge. Empty if the recording does not say.
CALL, CALLBACK = "call", "callback"
_FIRST_ERROR = 400
# The members with which services report an error in a response with any status, and their values for it.
_ERROR_MEMBERS: Mapping[str, Any] = {"status": ("failure", "error"), "success": (False,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """A call of a recording. `number` is its position from 1, and `url` has no query.

    `service` and `role` are those that the recording states, or empty. `response` is None if none came. A body that was
    not recorded is empty, and its `..._known` is False.
    """

    number: int
    at: str
    url: str
    request: Request
    response: Response | None = None
    request_body_known: bool = True
    response_body_known: bool = True
    service: str = ""
    role: str = ""

    @property
    def host(self) -> str:
        """The host of the URL, in lower case, without a port."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_refused(self) -> bool:
        """True if the response reports an error: by its status, or in its body."""
        if self.response is None:
            return False
        if self.response.status >= _FIRST_ERROR:
            return True
        value = json_value(self.response.body)
        return isinstance(value, dict) and any(value.get(name) in values for name, values in _ERROR_MEMBERS.items())

    @property
    def is_accepted(self) -> bool:
        """True if a response came that reports no error."""
        return self.response is not None and not self.is_refused


def json_value(body: bytes) -> Any:
    """Return the value of a body, None if it is not JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
