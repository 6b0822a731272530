"""One root cause: a finding, and the absences that follow from it."""

from dataclasses import dataclass

from sendproof_harness.history.timestamps import DAY
from sendproof_harness.judge.facts.keys import CampaignKey
from sendproof_harness.judge.roots.absences import Absence, Stage

#: A recipient: campaign, channel and customer.
RecipientKey = tuple[int, int, str]

REPORTS: frozenset[Stage] = frozenset({"metrics", "interactions", "events"})
AFTER_SENDING: frozenset[Stage] = REPORTS
AFTER_READING: frozenset[Stage] = AFTER_SENDING | {"sent"}
AFTER_NOTIFICATION: frozenset[Stage] = AFTER_READING | {"cleared", "read"}
SET_UP: frozenset[Stage] = frozenset({"start", "registered", "templates"})
EVERYTHING: frozenset[Stage] = SET_UP | AFTER_NOTIFICATION | {"notified", "opt_outs", "unobserved"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """The findings of `check` with `cause`, and what follows from them: absences at these `stages`.

    A scope of None is everything: `campaigns` and `recipients` by key, `channels` by number. With `since`, only what
    was due later follows. `same_causes` are causes of the same check that are the same failure.
    """

    check: str
    cause: str
    stages: frozenset[Stage]
    campaigns: frozenset[CampaignKey] | None = None
    channels: frozenset[int] | None = None
    recipients: frozenset[RecipientKey] | None = None
    since: int | None = None
    same_causes: frozenset[str] = frozenset()

    def explains(self, absence: Absence) -> bool:
        """Return True if this absence follows from the root cause."""
        follows = absence.stage in self.stages or (absence.is_unobserved and "unobserved" in self.stages)
        return follows and self._is_in_scope(absence) and self._is_in_time(absence)

    def _is_in_scope(self, absence: Absence) -> bool:
        if self.campaigns is None and self.channels is None and self.recipients is None:
            return True
        if absence.stage == "start":
            return True
        return (
            absence.channel in (self.channels or ())
            or _campaign_in(absence, self.campaigns or ())
            or (absence.campaign, absence.channel, absence.customer) in (self.recipients or ())
        )

    def _is_in_time(self, absence: Absence) -> bool:
        if self.since is None or absence.at is None or absence.is_unobserved:
            return True
        # A day of reports begins at its instant; the bridge had to be there all day.
        latest = absence.at + DAY if absence.stage in {"metrics", "stopped"} else absence.at
        return latest >= self.since


def _campaign_in(absence: Absence, campaigns: frozenset[CampaignKey] | tuple[()]) -> bool:
    if absence.channel is None:
        return any(absence.campaign == campaign for campaign, _ in campaigns)
    return (absence.campaign, absence.channel) in campaigns
