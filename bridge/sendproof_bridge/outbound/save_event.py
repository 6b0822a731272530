"""Client of Optimove's engagement metrics for external vendors: signed events of single customers.

documented: https://developer.optimove.com/docs/external-vendors-campaign-engagement-metrics . No public page states how
many events a call may contain, or the members of `context`.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from sendproof_bridge.clock import DAY
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.errors import OutcomeUnknownError, RejectedError
from sendproof_bridge.outbound.http import HttpClient, Response, check_status

EVENTS_PER_CALL = 100
MAX_AGE = 7 * DAY


class SaveEventClient:
    """The API of one tenant."""

    def __init__(self, url: str, token: Secret, http: HttpClient) -> None:
        """`url` is the tenant's host, such as https://metric-1001.optimove.net."""
        self._url = f"{url.rstrip('/')}/api/saveEvent"
        self._token = token
        self._http = http

    def save(self, events: Sequence[Mapping[str, object]]) -> None:
        """Report at most `EVENTS_PER_CALL` events. If the response is lost, no call can find out if they count."""
        # Without spaces, so that a verifier that serializes the JSON again gets the same bytes.
        body = json.dumps(list(events), separators=(",", ":"), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Optimove-Signature-Version": "1",
            "X-Optimove-Signature-Content": hmac.new(self._token.reveal().encode(), body, hashlib.sha256).hexdigest(),
        }
        _check_saved(
            check_status(self._http.request("Optimove saveEvent", "POST", self._url, headers=headers, content=body))
        )


def _check_saved(response: Response) -> None:
    """Accept an empty body or an object; assumed: the sibling for server-side events returns a status."""
    payload = response.json() if response.body.strip() else {}
    if not isinstance(payload, dict):
        raise OutcomeUnknownError(f"{response.operation}: expected nothing or an object, got {type(payload).__name__}")
    if payload.get("status", "success") != "success":
        raise RejectedError(f"{response.operation}: returned {json.dumps(payload)[:200]}")
