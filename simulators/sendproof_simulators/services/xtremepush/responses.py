"""From a method's plain values to an outcome, done or refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sendproof_simulators.core.http import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.envelope import envelope
from sendproof_simulators.services.xtremepush.errors import RefusalError, refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a method says when it succeeds, and what follows. `note` sums it up for the journal."""

    value: Mapping[str, object]
    code: int = 200
    facts: tuple[JournalEntry, ...] = ()
    timers: tuple[Timer, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    before_reply: tuple[Webhook, ...] = ()
    note: Mapping[str, object] | None = None


def answered(call: Call, method: Callable[[Call], Answer]) -> Effects:
    """Run a method, and put what it says into the envelope."""
    dialects = call.world.dialects
    try:
        answer = method(call)
    except RefusalError as refused:
        reply = refusal(dialects, refused.code, str(refused), refused.errors)
        return Effects(reply=reply, facts=refused.facts, note={"refused": refused.code}, refused=True)
    return Effects(
        reply=envelope(dialects, answer.code, answer.value),
        facts=answer.facts,
        timers=answer.timers,
        webhooks=answer.webhooks,
        before_reply=answer.before_reply,
        note=answer.note,
    )
