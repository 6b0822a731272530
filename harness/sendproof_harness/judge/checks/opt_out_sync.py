"""Check that Optimove learns of opt-outs at the provider, and only of those."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.parts import AttributeChange
from sendproof_harness.history.records import History, OptOut, Preference
from sendproof_harness.history.timestamps import DAY, span, spoken
from sendproof_harness.judge.facts.consent import (
    CONSENT_ATTRIBUTE,
    OPTED_OUT_VALUE,
    customers_of_opt_outs,
    is_known_to_bridge,
)
from sendproof_harness.judge.facts.wishes import preference_channels, wanted_opt_outs
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import OPT_OUTS_SYNCED

_ID = "opt_outs.synced"

# Bridges read opt-out lists a few times a day, and may pass on a nightly opt-out in the morning. A client that plans
# the campaigns of the next day must not see customers who opted out.
SYNC_WITHIN = 1 * DAY

# documented by a vendor (https://docs.xtremepush.com/docs/optimove): it fetches the client's attribute. No way back is
# described for people who were never sent a message.


@dataclass(frozen=True, kw_only=True, slots=True)
class _SyncedOptOut:
    """The bridge reported an opt-out to Optimove, with the request or attribute in `by`.

    `wrong` says in words why the report is not the one that the client asked for.
    """

    at: int
    by: str
    wrong: str | None = None


def check_opt_outs_synced(history: History) -> CheckResult:
    """Compare the opt-outs at providers with the opt-outs that the bridge reported to Optimove."""
    synced, expected = _synced_opt_outs(history), _expected_opt_outs(history)
    findings = [*_not_synced(history, expected, synced), *_wrong_customers(history, synced)]
    return CheckResult(looked_at=len(expected) + len(synced), unit="customers", findings=tuple(findings))


def _expected_opt_outs(history: History) -> Mapping[str, OptOut]:
    """Return the first opt-out that the bridge could know, by customer: it had sent a message to the number before."""
    first_delivery = (
        {(delivery.service, delivery.number): delivery.at for delivery in reversed(history.deliveries)}
        if history.opt_outs
        else {}
    )
    customers = customers_of_opt_outs(history)
    expected: dict[str, OptOut] = {}
    for opt_out in history.opt_outs:
        delivered_at = first_delivery.get((opt_out.service, opt_out.number))
        if delivered_at is not None and delivered_at <= opt_out.at and is_known_to_bridge(history, opt_out):
            for customer in customers.get(opt_out.number, ()):
                expected.setdefault(customer, opt_out)
    return expected


def _synced_opt_outs(history: History) -> Mapping[str, Sequence[_SyncedOptOut]]:
    """Return the opt-outs that the bridge reported, by customer, without those in the client's own files."""
    synced: defaultdict[str, list[_SyncedOptOut]] = defaultdict(list)
    for preference in history.preferences:
        if preference.source == "api" and preference.opted_out:
            for customer in preference.customers:
                by = f"SetCustomerChannelPreference for channel {preference.channel}"
                wrong = _wrong_preference(history, preference)
                synced[customer].append(_SyncedOptOut(at=preference.at, by=by, wrong=wrong))
    for update in history.attributes:
        if update.source == "api":
            for change in update.changes:
                by, wrong = f"attribute {change.field} = {change.value}", _wrong_change(history, change)
                synced[change.customer].append(_SyncedOptOut(at=update.at, by=by, wrong=wrong))
    return synced


def _wrong_preference(history: History, preference: Preference) -> str | None:
    if wanted_opt_outs(history) == "attribute":
        return "by preference, but the client asked for the attribute"
    return None if preference.channel in preference_channels(history).values() else "for another channel"


def _wrong_change(history: History, change: AttributeChange) -> str | None:
    if wanted_opt_outs(history) == "preference":
        return "by attribute, but the client asked for the preference"
    if change.field != CONSENT_ATTRIBUTE:
        return "in another attribute"
    return None if change.value == OPTED_OUT_VALUE else "with another value"


def _not_synced(
    history: History, expected: Mapping[str, OptOut], synced: Mapping[str, Sequence[_SyncedOptOut]]
) -> Iterator[Finding]:
    for customer, opt_out in expected.items():
        deadline = opt_out.at + SYNC_WITHIN
        entries = [entry for entry in synced.get(customer, ()) if entry.at >= opt_out.at]
        synced_at = next((entry.at for entry in entries if entry.wrong is None), None)
        if synced_at is not None and synced_at <= deadline:
            continue
        if synced_at is not None:
            cause = "a provider opt-out was reported to Optimove too late"
            got = f"{span(synced_at - opt_out.at)} after the opt-out"
            yield _finding(customer, cause, f"within {span(SYNC_WITHIN)}", got, opt_out.at)
        elif entries:
            cause = f"a provider opt-out was reported to Optimove {entries[0].wrong}"
            yield _finding(customer, cause, "the report that the client asked for", entries[0].by, entries[0].at)
        elif deadline <= history.header.ended:
            cause = "a provider opt-out was never reported to Optimove"
            how = "SetCustomerChannelPreference or an attribute"
            wanted = f"{how} within {span(SYNC_WITHIN)} of {spoken(opt_out.at)}"
            yield _finding(customer, cause, wanted, f"no report, after an opt-out at {opt_out.service}", opt_out.at)


def _wrong_customers(history: History, synced: Mapping[str, Sequence[_SyncedOptOut]]) -> Iterator[Finding]:
    """Yield the reported customers who neither opted out at a provider, nor were opted out or rejected before."""
    if not synced:
        return
    rejected = {rejection.number for rejection in history.rejections if not rejection.whole_call}
    allowed = {
        obligation.customer
        for obligation in history.obligations
        if obligation.reason == "opted_out" or obligation.number in rejected
    }
    customers = customers_of_opt_outs(history)
    for opt_out in history.opt_outs:
        allowed.update(customers.get(opt_out.number, ()))
    for customer, entries in synced.items():
        if customer not in allowed:
            cause = "an opt-out was reported for a customer who did not opt out"
            yield _finding(customer, cause, "no report for this customer", entries[0].by, entries[0].at)


def _finding(customer: str, cause: str, expected: str, got: str, at: int) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=expected,
        got=got,
        where=Location(customer=customer),
        at=at,
    )


def _has_opt_outs(history: History) -> bool:
    return bool(history.opt_outs) or any(
        preference.source == "api" and preference.opted_out for preference in history.preferences
    )


CHECKS = (
    Check(
        id=_ID,
        title="Provider opt-outs are synced to Optimove",
        requirement=OPT_OUTS_SYNCED,
        run=check_opt_outs_synced,
        applies=_has_opt_outs,
        scope="runs with opt-outs at a provider",
    ),
)
