"""What happens to a campaign at its instants: it is planned, processed, put on hold, cleared, announced, cancelled."""

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


def plan(context: SandboxContext, state: State, now: Instant, plan: CampaignPlan) -> Effects:
    """Take a campaign in; `ValueError` says why not."""
    check_plan(plan, context)
    if state.is_taken(plan.campaign):
        raise ValueError(f"expected a campaign id that is not taken, got {plan.campaign}")
    plan = _with_instant(context, state, plan, now)
    _check_clearance(plan)
    state.campaigns[plan.campaign] = Campaign(plan, context.random)
    timers = [] if plan.day is not None else [Timer(at=plan.announce_at, name=PROCESS, payload=plan.campaign)]
    if plan.cancel_at is not None:
        timers.append(Timer(at=max(now, plan.cancel_at), name=CANCEL, payload=plan.campaign))
    return Effects(timers=tuple(timers))


def _with_instant(context: SandboxContext, state: State, plan: CampaignPlan, now: Instant) -> CampaignPlan:
    """The plan with the instant at which it will be processed, and with its day if a nightly process does that."""
    if context.nightly_at is None:
        if plan.day is not None:
            raise ValueError("`day` is for sandboxes with a nightly process; give `announce_at`")
        return replace(plan, announce_at=max(now, plan.announce_at))
    day = nightly_run.day_of(plan, context.nightly_at, state.last_night, now)
    return replace(plan, day=day, announce_at=day + context.nightly_at)


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
        raise ValueError(f"expected a clearance before anything is due, {iso(first)}, got {iso(plan.clearance_by)}")


def process(context: SandboxContext, state: State, campaign_id: int, now: Instant) -> Effects:
    """Announce a campaign, or put it on hold when it needs clearance. One that was cancelled before is left alone."""
    campaign = state.campaigns[campaign_id]
    if campaign.state == CANCELLED:
        return Effects()
    campaign.step("process")
    campaign.processed_at = now
    if campaign.clearance is None:
        return _announce(context, state, campaign, now)
    campaign.step("hold")
    by = campaign.clearance.by
    webhooks = events.of_hold(context, state.listeners, campaign_id, by, now)
    entries = (campaign.clearance.entry(campaign_id, "required"),)
    return Effects(entries=entries, webhooks=tuple(webhooks), timers=(Timer(at=by, name=CLEAR, payload=campaign_id),))


def clear(context: SandboxContext, state: State, campaign_id: int, now: Instant) -> Effects:
    """The clearance is over: announce the campaign to those who were cleared."""
    campaign = state.campaigns[campaign_id]
    if campaign.state != ON_HOLD or campaign.clearance is None:
        return Effects()
    campaign.step("clear")
    campaign.customers = campaign.clearance.close(campaign.customers)
    announced = _announce(context, state, campaign, now)
    return replace(announced, entries=(campaign.clearance.entry(campaign_id, "closed"),))


def _announce(context: SandboxContext, state: State, campaign: Campaign, now: Instant) -> Effects:
    campaign.step("announce")
    campaign.announced_at = now
    id_, channels = campaign.plan.campaign, list(campaign.executions)
    processed = events.of_campaign(context, state.listeners, events.CAMPAIGN_PROCESSED, id_, channels, now)
    executed = events.of_channels(context, state.listeners, id_, channels, now)
    return Effects(webhooks=(*processed, *executed))


def cancel(context: SandboxContext, state: State, now: Instant, campaign_id: int) -> Effects:
    """Cancel a campaign; its listeners hear of that if it was processed.

    `KeyError` when it is not known, `ValueError` when that has happened before.
    """
    campaign = state.planned(campaign_id)
    was = campaign.state
    campaign.step("cancel")
    campaign.cancelled_at = now
    channels = list(campaign.executions)
    fields = {
        "campaign": campaign_id,
        "channels": channels,
        "previous_state": was,
        "customers": len(campaign.customers),
    }
    told = []
    if was != PLANNED:
        told = events.of_campaign(context, state.listeners, events.CAMPAIGN_CANCELLED, campaign_id, channels, now)
    return Effects(entries=(JournalEntry(kind="cancelled", fields=fields),), webhooks=tuple(told))


def cancel_if_not_yet(context: SandboxContext, state: State, campaign_id: int, now: Instant) -> Effects:
    """A cancellation that was planned; somebody may have been quicker."""
    done = state.campaigns[campaign_id].state == CANCELLED
    return Effects() if done else cancel(context, state, now, campaign_id)


def begin(context: SandboxContext, state: State, now: Instant) -> Effects:
    """Wait for the first night, if there are nights."""
    del state
    if context.nightly_at is None:
        return Effects()
    return Effects(timers=(_night(nightly_run.next_run(context.nightly_at, now)),))


def run_night(context: SandboxContext, state: State, day: Instant, now: Instant) -> Effects:
    """Process every campaign of the day, then tell that all are processed, then that the night is over."""
    state.last_night = day
    todays = sorted(id_ for id_, campaign in state.campaigns.items() if campaign.plan.day == day)
    done = [process(context, state, id_, now) for id_ in todays]
    timers = [
        *(timer for effects in done for timer in effects.timers),
        Timer(at=now + nightly_run.PROCESSING_MS, name=NIGHT_PROCESSED, payload=day),
        Timer(at=now + nightly_run.PROCESSING_MS + nightly_run.FINISHING_MS, name=NIGHT_FINISHED, payload=day),
        _night(now + DAY),
    ]
    return Effects(
        entries=tuple(entry for effects in done for entry in effects.entries),
        webhooks=tuple(webhook for effects in done for webhook in effects.webhooks),
        timers=tuple(timers),
    )


def tell_processed(context: SandboxContext, state: State, day: Instant, now: Instant) -> Effects:
    """Event 2."""
    del day
    return Effects(webhooks=tuple(events.of_night(context, state.listeners, events.ALL_PROCESSED, now)))


def tell_finished(context: SandboxContext, state: State, day: Instant, now: Instant) -> Effects:
    """Event 3."""
    del day
    return Effects(webhooks=tuple(events.of_night(context, state.listeners, events.NIGHT_FINISHED, now)))


def _night(at: Instant) -> Timer:
    return Timer(at=at, name=NIGHT, payload=nightly_run.midnight(at))
