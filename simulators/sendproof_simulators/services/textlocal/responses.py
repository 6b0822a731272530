"""From a command's plain values to a reply and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.effects import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal.errors import RefusalError, failure, status_of_trouble
from sendproof_simulators.services.textlocal.xml import formatted

# The parameters of a call, typed by the contract, whether they came in a query or a form.
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command says when it succeeds (`status` is added), and what follows. `note` sums it up for the journal."""

    value: Mapping[str, object]
    status: bool = True
    entries: tuple[JournalEntry, ...] = ()
    timers: tuple[Timer, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    before_response: tuple[Webhook, ...] = ()
    summary: Mapping[str, object] | None = None


Command = Callable[[Call, Fields], Answer]


def answered(call: Call, command: Command) -> Effects:
    """Run a command, and put what it says, success or refusal, into the form that was asked for."""
    fields: Fields = {**call.params, **(call.body or {})}
    format_ = fields.get("format")
    try:
        answer = command(call, fields)
    except RefusalError as refusal:
        status = refusal.status or status_of_trouble(call.context.dialects)
        response = formatted(failure([refusal.error], refusal.warnings), format_, status)
        return Effects(response=response, entries=refusal.entries, summary={"errors": [refusal.code]}, refused=True)
    response = formatted({**answer.value, **({"status": "success"} if answer.status else {})}, format_)
    return Effects(
        response=response,
        entries=answer.entries,
        timers=answer.timers,
        webhooks=answer.webhooks,
        before_response=answer.before_response,
        summary=answer.summary,
    )
