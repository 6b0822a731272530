"""Everything that one account of the simulated Textlocal holds."""

from collections import Counter
from dataclasses import dataclass, field

from sendproof_simulators.core.chance import Chance
from sendproof_simulators.provider import Template, World
from sendproof_simulators.textlocal.blocks import Identities
from sendproof_simulators.textlocal.contacts import Contacts
from sendproof_simulators.textlocal.messages import Book

NAME = "textlocal"
# Enough for a million recipients a hundred times over: running out is not what most sandboxes are for. assumed
STARTING_CREDITS = 100_000_000


@dataclass(slots=True, kw_only=True)
class State:
    """`titles` counts the templates ever made under a title."""

    chance: Chance
    contacts: Contacts
    identities: Identities
    book: Book = field(default_factory=Book)
    templates: dict[int, Template] = field(default_factory=dict)
    titles: Counter[str] = field(default_factory=Counter)
    credits: int = STARTING_CREDITS


def new_state(world: World) -> State:
    """An account as it is at the start: credits, no templates, the audience's opt-outs."""
    return State(
        chance=world.chance,
        contacts=Contacts(world.chance, world.audience.optouts),
        identities=Identities(world.chance),
    )
