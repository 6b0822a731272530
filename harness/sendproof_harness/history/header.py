"""The first line of a history: what was run, where, and with which faults; and the lines of the faults."""

from typing import Any, Literal

import msgspec

from sendproof_harness.history.record import Record
from sendproof_harness.history.timestamps import Instant


class Channel(msgspec.Struct, frozen=True):
    """One channel of the sandbox: its number in Optimove, and the provider that carries its messages.

    In a channel in testing mode, no message may reach a customer and nothing may be reported. With `recipients`
    customer_ids, the bridge gives the provider templates and groups of customer ids, and no texts. `message` is the
    type of its messages: sms, push, web_push or inbox.
    """

    id: int
    provider: str
    kind: str
    testing: bool = False
    recipients: Literal["numbers", "customer_ids"] = "numbers"
    message: str = "sms"


class ClockFacts(msgspec.Struct, frozen=True):
    """How time passed: `virtual` or `real`, and the participants of a virtual clock."""

    mode: Literal["virtual", "real"]
    start: Instant | None = None
    rate: float | None = None
    participants: tuple[str, ...] = ()


#: Between the operations of a fault.
OR_OPERATION = "|"


class FaultEntry(msgspec.Struct, frozen=True):
    """A fault of the run: on a call (`optimove.GetCustomers`) or a webhook (`optimove.13`), counted from `nth`.

    `call` may name several operations (`SERVICE.ONE|OTHER`), among which a bridge chooses. `down` of a kill is in
    milliseconds of the sandbox's clock, `retry_after` of a response in seconds.
    """

    id: str
    fault: str
    call: str | None = None
    webhook: str | None = None
    where: dict[str, str] = {}
    nth: int = 1
    times: int | Literal["all"] = 1
    when: Literal["before", "after"] = "before"
    down: int = 0
    retry_after: int | None = None

    @property
    def place(self) -> str:
        """The position in words: `SERVICE.ONE or OTHER`."""
        return (self.call or self.webhook or "").replace(OR_OPERATION, " or ")

    def includes(self, service: str, operation: str | None) -> bool:
        """Return True if the fault is on a call of this operation."""
        own_service, _, names = (self.call or "").partition(".")
        return service == own_service and operation in names.split(OR_OPERATION)


class Fault(Record, frozen=True, gc=False, tag="fault"):
    """An injection: a fault of the header acted on a call or a webhook, the `nth` that matched.

    The next line is the line of that call or webhook. An injection is `missed` when the bridge was not killed as the
    fault required: the call or webhook then continued as usual.

    A kill at a call or webhook of another client of the same bridge has an id such as `SANDBOX/f1`, and no line after
    it. As the header does not list it, it has the downtime itself: `down`, in milliseconds.
    """

    id: str
    fault: str
    target: Literal["call", "webhook"]
    service: str
    name: str
    nth: int
    when: Literal["before", "after"]
    missed: bool = False
    down: int = 0

    @property
    def is_elsewhere(self) -> bool:
        """True if the call or webhook was another client's."""
        return "/" in self.id

    @property
    def shown_id(self) -> str:
        """The id without the name of the other sandbox, which another run of the same scenario may not have."""
        return f"{self.id.rpartition('/')[2]} of another client" if self.is_elsewhere else self.id


class SpecialAttributes(msgspec.Struct, frozen=True):
    """The client's names of the attributes with the phone number and with the consent.

    Those with the consent to push notifications and with the token of a device are None for a client without an app,
    that with the consent to web push notifications for one without a website, and those with the e-mail address and the
    consent to e-mails for one without e-mails.
    """

    phone: str = "PHONENUMBER"
    consent: str = "SMS_OPT_IN"
    push_consent: str | None = None
    push_token: str | None = None
    email: str | None = None
    email_consent: str | None = None
    web_push_consent: str | None = None


class Header(msgspec.Struct, frozen=True, tag_field="kind", tag="history"):
    """The first line. `ended` is the virtual time at which the history was read from the simulators.

    `sendproof` is the version of the simulators, `contracts` the SHA-256 of each service's contract. `user_agents` are
    the names and versions that the bridge gave itself in its requests, at most ten.

    `audience` is the recipe of the customers, as the control API takes it, without its defaults.

    `dialects` are the non-default options, by the full name of the dialect (`optimove.metric_values`).
    """

    version: int
    sandbox: str
    seed: int
    clock: ClockFacts
    services: dict[str, str]
    channels: tuple[Channel, ...]
    ended: Instant
    dialects: dict[str, str] = {}
    faults: tuple[FaultEntry, ...] = ()
    sendproof: str = ""
    contracts: dict[str, str] = {}
    user_agents: tuple[str, ...] = ()
    attributes: SpecialAttributes = SpecialAttributes()
    audience: dict[str, Any] = {}
