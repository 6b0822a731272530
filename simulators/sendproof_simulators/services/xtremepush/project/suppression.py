"""The suppression attribute: it excludes profiles from every campaign.

documented, in Xtremepush's page on its Optimove integration: one attribute can be fetched from Optimove once a day, so
that no excluded user gets a message by accident; Optimove must have registered it, or the sync fails. assumed: the
hour, the excluding values, and that the simulator itself leaves out the excluded profiles. The values come from the
sandbox's audience.
"""

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, Instant
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.xtremepush.personalization import plain_value
from sendproof_simulators.services.xtremepush.project.profiles import Profile
from sendproof_simulators.services.xtremepush.project.settings import Suppression
from sendproof_simulators.services.xtremepush.state import NAME, State

TIMER = "suppression"


def is_suppressed(suppression: Suppression | None, profile: Profile) -> bool:
    """Return True if the attribute excludes a profile."""
    if suppression is None or suppression.attribute not in profile.attributes:
        return False
    return plain_value(profile.attributes[suppression.attribute]) in suppression.excluded


def next_sync(state: State, now: Instant) -> tuple[Timer, ...]:
    """Return the timer for the next sync, if there is one. New settings make it void."""
    suppression = state.settings.suppression
    if suppression is None or suppression.daily_at is None:
        return ()
    hours, minutes = map(int, suppression.daily_at.split(":"))
    today = now - now % DAY + hours * HOUR + minutes * MINUTE
    return (Timer(at=today if today > now else today + DAY, name=TIMER, payload=state.settings_version),)


def sync(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    """Fetch the attribute for every profile of a customer in Optimove."""
    suppression = state.settings.suppression
    if suppression is None or timer.payload != state.settings_version:
        return Effects()
    name = suppression.attribute
    registered = name in context.audience.attribute_names
    profiles = _fetch_attribute(context, state, name) if registered else 0
    error = None if registered else f"Optimove has not registered the attribute {name}"
    fields = {"service": NAME, "attribute": name, "profiles": profiles, "error": error}
    return Effects(entries=(JournalEntry(kind="attribute_sync", fields=fields),), timers=next_sync(state, now))


def _fetch_attribute(context: SandboxContext, state: State, name: str) -> int:
    """Set the attribute of all known customers; return their number."""
    fetched = 0
    for profile in state.profiles:
        index = context.audience.index_of(profile.user_id)
        if index is not None:
            (profile.attributes[name],) = context.audience.values(index, (name,))
            fetched += 1
    return fetched
