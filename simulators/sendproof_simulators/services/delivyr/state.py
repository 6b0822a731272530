"""Everything that one account of the simulated Delivyr holds."""

from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.messaging.lifecycle import PENDING, DeliverySchedule
from sendproof_simulators.core.messaging.opt_outs import OptOuts
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext, Template

NAME = "delivyr"
KEY, ACCOUNT = "api_key", "account_id"


@dataclass(slots=True, kw_only=True)
class Message:
    """One entry of the Message Log.

    `phone_number` is as it was given, `number` its digits with country code (None when it is no number). `state` is as
    `core/messages.py` names states; `rejected` is the code of a rejection, and `due` of one that is still to come.
    """

    id: str
    place: int
    phone_number: str
    number: str | None
    template: str
    text: str
    url: str | None
    link: str | None
    testing: bool
    created_at: Instant
    updated_at: Instant
    state: str = PENDING
    due: str | None = None
    rejected: str | None = None
    clicks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """What the account's owner sets for its Optimove integration.

    Testing is on at first. `attributes` begin with the phone number. `overrides` is JSONata over the event.
    documented: https://docs.delivyr.net/docs/optimove
    """

    testing: bool = True
    attributes: tuple[str, ...] = ("PHONENUMBER",)
    overrides: str | None = None
    default_url: str | None = None


@dataclass(slots=True, kw_only=True)
class State:
    """One account. `log` is the Message Log, oldest first; `urls` are the redirect links of templates."""

    random: KeyedRandom
    opt_outs: OptOuts
    templates: dict[str, Template] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    log: list[Message] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    schedules: dict[str, DeliverySchedule] = field(default_factory=dict)
    integration: Integration = Integration()
    webhook_url: str | None = None


def new_state(context: SandboxContext) -> State:
    """An account as it is at the start: no templates, the audience's opt-outs."""
    return State(random=context.random, opt_outs=OptOuts(NAME, context.audience.opt_outs))
