"""Transitions of campaigns: scheduling, processing, holding, clearing, announcing, cancelling; and the nightly run."""

from dataclasses import replace

from sendproof_simulators.core.clock.wall_clock import DAY, Instant, iso
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer
from sendproof_simulators.core.plans import CampaignPlan
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove import events
from sendproof_simulators.services.optimove.campaigns import nightly_run
from sendproof_simulators.services.optimove.campaigns.campaign import CANCELLED, ON_HOLD, PLANNED, Campaign, check_plan
from sendproof_simulators.services.optimove.state import State

PROCESS, CLEAR, CANCEL = "process", "clear", "cancel"
NIGHT, NIGHT_PROCESSED, NIGHT_FINISHED = "night", "night_processed", "night_finished"


def schedule(context: SandboxContext, state: State, now: Instant, plan: CampaignPlan) -> Effects:
    """Add a campaign; raise `ValueError` if it is not possible."""
    check_plan(plan, context)
    if state.has_campaign_id(plan.campaign):
        raise ValueError(f"expected a campaign id that is not taken, got {plan.campaign}")
    _check_apps(state, plan)
    plan = _with_processing_time(context, state, plan, now)
    _check_clearance(plan)
    state.campaigns[plan.campaign] = Campaign(plan, context.random, context.audience.decided)
    timers = [] if plan.day is not None else [Timer(at=plan.announce_at, name=PROCESS, payload=plan.campaign)]
    if plan.cancel_at is not None:
        timers.append(Timer(at=max(now, plan.cancel_at), name=CANCEL, payload=plan.campaign))
    return Effects(timers=tuple(timers))


def _with_processing_time(context: SandboxContext, state: State, plan: CampaignPlan, now: Instant) -> CampaignPlan:
    """Return the plan with the instant of its processing, and with its day if a nightly run processes it."""
    if context.nightly_at is None:
        if plan.day is not None:
            raise ValueError("`day` needs a sandbox with a nightly run; give `announce_at` instead")
        return replace(plan, announce_at=max(now, plan.announce_at))
    day = nightly_run.processing_day(plan, context.nightly_at, state.last_night, now)
    return replace(plan, day=day, announce_at=day + context.nightly_at)


def _check_apps(state: State, plan: CampaignPlan) -> None:
    for part in plan.parts:
        known = state.apps[part.channel]
        if part.app is not None and part.app not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise ValueError(
                f"expected an app of channel {part.channel}, got {part.app}; the bridge has added: {listed}"
            )


def _check_clearance(plan: CampaignPlan) -> None:
    if plan.clearance_by is None:
        return
    if plan.clearance_by <= plan.announce_at:
        raise ValueError(
            f"expected a clearance after the campaign is processed at {iso(plan.announce_at)}, "
            f"got {iso(plan.clearance_by)}"
        )
    first = min(split.send_at for part in plan.parts for split in part.splits)
    if first < plan.clearance_by:
        raise ValueError(
            f"expected a clearance no later than the first send time {iso(first)}, got {iso(plan.clearance_by)}"
        )


def process(context: SandboxContext, state: State, campaign_id: int, now: Instant) -> Effects:
    """Announce a campaign, or put it on hold if it needs clearance. A cancelled campaign is skipped."""
    del context
    campaign = state.campaigns[campaign_id]
    if campaign.state == CANCELLED:
        return Effects()
    campaign.change_state("process")
    campaign.processed_at = now
    if campaign.clearance is None:
        return _announce(state, campaign, now)
    campaign.change_state("hold")
    required_by = campaign.clearance.required_by
    return Effects(
        entries=(campaign.clearance.journal_entry(campaign_id, "required"),),
        webhooks=tuple(events.hold_webhooks(state.options, state.listeners, campaign_id, required_by, now)),
        timers=(Timer(at=required_by, name=CLEAR, payload=campaign_id),),
    )


