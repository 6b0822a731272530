"""The execution of a campaign: which targets get the text, and why the others do not.

documented: https://docs.xtremepush.com/reference/campaign-execute (what target_existing_only 0 creates and updates).
assumed: that unknown users are left out, that an invalid mobile number updates nothing, and that a user who is named
twice gets two messages.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sendproof_simulators.core.audience.devices import Device
from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.messaging.addresses import read_address
from sendproof_simulators.core.messaging.delivery_outcomes import OPTED_OUT, QUEUE_FULL, outcome_for_number
from sendproof_simulators.core.messaging.lifecycle import delivery_schedule
from sendproof_simulators.core.messaging.mail_texts import mail_template, shown_mail
from sendproof_simulators.core.messaging.message_types import EMAIL, INBOX, SMS, shown_text, whole_text
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.xtremepush.messages.executions import (
    DEVICE_UNREGISTERED,
    INVALID_ADDRESS,
    NO_ADDRESS,
    NO_DEVICE,
    NO_NUMBER,
    NOT_PERSONALIZED,
    OUTSIDE_SEGMENT,
    SUPPRESSED,
    TOO_LONG,
    UNSUBSCRIBED,
    Execution,
)
from sendproof_simulators.services.xtremepush.messages.webhooks import apply_due_events, next_timer, sent_webhooks
from sendproof_simulators.services.xtremepush.personalization import (
    LONGEST_TEXT,
    MissingVariableError,
    merge_names,
    merge_text,
    plain_value,
)
from sendproof_simulators.services.xtremepush.project.exclusions import needs_device_for_inbox
from sendproof_simulators.services.xtremepush.project.profiles import (
    EXECUTE_SUBSCRIPTION_NAMES,
    Profile,
    RowReader,
    checked_user_id,
)
from sendproof_simulators.services.xtremepush.project.segments import is_outside_segment
from sendproof_simulators.services.xtremepush.project.suppression import is_suppressed
from sendproof_simulators.services.xtremepush.state import NAME, State

_UPDATED = ("email", "email_subscription", "mobile_number")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequest:
    """A valid call to execute a campaign.

    `targets` are identifiers, each with its own variables. They are user ids if `by_user`, otherwise profile ids.
    `creates_profiles` also updates existing ones. Other messages than SMS have a `heading`, and a
    `payload` for the app or website.
    """

    id: int
    campaign: int
    message: str = SMS
    heading: str = ""
    text: str
    payload: tuple[tuple[str, str], ...] = ()
    sender: str
    external_id: str
    params: Mapping[str, object]
    by_user: bool
    targets: Sequence[tuple[str, Mapping[str, object]]]
    creates_profiles: bool


def execute(context: SandboxContext, state: State, request: ExecutionRequest, now: Instant) -> Effects:
    """Send the text to every target that can get it, and store the execution."""
    run = _ExecutionRun(context, state, request, now)
    for identifier, params in request.targets:
        run.add_target(identifier, params)
    execution = run.execution
    ids = [execution.message_id(index) for index in execution.accepted]
    numbers = [run.outcome_number(index) for index in execution.accepted]
    execution.schedule = delivery_schedule(numbers, state.random.fractions(ids, NAME, "fate"), now, now)
    state.executions[execution.id] = execution
    early = apply_due_events(context, state, execution, now)
    return Effects(
        entries=(*_delivery_entries(execution), *run.rejections, *early.entries),
        timers=next_timer(execution),
        webhooks=tuple(sent_webhooks(context, state, execution)),
        before_response=early.webhooks,
    )


class _ExecutionRun:
    """One execution in progress: its accepted messages, and the rejections of the other targets."""

    def __init__(self, context: SandboxContext, state: State, request: ExecutionRequest, now: Instant) -> None:
        self.execution = Execution(
            id=request.id,
            campaign=request.campaign,
            sender=request.sender,
            external_id=request.external_id,
            send_at=now,
            message=request.message,
            payload=request.payload,
        )
        self.rejections: list[JournalEntry] = []
        self._context = context
        self._state = state
        self._request = request
        self._subscription_names = EXECUTE_SUBSCRIPTION_NAMES[context.dialects["subscription_name"]]
        self._is_html = request.message == EMAIL
        self._text = merge_text(mail_template(request.text) if self._is_html else request.text)
        self._heading = merge_text(request.heading)
        # Those that a reader does not see, such as in the address of a picture, need a value, too.
        self._unseen = set(merge_text(request.text).names).difference(self._text.names)
        # All targets share them, and a value can have megabytes.
        self._params = {name: plain_value(value) for name, value in request.params.items()} if self._has_names else {}
        self._missing = "" if context.dialects["missing_variable"] == "empty" else None

    def add_target(self, identifier: str, params: Mapping[str, object]) -> None:
        """Accept the message to a target, or reject it."""
        try:
            profile = self._profile(identifier, params)
        except ValueError as invalid:
            self._reject(identifier, "", "", str(invalid))
            return
        if profile is None:
            self._reject(identifier, "", "", "no profile is known by this id")
            return
        heading, text, error = self._merged_text(profile, params)
        if self._is_html:
            error = error or self._error_for_address(profile)
            self.execution.add_email(profile, heading, text, error)
        elif self._request.message == SMS:
            error = error or self._error_for_profile(profile)
            self.execution.add(profile, text, error)
        else:
            devices = self._state.profiles.devices(profile.user_id, self._request.message)
            error = error or self._error_for_devices(profile, devices)
            reached = tuple(device for device in devices if device.is_addressable)
            self.execution.add_push(profile, heading, text, reached, error)
        if error is not None:
            self._reject(identifier, self.execution.numbers[-1], text, error)

    @property
    def _has_names(self) -> bool:
        return bool(self._text.names or self._heading.names or self._unseen)

    def outcome_number(self, index: int) -> str:
        """Return the number that selects the outcome of the message at an index."""
        execution = self.execution
        if execution.message == SMS:
            return execution.numbers[index]
        return self._state.profiles.outcome_number(execution.profiles[index].user_id)

    def _profile(self, identifier: str, params: Mapping[str, object]) -> Profile | None:
        """Return the profile of a target, created or updated if the request requires it, or None if it is unknown."""
        profiles = self._state.profiles
        profile = profiles.by_user_id(identifier) if self._request.by_user else profiles.by_id(identifier)
        if not self._request.creates_profiles:
            return profile
        names = [name for name in params if name in _UPDATED or name in self._subscription_names]
        values = RowReader(names, self._subscription_names).read([params[name] for name in names])
        if profile is None and self._request.by_user:
            user_id = checked_user_id(identifier, self._state.limits.user_id_length)
            profile = profiles.get_or_create(user_id, self.execution.send_at)
        if profile is not None:
            profile.update(values)
        return profile

    def _merged_text(self, profile: Profile, params: Mapping[str, object]) -> tuple[str, str, str | None]:
        """Return heading and whole text with their variables filled in, and the error if that is not possible."""
        sources = (params, self._params, profile.attributes, profile.system_attributes()) if self._has_names else ()
        try:
            heading = self._heading.merge(sources, missing=self._missing)
            text = self._text.merge(sources, missing=self._missing, in_html=self._is_html)
            merge_names(self._unseen, sources, missing=self._missing)
        except MissingVariableError:
            source = shown_mail(self._text.source) if self._is_html else self._text.source
            return self._request.heading, whole_text(self._request.heading, source), NOT_PERSONALIZED
        if self._is_html:
            heading, text = " ".join(heading.split()), shown_mail(text)
        whole = shown_text(self._request.message, whole_text(heading, text))
        if len(whole) > LONGEST_TEXT:
            return heading, whole, TOO_LONG
        return heading, whole, None if text.strip() else NOT_PERSONALIZED

    def _error_for_devices(self, profile: Profile, devices: Sequence[Device]) -> str | None:
        """Return the reason why no device of a profile gets a message, or None."""
        message = self._request.message
        if message == INBOX:
            is_reachable = not needs_device_for_inbox(self._context) or self._state.profiles.has_inbox(profile.user_id)
        else:
            is_reachable = any(device.is_addressable for device in devices)
        if not is_reachable:
            return DEVICE_UNREGISTERED if devices else NO_DEVICE
        outcome = self._state.profiles.outcome_number(profile.user_id)
        return self._exclusion(profile, outcome, profile.is_subscribed(message))

    def _error_for_address(self, profile: Profile) -> str | None:
        """Return the reason why the address of a profile gets no e-mail, or None."""
        if read_address(profile.email) is None:
            return INVALID_ADDRESS if profile.email else NO_ADDRESS
        outcome = self._state.profiles.outcome_number(profile.user_id)
        return self._exclusion(profile, outcome, profile.email_subscription)

    def _error_for_profile(self, profile: Profile) -> str | None:
        """Return the reason why a profile gets no message, or None."""
        if not profile.mobile_number:
            return NO_NUMBER
        return self._exclusion(profile, profile.mobile_number, profile.sms_subscription)

    def _exclusion(self, profile: Profile, outcome_number: str, subscription: bool) -> str | None:  # noqa: FBT001
        """Return the reason why the project sends nothing to the address of a profile, or None."""
        if not subscription:
            return UNSUBSCRIBED
        if is_suppressed(self._context, self._state, profile):
            return SUPPRESSED
        if is_outside_segment(self._context, self._state.settings, self._request.campaign, profile.user_id):
            return OUTSIDE_SEGMENT
        outcome = outcome_for_number(outcome_number)
        # assumed: there is no queue that is full, because no document knows one. Such a message is accepted.
        if outcome is None or outcome.refusal in {None, QUEUE_FULL}:
            return None
        return UNSUBSCRIBED if outcome.refusal == OPTED_OUT else str(outcome.refusal).capitalize()

    def _reject(self, identifier: str, number: str, text: str, reason: str) -> None:
        customer = identifier if self._request.by_user else None
        message = self._request.message
        self.rejections.append(rejection_entry(number, text, reason, message=message, customer=customer))


def rejection_entry(  # noqa: PLR0913 - the fields of one entry
    number: str,
    text: str,
    reason: str,
    *,
    message: str | None,
    customer: str | None,
    code: int | None = None,
    whole_call: bool = False,
) -> JournalEntry:
    """Return the journal entry of a target that gets no text; `whole_call` if the call was refused for all targets.

    `message` is the type of the messages, or None for a call that names no campaign. SMS is not mentioned.
    """
    fields: dict[str, object] = {"service": NAME, "number": number, "text": text, "code": code, "reason": reason}
    fields |= {"message_type": message} if message not in {None, SMS} else {}
    fields |= {"customer": customer} if customer is not None else {}
    fields |= {"whole_call": True} if whole_call else {}
    return JournalEntry(kind="rejection", fields=fields)


def _delivery_entries(execution: Execution) -> Iterable[JournalEntry]:
    send_at = iso(execution.send_at)
    for index in execution.accepted:
        fields = {
            "service": NAME,
            "message": str(execution.message_id(index)),
            "batch": str(execution.id),
            "number": execution.numbers[index],
            "user": execution.profiles[index].user_id,
            "text": execution.texts[index],
            "sender": execution.sender,
            "custom": execution.external_id,
            "receipt_url": "",
            "send_at": send_at,
            "test": False,
            **_push_fields(execution, index),
        }
        yield JournalEntry(kind="delivery", fields=fields)


def _push_fields(execution: Execution, index: int) -> dict[str, object]:
    """Return what other messages than SMS have in addition: the type, a title, a payload, and the devices.

    No requirement is about the payload: Optimove gives a bridge nothing to put there, so anything is legitimate.
    """
    if execution.message == SMS:
        return {}
    heading = {"heading": execution.headings[index]} if execution.headings[index] else {}
    payload = {"payload": dict(execution.payload)} if execution.payload else {}
    devices = [{"platform": device.platform, "token": device.token} for device in execution.devices[index]]
    return {"message_type": execution.message, **heading, **payload, "devices": devices}
