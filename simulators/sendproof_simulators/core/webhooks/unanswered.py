"""Calls that a bridge makes for a webhook that it has not answered yet.

A bridge answers first and works afterwards. In virtual time, the order of calls alone does not show it: a thread may
begin to work before another thread has written the answer. So a call that names the subject of an open webhook waits
until the webhook is answered. A bridge that answers first does so within milliseconds. A bridge that works first
waits for its own call, and the call shows that.

Only the first webhooks of a sandbox are watched, and a few calls wait: that is enough to know a bridge.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.percent_encoding import form_decoded

# Half of the time that a bridge has for the answer. A busy machine needs far less for it.
HOLD_SECONDS = 5.0
_MAX_WATCHED = 200
_MAX_HELD = 3


@dataclass(slots=True, eq=False)
class OpenWebhook:
    """A webhook that the bridge has received and not answered; `held_call` waited in vain, by its journal entry."""

    subjects: re.Pattern[str]
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    held_call: int | None = None


class UnansweredWebhooks:
    """The open webhooks of one sandbox, as far as they are watched."""

    def __init__(self, hold_seconds: float = HOLD_SECONDS) -> None:
        self._hold_seconds = hold_seconds
        self._open: list[OpenWebhook] = []
        self._seen: set[str] = set()
        self._watched = 0
        self._held = 0

    @property
    def are_open(self) -> bool:
        """True if a call may have to wait for a webhook."""
        return bool(self._open)

    def begin(self, webhook: Webhook) -> OpenWebhook | None:
        """Watch a webhook that is being sent; return None if an earlier one may have caused work on its subjects."""
        if not webhook.subjects or self._watched >= _MAX_WATCHED or self._held >= _MAX_HELD:
            return None
        is_first = self._seen.isdisjoint(webhook.subjects)
        self._seen.update(webhook.subjects)
        if not is_first:
            return None
        self._watched += 1
        opened = OpenWebhook(_pattern(webhook.subjects))
        self._open.append(opened)
        return opened

    def end(self, opened: OpenWebhook) -> None:
        """Stop watching a webhook that was answered or failed."""
        self._open.remove(opened)
        opened.answered.set()

    async def hold(self, request: Request, number: int) -> None:
        """Return when the webhook that this call works for is answered, or when waiting is in vain.

        `number` is the call's journal entry.
        """
        opened = self._find(request) if self._open and self._held < _MAX_HELD else None
        if opened is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._hold_seconds):
                await opened.answered.wait()
        if not opened.answered.is_set():
            self._held += 1
            opened.held_call = opened.held_call or number

    def _find(self, request: Request) -> OpenWebhook | None:
        values = (request.path, *(value for _, value in request.query), request.body.decode("utf-8", "replace"))
        text = form_decoded("\n".join(values))
        return next((opened for opened in self._open if opened.subjects.search(text)), None)


def _pattern(subjects: Sequence[str]) -> re.Pattern[str]:
    """Return the pattern of any subject as a whole word."""
    return re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, subjects))})(?![\w.])")
