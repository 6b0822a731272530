"""Everything that one account of the simulated Textlocal holds."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from sendproof_simulators.core.messaging.opt_outs import OptOuts
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext, Template
from sendproof_simulators.services.textlocal.account.contacts import Contacts
from sendproof_simulators.services.textlocal.commands.inboxes import Inbox
from sendproof_simulators.services.textlocal.messages.id_ranges import Identities
from sendproof_simulators.services.textlocal.messages.message_store import Book

NAME = "textlocal"
# Enough for a million recipients a hundred times over: running out is not what most sandboxes are for. assumed
STARTING_CREDITS = 100_000_000
# documented for India; the account's own choice elsewhere.
DEFAULT_SENDER = "TXTLCL"


class Translations(msgspec.Struct, forbid_unknown_fields=True):
    """The texts of a multi-lingual template: which attribute chooses, and the template for each of its values."""

    field: str
    templates: dict[str, int]


class AccountSettings(msgspec.Struct, forbid_unknown_fields=True):
    """What the user sets. An empty default sender is none at all."""

    receipt_url: str = ""
    inbound_url: str = ""
    default_sender: str = DEFAULT_SENDER
    sender_names: list[str] = msgspec.field(default_factory=lambda: [DEFAULT_SENDER])
    keywords: list[str] = []
    translations: dict[int, Translations] = {}


@dataclass(slots=True, kw_only=True)
class State:
    """`titles` counts the templates ever made under a title; `queued` are numbers whose queue was full once."""

    random: KeyedRandom
    contacts: Contacts
    identities: Identities
    book: Book = field(default_factory=Book)
    inbox: Inbox = field(default_factory=Inbox)
    settings: AccountSettings = field(default_factory=AccountSettings)
    templates: dict[int, Template] = field(default_factory=dict)
    titles: Counter[str] = field(default_factory=Counter)
    queued: set[str] = field(default_factory=set)
    credits: int = STARTING_CREDITS


def new_state(context: SandboxContext) -> State:
    """An account as it is at the start: credits, no templates, the audience's opt-outs."""
    return State(
        random=context.random,
        contacts=Contacts(context.random, OptOuts(NAME, context.audience.opt_outs)),
        identities=Identities(context.random),
    )
