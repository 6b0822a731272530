"""Whether Optimove learns who opted out at the provider, and of nobody else."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History, OptOut
from sendproof_harness.history.timestamps import DAY, span, spoken
from sendproof_harness.judge.facts.consent import customers_of, known_to_bridge
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import OPT_OUTS_SYNCED

_ID = "opt_outs.synced"

# Lists are read a few times a day, and whoever is told at night may pass it on in the morning; a client that plans the
# next day's campaigns must not be shown people who are gone.
SHARED_WITHIN = 1 * DAY

# documented by a vendor (https://docs.xtremepush.com/docs/optimove): it fetches the client's attribute; a way back is
# not described for people who were never sent to.


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """The bridge told Optimove that a customer opted out, by `how`."""

    at: int
    how: str


def shared(history: History) -> CheckResult:
    """Opt-outs at providers of people who were written to, and everybody of whom Optimove was told."""
    told = _told(history)
    gone = _gone(history)
    findings = [*_not_shared(history, gone, told), *_wrong_people(history, gone, told)]
    return CheckResult(looked_at=len(gone) + len(told), unit="customers", findings=tuple(findings))


def _gone(history: History) -> Mapping[str, OptOut]:
    """Customers of whom the bridge can know that they left: it had written to them there, and could hear of it."""
    written_to = {(one.service, one.number): one.at for one in reversed(history.deliveries)} if history.opt_outs else {}
    customers = customers_of(history)
    found: dict[str, OptOut] = {}
    for one in history.opt_outs:
        since = written_to.get((one.service, one.number))
        if since is not None and since <= one.at and known_to_bridge(history, one):
            for customer in customers.get(one.number, ()):
                found.setdefault(customer, one)
    return found


def _told(history: History) -> Mapping[str, Sequence[_Told]]:
    """What the bridge told Optimove, by customer; what the client's own files say is not the bridge's."""
    found: defaultdict[str, list[_Told]] = defaultdict(list)
    for told in history.preferences:
        if told.source == "api" and told.opted_out:
            for customer in told.customers:
                found[customer].append(_Told(at=told.at, how="SetCustomerChannelPreference"))
    for update in history.attributes:
        if update.source == "api":
            for change in update.changes:
                found[change.customer].append(_Told(at=update.at, how=f"attribute {change.field}"))
    return found


def _not_shared(history: History, gone: Mapping[str, OptOut], told: Mapping[str, Sequence[_Told]]) -> Iterator[Finding]:
    for customer, left in gone.items():
        until = left.at + SHARED_WITHIN
        first = next((one.at for one in told.get(customer, ()) if one.at >= left.at), None)
        if first is not None and first <= until:
            continue
        if first is not None:
            cause = "an opt-out at the provider was told to Optimove too late"
            yield _finding(customer, cause, f"within {span(SHARED_WITHIN)}", f"{span(first - left.at)} after", left.at)
        elif until <= history.header.ended:
            cause = "an opt-out at the provider was never told to Optimove"
            how = "SetCustomerChannelPreference or an attribute"
            expected = f"{how} within {span(SHARED_WITHIN)} of {spoken(left.at)}"
            yield _finding(customer, cause, expected, f"nothing, after opting out at {left.service}", left.at)


def _wrong_people(
    history: History, gone: Mapping[str, OptOut], told: Mapping[str, Sequence[_Told]]
) -> Iterator[Finding]:
    """Nobody opts out by being told of: they said so at a provider, or were out before."""
    out_before = {owed.customer for owed in history.obligations if owed.reason == "opted_out"} if told else set()
    refused = {one.number for one in history.rejections} if told else set()
    unsent = {owed.customer for owed in history.obligations if owed.number in refused} if told else set()
    numbers = customers_of(history)
    left = {customer for one in history.opt_outs for customer in numbers.get(one.number, ())}
    for customer, some in told.items():
        if customer not in left and customer not in out_before and customer not in unsent and customer not in gone:
            cause = "Optimove was told that somebody opted out who did not"
            yield _finding(customer, cause, "nothing of this customer", some[0].how, some[0].at)


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


def _somebody_left(history: History) -> bool:
    return bool(history.opt_outs) or any(told.source == "api" and told.opted_out for told in history.preferences)


CHECKS = (
    Check(
        id=_ID,
        title="Opt-outs at the provider are shared with Optimove",
        requirement=OPT_OUTS_SYNCED,
        run=shared,
        applies=_somebody_left,
        asked_of="runs in which somebody opted out at a provider",
    ),
)