def end_clearance(context: SandboxContext, state: State, campaign_id: int, now: Instant) -> Effects:
    """Announce a campaign to its cleared customers at the end of its clearance."""
    del context
    campaign = state.campaigns[campaign_id]
    if campaign.state != ON_HOLD or campaign.clearance is None:
        return Effects()
    campaign.change_state("clear")
    campaign.customers = campaign.clearance.close(campaign.customers)
    announced = _announce(state, campaign, now)
    return replace(announced, entries=(campaign.clearance.journal_entry(campaign_id, "closed"),))


def _announce(state: State, campaign: Campaign, now: Instant) -> Effects:
    campaign.change_state("announce")
    campaign.announced_at = now
    campaign.changed_before = state.records.changed_at(now)
    processed = events.campaign_webhooks(state.options, state.listeners, events.CAMPAIGN_PROCESSED, campaign, now)
    executed = events.channel_webhooks(state.options, state.listeners, campaign, now)
    return Effects(webhooks=(*processed, *executed))


def cancel(context: SandboxContext, state: State, now: Instant, campaign_id: int) -> Effects:
    """Cancel a campaign; send event 4 if it was processed.

    Raise `KeyError` if it is unknown, and `ValueError` if it is already cancelled.
    """
    del context
    campaign = state.campaign_in_any_state(campaign_id)
    previous_state = campaign.state
    campaign.change_state("cancel")
    campaign.cancelled_at = now
    fields = {
        "campaign": campaign_id,
        "channels": list(campaign.executions),
        "previous_state": previous_state,
        "customers": len(campaign.customers),
    }
    webhooks = []
    if previous_state != PLANNED:
        webhooks = events.campaign_webhooks(state.options, state.listeners, events.CAMPAIGN_CANCELLED, campaign, now)
    return Effects(entries=(JournalEntry(kind="cancelled", fields=fields),), webhooks=tuple(webhooks))


def cancel_as_planned(context: SandboxContext, state: State, campaign_id: int, now: Instant) -> Effects:
    """Cancel a campaign at its planned instant, unless it was cancelled earlier."""
    is_cancelled = state.campaigns[campaign_id].state == CANCELLED
    return Effects() if is_cancelled else cancel(context, state, now, campaign_id)


def begin(context: SandboxContext, state: State, now: Instant) -> Effects:
    """Set the timer of the first night, if the sandbox has nightly runs."""
    del state
    if context.nightly_at is None:
        return Effects()
    return Effects(timers=(_night_timer(nightly_run.next_run(context.nightly_at, now)),))


def run_night(context: SandboxContext, state: State, day: Instant, now: Instant) -> Effects:
    """Process all campaigns of the day, and set the timers of events 2 and 3 and of the next night."""
    state.last_night = day
    campaigns = sorted(id_ for id_, campaign in state.campaigns.items() if campaign.plan.day == day)
    effects = [process(context, state, campaign_id, now) for campaign_id in campaigns]
    processed_at = now + nightly_run.PROCESSING_MS
    return Effects(
        entries=tuple(entry for effect in effects for entry in effect.entries),
        webhooks=tuple(webhook for effect in effects for webhook in effect.webhooks),
        timers=(
            *(timer for effect in effects for timer in effect.timers),
            Timer(at=processed_at, name=NIGHT_PROCESSED, payload=day),
            Timer(at=processed_at + nightly_run.FINISHING_MS, name=NIGHT_FINISHED, payload=day),
            _night_timer(now + DAY),
        ),
    )


def announce_all_processed(context: SandboxContext, state: State, day: Instant, now: Instant) -> Effects:
    """Send event 2."""
    del context, day
    return Effects(webhooks=tuple(events.night_webhooks(state.options, state.listeners, events.ALL_PROCESSED, now)))


def announce_night_finished(context: SandboxContext, state: State, day: Instant, now: Instant) -> Effects:
    """Send event 3."""
    del context, day
    return Effects(webhooks=tuple(events.night_webhooks(state.options, state.listeners, events.NIGHT_FINISHED, now)))


def _night_timer(at: Instant) -> Timer:
    return Timer(at=at, name=NIGHT, payload=nightly_run.start_of_day(at))
