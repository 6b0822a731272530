"""Everything that one project of the simulated Xtremepush holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.xtremepush.ids import Ids
from sendproof_simulators.services.xtremepush.project.profiles import Profiles
from sendproof_simulators.services.xtremepush.project.settings import ProjectSettings

if TYPE_CHECKING:
    from sendproof_simulators.services.xtremepush.messages.executions import Action
    from sendproof_simulators.services.xtremepush.methods.campaigns import Campaign
    from sendproof_simulators.services.xtremepush.methods.tasks import Task

NAME = "xtremepush"


@dataclass(slots=True, kw_only=True)
class State:
    """By id: campaigns, their executions (actions), tasks. `settings_made` counts how often the settings were made."""

    random: KeyedRandom
    ids: Ids
    profiles: Profiles
    settings: ProjectSettings = field(default_factory=ProjectSettings)
    settings_made: int = 0
    campaigns: dict[int, Campaign] = field(default_factory=dict)
    actions: dict[int, Action] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)


def new_state(context: SandboxContext) -> State:
    """A project as it is at the start: empty."""
    return State(random=context.random, ids=Ids(context.random), profiles=Profiles(context.random))
