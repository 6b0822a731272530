"""The state of one account of the simulated Textlocal."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from sendproof_simulators.core.messaging.opt_outs import OptOuts
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext, Template
from sendproof_simulators.services.textlocal.account.contacts import Contacts
from sendproof_simulators.services.textlocal.account.inbox import Inbox
from sendproof_simulators.services.textlocal.messages.id_ranges import CallIdentities
from sendproof_simulators.services.textlocal.messages.message_store import MessageStore

NAME = "textlocal"
# Enough for a million recipients a hundred times over: most sandboxes do not test running out of credits. assumed
STARTING_CREDITS = 100_000_000
# documented for India; elsewhere the account chooses it.
DEFAULT_SENDER = "TXTLCL"


class Translations(msgspec.Struct, forbid_unknown_fields=True):
    """The translations of a template: the attribute that chooses, and the template for each of its values."""

    field: str
    templates: dict[str, int]


class CustomerImport(msgspec.Struct, forbid_unknown_fields=True):
    """The client's daily import of its customers.

    `at` is its time of day in UTC; if empty, every change is imported at once. `first_known` has the day of the first
    import of customers who joined later, by customer id.
    """

    at: Annotated[str, msgspec.Meta(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = ""
    first_known: dict[str, Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]] = {}


class AccountSettings(msgspec.Struct, forbid_unknown_fields=True):
    """The settings of an account. An empty default sender means that it has none."""

    receipt_url: str = ""
    inbound_url: str = ""
    default_sender: str = DEFAULT_SENDER
    sender_names: list[str] = msgspec.field(default_factory=lambda: [DEFAULT_SENDER])
    keywords: list[str] = []
    translations: dict[int, Translations] = {}
    customer_import: CustomerImport = msgspec.field(default_factory=CustomerImport)


@dataclass(slots=True, kw_only=True)
class State:
    """One account.

    `title_counts` counts the templates ever created with a title. `refused_once` are the numbers whose full queue has
    refused a call already.
    """

    random: KeyedRandom
    contacts: Contacts
    identities: CallIdentities
    store: MessageStore = field(default_factory=MessageStore)
    inbox: Inbox = field(default_factory=Inbox)
    settings: AccountSettings = field(default_factory=AccountSettings)
    templates: dict[int, Template] = field(default_factory=dict)
    title_counts: Counter[str] = field(default_factory=Counter)
    refused_once: set[str] = field(default_factory=set)
    credits: int = STARTING_CREDITS


def new_state(context: SandboxContext) -> State:
    """Return a new account: full credits, no templates, and the audience's opt-outs."""
    return State(
        random=context.random,
        contacts=Contacts(context.random, OptOuts(NAME, context.audience.provider_opt_outs)),
        identities=CallIdentities(context.random),
    )
