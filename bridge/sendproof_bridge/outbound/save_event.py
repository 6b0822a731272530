"""Optimove's engagement metrics of external vendors: signed events of single customers.

documented: https://developer.optimove.com/docs/external-vendors-campaign-engagement-metrics . How many events one call
may hold, and what belongs into `context`, no page that can be read says.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from sendproof_bridge.clock import DAY
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.errors import RefusedError, UnknownOutcomeError
from sendproof_bridge.outbound.http import Answer, Wire, check_status

EVENTS_PER_CALL = 100
OLDEST = 7 * DAY


class SaveEvent:
    """One tenant's address."""

    def __init__(self, url: str, token: Secret, wire: Wire) -> None:
        """`url` is the tenant's host, such as https://metric-1001.optimove.net."""
        self._url = f"{url.rstrip('/')}/api/saveEvent"
        self._token = token
        self._wire = wire

    def save(self, events: Sequence[Mapping[str, object]]) -> None:
        """Report events: at most `EVENTS_PER_CALL`. Whether a call whose reply was lost counts, nobody can be asked."""
        # Without spaces: a verifier that writes the JSON again before it checks gets the same bytes.
        body = json.dumps(list(events), separators=(",", ":"), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Optimove-Signature-Version": "1",
            "X-Optimove-Signature-Content": hmac.new(self._token.reveal().encode(), body, hashlib.sha256).hexdigest(),
        }
        _saved(check_status(self._wire.call("Optimove saveEvent", "POST", self._url, headers=headers, raw=body)))


def _saved(answer: Answer) -> None:
    """Nothing, or an object; assumed: its sibling for server-side events answers with a status."""
    said = answer.json() if answer.body.strip() else {}
    if not isinstance(said, dict):
        raise UnknownOutcomeError(f"{answer.what}: expected nothing or an object, got {type(said).__name__}")
    if said.get("status", "success") != "success":
        raise RefusedError(f"{answer.what}: answered with {json.dumps(said)[:200]}")
