"""From an order to messages: who of the targets gets the text, and why the others do not.

documented: https://docs.xtremepush.com/reference/campaign-execute (what target_existing_only 0 creates and updates).
assumed: that unknown users are left out, that an invalid mobile number updates nothing, and that a user who is named
twice gets two messages.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.messaging.delivery_outcomes import OPTED_OUT, outcome_for_number
from sendproof_simulators.core.messaging.lifecycle import delivery_schedule
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.xtremepush.messages.executions import (
    NO_NUMBER,
    NOT_PERSONALIZED,
    SUPPRESSED,
    UNSUBSCRIBED,
    Action,
)
from sendproof_simulators.services.xtremepush.messages.webhooks import next_timer, said_of, sent
from sendproof_simulators.services.xtremepush.personalization import MissingVariableError, merge_text
from sendproof_simulators.services.xtremepush.project.profiles import EXECUTE_NAMES, Profile, Reader, user_id_of
from sendproof_simulators.services.xtremepush.project.suppression import is_suppressed
from sendproof_simulators.services.xtremepush.state import NAME, State

_UPDATED = ("email", "email_subscription", "mobile_number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A valid call to execute a campaign. `targets` are identifiers, each with its own variables."""

    id: int
    campaign: int
    text: str
    sender: str
    external_id: str
    params: Mapping[str, object]
    by_user: bool
    targets: Sequence[tuple[str, Mapping[str, object]]]
    creates: bool


class _Sending:
    """One order while it is carried out: its messages, and the targets that got none."""

    def __init__(self, context: SandboxContext, state: State, order: Order, now: Instant) -> None:
        self.action = Action(
            id=order.id, campaign=order.campaign, sender=order.sender, external_id=order.external_id, send_at=now
        )
        self.rejected: list[JournalEntry] = []
        self._state = state
        self._order = order
        self._subscription = EXECUTE_NAMES[context.dialects["subscription_name"]]
        self._text = merge_text(order.text)
        self._missing = "" if context.dialects["missing_variable"] == "empty" else None

    def send(self, identifier: str, params: Mapping[str, object]) -> None:
        """Accept one target's message, or note why there is none."""
        try:
            profile = self._profile(identifier, params)
        except ValueError as wrong:
            self._reject("", "", str(wrong))
            return
        if profile is None:
            self._reject("", "", f"no profile is known as {identifier!r:.200}")
            return
        text, hindrance = self._merged(profile, params)
        hindrance = hindrance or self._hindrance(profile)
        self.action.add(profile, text, hindrance)
        if hindrance is not None:
            self._reject(profile.mobile_number, text, hindrance)

    def _profile(self, identifier: str, params: Mapping[str, object]) -> Profile | None:
        profiles = self._state.profiles
        found = profiles.by_user_id(identifier) if self._order.by_user else profiles.by_id(identifier)
        if not self._order.creates:
            return found
        names = [name for name in params if name in _UPDATED or name in self._subscription]
        values = Reader(names, self._subscription).read([params[name] for name in names])
        if found is None and self._order.by_user:
            found = profiles.obtain(user_id_of(identifier), self.action.send_at)
        if found is not None:
            found.set(values)
        return found

    def _merged(self, profile: Profile, params: Mapping[str, object]) -> tuple[str, str | None]:
        sources = (params, self._order.params, profile.attributes, profile.system()) if self._text.names else ()
        try:
            text = self._text.merge(sources, missing=self._missing)
        except MissingVariableError:
            return self._order.text, NOT_PERSONALIZED
        return text, None if text.strip() else NOT_PERSONALIZED

    def _hindrance(self, profile: Profile) -> str | None:
        if not profile.mobile_number:
            return NO_NUMBER
        if not profile.sms_subscription:
            return UNSUBSCRIBED
        if is_suppressed(self._state.settings.suppression, profile):
            return SUPPRESSED
        outcome = outcome_for_number(profile.mobile_number)
        if outcome is None or outcome.refusal is None:
            return None
        return UNSUBSCRIBED if outcome.refusal == OPTED_OUT else outcome.refusal.capitalize()

    def _reject(self, number: str, text: str, reason: str) -> None:
        fields = {"service": NAME, "number": number, "text": text, "code": None, "reason": reason}
        self.rejected.append(JournalEntry(kind="rejection", fields=fields))


def carry_out(context: SandboxContext, state: State, order: Order, now: Instant) -> Effects:
    """Send to every target that can be sent to."""
    sending = _Sending(context, state, order, now)
    action = sending.action
    for identifier, params in order.targets:
        sending.send(identifier, params)
    ids = [action.message_id(place) for place in action.accepted]
    numbers = [action.numbers[place] for place in action.accepted]
    action.schedule = delivery_schedule(numbers, state.random.fractions(ids, NAME, "fate"), now, now)
    state.actions[action.id] = action
    early = said_of(context, state, action, now)
    return Effects(
        entries=(*_deliveries(action), *sending.rejected, *early.entries),
        timers=next_timer(action),
        webhooks=tuple(sent(context, state, action)),
        before_response=early.webhooks,
    )


def _deliveries(action: Action) -> Iterable[JournalEntry]:
    send_at = iso(action.send_at)
    for place in action.accepted:
        fields = {
            "service": NAME,
            "message": str(action.message_id(place)),
            "batch": str(action.id),
            "number": action.numbers[place],
            "text": action.texts[place],
            "sender": action.sender,
            "custom": action.external_id,
            "receipt_url": "",
            "send_at": send_at,
            "test": False,
        }
        yield JournalEntry(kind="delivery", fields=fields)
