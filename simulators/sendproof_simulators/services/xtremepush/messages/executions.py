"""The result of an execution for each of its targets: an accepted message, or the reason why it is missing.

documented: the fields of a row of list/push-devices, and the error texts `Not personalized` and
`DEVICE_UNREGISTERED`, https://docs.xtremepush.com/reference/push-list-device. observed: the fields of a row of
list/message, in a TypeScript client that reads Xtremepush reports. assumed: the other error texts, and that times are
Unix times.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sendproof_simulators.core.audience.devices import Device
from sendproof_simulators.core.clock.wall_clock import SECOND, Instant
from sendproof_simulators.core.messaging.addresses import read_address
from sendproof_simulators.core.messaging.delivery_outcomes import DELIVERED, EXPIRED, INVALID, UNDELIVERED
from sendproof_simulators.core.messaging.lifecycle import PENDING, DeliverySchedule
from sendproof_simulators.core.messaging.message_types import EMAIL, INBOX, SMS
from sendproof_simulators.core.messaging.sms import count_parts
from sendproof_simulators.core.simulator import MessageStatus
from sendproof_simulators.services.xtremepush.ids import MAX_MESSAGES
from sendproof_simulators.services.xtremepush.project.campaigns import CONTENT_TYPES, PUSH_TYPES
from sendproof_simulators.services.xtremepush.project.profiles import Profile

# Why there is no message, in the words of list/message and list/push-devices.
NOT_PERSONALIZED = "Not personalized"
TOO_LONG = "Text too long"
NO_NUMBER = "No mobile number"
NO_ADDRESS, INVALID_ADDRESS = "No email address", "Invalid email address"
UNSUBSCRIBED = "Unsubscribed"
SUPPRESSED = "Suppressed"
OUTSIDE_SEGMENT = "Outside the segment"
# Why a sent message did not arrive.
FAILURES: Mapping[str, str] = {
    UNDELIVERED: "Undelivered",
    EXPIRED: "Expired",
    INVALID: "DEVICE_UNREGISTERED",
}

#: The same for e-mails: an address that does not exist, and a mailbox that accepts nothing.
BOUNCES: Mapping[str, str] = {UNDELIVERED: "Soft bounce", EXPIRED: "Soft bounce", INVALID: "Hard bounce"}

SMS_TYPE = 9
NO_DEVICE, DEVICE_UNREGISTERED = "No device", "DEVICE_UNREGISTERED"
# Hexadecimal digits of a token that make the id of its device, which fits into 32 bits.
_DEVICE_ID_DIGITS = 7


@dataclass(slots=True, kw_only=True)
class Execution:
    """One execution of a campaign, which the API calls an action. Its messages are columns, as there are many.

    A message has the index of its target. `errors` are the reasons for targets without a message, by index. `accepted`
    are the indexes of the others; `schedule` has their coming events, by position in `accepted`.

    `numbers` are the addresses: mobile numbers, e-mail addresses, or for other messages the users. All but an SMS have
    `headings`, and `devices`, which are none for the inbox and for e-mails.
    """

    id: int
    campaign: int
    sender: str
    external_id: str
    send_at: Instant
    profiles: list[Profile] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    message: str = SMS
    headings: list[str] = field(default_factory=list)
    devices: list[tuple[Device, ...]] = field(default_factory=list)
    payload: tuple[tuple[str, str], ...] = ()
    first_clicks: dict[int, Instant] = field(default_factory=dict)
    first_opens: dict[int, Instant] = field(default_factory=dict)
    accepted: list[int] = field(default_factory=list)
    schedule: DeliverySchedule = field(default_factory=DeliverySchedule)

    def add(self, profile: Profile, text: str, error: str | None) -> None:
        """Add a target with a known profile. `error` is the reason why it gets no message."""
        index = len(self.profiles)
        self.profiles.append(profile)
        self.numbers.append(profile.mobile_number)
        self.texts.append(text)
        self.states.append(PENDING)
        if error is None:
            self.accepted.append(index)
        else:
            self.errors[index] = error

    def add_push(
        self, profile: Profile, heading: str, text: str, devices: tuple[Device, ...], error: str | None
    ) -> None:
        """Add a target of a message with a title, with the devices that it goes to."""
        self.add(profile, text, error)
        self.numbers[-1] = profile.user_id
        self.headings.append(heading)
        self.devices.append(devices)

    def add_email(self, profile: Profile, heading: str, text: str, error: str | None) -> None:
        """Add a target of an e-mail, whose `text` is what a mail client shows."""
        self.add_push(profile, heading, text, (), error)
        self.numbers[-1] = read_address(profile.email) or profile.email

    def message_type(self, index: int) -> int:
        """Return the type of the message at an index, as webhooks give it: that of a push depends on the platform."""
        if self.message == SMS:
            return SMS_TYPE
        devices = self.devices[index]
        return int(PUSH_TYPES[devices[0].platform] if devices else CONTENT_TYPES[self.message][0])

    def message_id(self, index: int) -> int:
        """Return the id of the message at an index."""
        return self.id * MAX_MESSAGES + index

    def error_of(self, index: int) -> str:
        """Return why the message at an index was not sent or did not arrive, or ""."""
        return self.errors.get(index) or self.failure(self.states[index])

    def failure(self, state: str) -> str:
        """Return why a message in this state did not arrive, or ""."""
        return (BOUNCES if self.message == EMAIL else FAILURES).get(state, "")

    def rows(self) -> Iterator[dict[str, object]]:
        """Yield a row of list/message for each target."""
        created = self.send_at // SECOND
        for index, (profile, state) in enumerate(zip(self.profiles, self.states, strict=True)):
            error, clicked = self.error_of(index), self.first_clicks.get(index)
            opened = self.first_opens.get(index)
            yield {
                "id": self.message_id(index),
                "campaign_id": self.campaign,
                "user_id": profile.user_id,
                "profile_id": profile.id,
                "create_time": created,
                "message_type_name": self.message,
                "delivery": int(state == DELIVERED),
                "open": int(opened is not None),
                "click": int(clicked is not None),
                "error": int(bool(error)),
                "error_message": error,
                "open_time": None if opened is None else opened // SECOND,
                "click_time": None if clicked is None else clicked // SECOND,
                "status": "failed" if error else state,
            }

    def device_rows(self) -> Iterator[dict[str, object]]:
        """Yield a row of list/push-devices for each device of each target; others than push have the profile."""
        for index, profile in enumerate(self.profiles):
            error = self.error_of(index)
            devices = [profile.id]
            if self.message not in {SMS, INBOX, EMAIL}:
                devices = [int(device.token[:_DEVICE_ID_DIGITS], 16) for device in self.devices[index]]
            for device_id in devices:
                yield {
                    "action_id": self.id,
                    "campaign_id": self.campaign,
                    "create_time": self.send_at // SECOND,
                    "device_id": device_id,
                    "error": int(bool(error)),
                    "error_message": error,
                }


def message_status(executions: Mapping[int, Execution], message: str, now: Instant) -> MessageStatus | None:
    """Return what the project knows about a message by its id, or None."""
    del now
    id_, index = divmod(int(message), MAX_MESSAGES) if message.isdecimal() else (0, 0)
    execution = executions.get(id_)
    if execution is None or index >= len(execution.states):
        return None
    if execution.message != SMS:
        return MessageStatus(
            state=execution.states[index],
            parts=len(execution.devices[index]) or 1,
            encoding="",
            customer=execution.profiles[index].user_id,
        )
    parts = count_parts(execution.texts[index])
    return MessageStatus(
        state=execution.states[index],
        parts=parts.parts,
        encoding=parts.encoding,
        customer=execution.profiles[index].user_id or None,
    )


_SAMPLE = Execution(id=0, campaign=0, sender="", external_id="", send_at=0)
_SAMPLE.add(Profile(id=0, user_id="", created=0), "", None)
ROW_FIELDS = tuple(next(_SAMPLE.rows()))
DEVICE_FIELDS = tuple(next(_SAMPLE.device_rows()))
