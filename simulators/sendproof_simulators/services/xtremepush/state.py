"""The state of one project of the simulated Xtremepush."""

from dataclasses import dataclass, field
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.xtremepush.ids import Ids
from sendproof_simulators.services.xtremepush.limits import XtremepushLimits
from sendproof_simulators.services.xtremepush.messages.executions import Execution
from sendproof_simulators.services.xtremepush.project.campaigns import Campaign
from sendproof_simulators.services.xtremepush.project.profiles import AppUsers, Profiles
from sendproof_simulators.services.xtremepush.project.settings import ProjectSettings, Suppression
from sendproof_simulators.services.xtremepush.project.tasks import Task

NAME = "xtremepush"


class Sync(NamedTuple):
    """One fetch of the suppression attribute; with None, new settings make the earlier ones void."""

    at: Instant
    suppression: Suppression | None


@dataclass(slots=True, kw_only=True)
class State:
    """One project: its campaigns, executions and tasks by id. `settings_version` counts the changes of settings.

    `syncs` are the successful ones of the suppression attribute, in order.
    """

    random: KeyedRandom
    ids: Ids
    profiles: Profiles
    limits: XtremepushLimits
    settings: ProjectSettings = field(default_factory=ProjectSettings)
    settings_version: int = 0
    campaigns: dict[int, Campaign] = field(default_factory=dict)
    executions: dict[int, Execution] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    syncs: list[Sync] = field(default_factory=list)


def new_state(context: SandboxContext) -> State:
    """Return a new project. It knows the customers who unsubscribed before or have the app; a bridge imports others."""
    audience = context.audience
    profiles = Profiles(context.random, audience.provider_opt_outs, AppUsers(audience))
    return State(random=context.random, ids=Ids(context.random), profiles=profiles, limits=context.limits)
