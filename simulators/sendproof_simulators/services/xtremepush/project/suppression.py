"""The suppression attribute: it excludes profiles from every campaign.

documented, in Xtremepush's page on its Optimove integration: one attribute can be fetched from Optimove once a day, so
that no excluded user gets a message by accident; Optimove must have registered it, or the sync fails. assumed: the
hour, the excluding values, that the simulator itself leaves out the excluded profiles, and that a profile which is
created later gets the value of the last sync.
"""

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, Instant
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.xtremepush.personalization import plain_value
from sendproof_simulators.services.xtremepush.project.profiles import Profile
from sendproof_simulators.services.xtremepush.state import NAME, State, Sync

TIMER = "suppression"


def is_suppressed(context: SandboxContext, state: State, profile: Profile) -> bool:
    """Return True if the attribute excludes a profile: by its own value, or by that of the last sync."""
    suppression = state.settings.suppression
    if suppression is None:
        return False
    if suppression.attribute in profile.attributes:
        return plain_value(profile.attributes[suppression.attribute]) in suppression.excluded
    index = context.customers.index_of(profile.user_id)
    return index is not None and is_excluded_by_sync(context, state, index, None)


def is_excluded_by_sync(context: SandboxContext, state: State, customer: int, at: Instant | None) -> bool:
    """Return True if the last sync by `at` (None: of all) fetched a value that excludes a customer."""
    syncs = [sync for sync in state.syncs if at is None or sync.at <= at]
    if not syncs or syncs[-1].suppression is None:
        return False
    last, suppression = syncs[-1], syncs[-1].suppression
    return plain_value(context.customers.value(customer, suppression.attribute, last.at)) in suppression.excluded


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
    is_registered = context.customers.is_registered(name)
    profiles = _fetch_attribute(context, state, name, now) if is_registered else 0
    if is_registered:
        state.syncs.append(Sync(now, suppression))
    error = None if is_registered else f"Optimove has not registered the attribute {name}"
    fields = {"service": NAME, "attribute": name, "profiles": profiles, "error": error}
    return Effects(entries=(JournalEntry(kind="attribute_sync", fields=fields),), timers=next_sync(state, now))


def _fetch_attribute(context: SandboxContext, state: State, name: str, now: Instant) -> int:
    """Set the attribute of all known customers; return their number."""
    fetched = 0
    for profile in state.profiles:
        index = context.customers.index_of(profile.user_id)
        if index is not None:
            (profile.attributes[name],) = context.customers.as_of(now).values(index, (name,))
            fetched += 1
    return fetched
