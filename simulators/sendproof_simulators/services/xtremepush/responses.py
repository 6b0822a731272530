"""From a method's plain values to an outcome, done or refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sendproof_simulators.core.effects import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.envelope import envelope
from sendproof_simulators.services.xtremepush.errors import RefusalError, refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a method says when it succeeds, and what follows. `note` sums it up for the journal."""

    value: Mapping[str, object]
    code: int = 200
    entries: tuple[JournalEntry, ...] = ()
    timers: tuple[Timer, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    before_response: tuple[Webhook, ...] = ()
    summary: Mapping[str, object] | None = None


def answered(call: Call, method: Callable[[Call], Answer]) -> Effects:
    """Run a method, and put what it says into the envelope."""
    dialects = call.context.dialects
    try:
        answer = method(call)
    except RefusalError as refused:
        response = refusal(dialects, refused.code, str(refused), refused.errors)
        return Effects(response=response, entries=refused.entries, summary={"refused": refused.code}, refused=True)
    return Effects(
        response=envelope(dialects, answer.code, answer.value),
        entries=answer.entries,
        timers=answer.timers,
        webhooks=answer.webhooks,
        before_response=answer.before_response,
        summary=answer.summary,
    )
