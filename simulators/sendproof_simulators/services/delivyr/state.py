"""The state of one account of the simulated Delivyr."""

from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.messaging.lifecycle import PENDING, DeliverySchedule
from sendproof_simulators.core.messaging.opt_outs import OptOuts
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext, Template
from sendproof_simulators.services.delivyr.limits import DelivyrLimits

NAME = "delivyr"
KEY, ACCOUNT = "api_key", "account_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierUrl:
    """A redirect URL that a template had until an instant, when it got another one or none."""

    url: str
    until: Instant


@dataclass(slots=True, kw_only=True)
class Message:
    """One entry of the Message Log, at `index`.

    `phone_number` is as the caller spelled it, `number` its digits with country code (None if it is no number). `state`
    is a state of `core/messaging/lifecycle.py`. `rejected` is the code of the rejection, `pending_rejection` that of a
    scheduled rejection. `template_url` is the template's own redirect URL, and `earlier_template_urls`
    are those that it had before.
    """

    id: str
    index: int
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
    pending_rejection: str | None = None
    rejected: str | None = None
    clicks: int = 0
    template_url: str | None = None
    earlier_template_urls: tuple[EarlierUrl, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """The settings of the Optimove integration.

    Testing is on at first. `attributes` begin with the phone number. `overrides` is JSONata over the event.
    documented: https://docs.delivyr.net/docs/optimove
    """

    testing: bool = True
    attributes: tuple[str, ...] = ("PHONENUMBER",)
    overrides: str | None = None
    default_url: str | None = None


@dataclass(slots=True, kw_only=True)
class State:
    """One account.

    `log` is the Message Log, oldest first; `messages` has the same entries by id. `template_urls` are the redirect URLs
    of templates, and `earlier_urls` those that they had before. `schedules` are the coming events of messages, by
    message id. `refused_once` are the numbers whose full queue has refused a call.
    """

    random: KeyedRandom
    opt_outs: OptOuts
    limits: DelivyrLimits
    templates: dict[str, Template] = field(default_factory=dict)
    template_urls: dict[str, str] = field(default_factory=dict)
    earlier_urls: dict[str, tuple[EarlierUrl, ...]] = field(default_factory=dict)
    log: list[Message] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    schedules: dict[str, DeliverySchedule] = field(default_factory=dict)
    refused_once: set[str | None] = field(default_factory=set)
    integration: Integration = Integration()
    webhook_url: str | None = None
    other_messages: bool = False


def new_state(context: SandboxContext) -> State:
    """Return a new account: no templates, and the audience's opt-outs."""
    opt_outs = OptOuts(NAME, context.audience.provider_opt_outs)
    integration = Integration(attributes=(context.audience.phone_attribute,))
    return State(random=context.random, opt_outs=opt_outs, integration=integration, limits=context.limits)
