"""The explanation of one customer: everything that the history of a run contains about them, in order of virtual time.

Pure, like the judge: it only reads a history and its verdict. The reader needs no other file to see the due messages,
the actions of the bridge, and the reasons for the verdict.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain

from sendproof_harness.explain.entry import Scope, TimelineEntry
from sendproof_harness.explain.timeline import timeline_entries
from sendproof_harness.history.records import History
from sendproof_harness.judge.causes.strays import strays
from sendproof_harness.judge.checks.run_completed import RUN_CHECK
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ResultKind, ledger, recipient_meaning
from sendproof_harness.judge.findings import LEVELS, Finding, Location
from sendproof_harness.judge.verdict import Verdict

# Enough to show the form of the ids and to find a typing mistake.
_NEAREST = 3
# Numbers of one country share their last ten digits, with any prefix: 44, +44, 0044 or 0.
_SIGNIFICANT_DIGITS = 10
# Longer ids are compared by their first digits.
_COMPARED_DIGITS = 18


class UnknownCustomerError(LookupError):
    """The history has no such customer; the message names the nearest ids."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """The customer to explain. `customer` is None for a number without a customer that messages went to."""

    customer: str | None
    numbers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignResult:
    """The result for the customer in one campaign, with its meaning."""

    campaign: int
    channel: int
    kind: ResultKind
    meaning: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """The results and the timeline, with the findings about the whole run, this customer, and their campaigns.

    `number` is the headline's text: the numbers, or why there is none.
    """

    subject: Subject
    number: str
    campaigns: tuple[CampaignResult, ...]
    timeline: tuple[TimelineEntry, ...]
    run_findings: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    campaign_findings: tuple[Finding, ...]


def find_customer(history: History, name: str, findings: Iterable[Finding] = ()) -> Subject:
    """Return the customer with this id or number, in any usual format; or raise `UnknownCustomerError`.

    Customers and numbers of `findings` are known, too: every command that a report suggests works.
    """
    lookups = (_by_id, _by_stray, _by_number, _by_other_record)
    found = (subject for lookup in lookups if (subject := lookup(history, name)) is not None)
    subject = next(found, None) or _by_finding(findings, name)
    if subject is None:
        raise UnknownCustomerError(_unknown_customer_text(history, name))
    return subject


def explain(history: History, verdict: Verdict, subject: Subject) -> Explanation:
    """Return the timeline of a customer and the findings that concern them."""
    book = ledger(history)
    recipients = [
        recipient
        for recipient in book.recipients
        if subject.customer is not None and recipient.obligation.customer == subject.customer
    ]
    unmatched = [
        stray.delivery
        for stray in strays(history)
        if stray.delivery.number in subject.numbers or subject.customer in stray.customers
    ]
    deliveries = [*(delivery for recipient in recipients for delivery in recipient.deliveries), *unmatched]
    numbers = tuple(dict.fromkeys([*subject.numbers, *(delivery.number for delivery in deliveries)]))
    scope = Scope(
        history=history,
        customer=subject.customer,
        numbers=numbers,
        recipients=tuple(recipients),
        deliveries=tuple(deliveries),
    )
    findings, campaign_findings = _findings(verdict, scope)
    return Explanation(
        subject=Subject(customer=subject.customer, numbers=numbers),
        number=", ".join(numbers) or _without_number(recipients),
        campaigns=tuple(_campaign_result(history, recipient) for recipient in recipients),
        timeline=timeline_entries(scope),
        run_findings=_run_findings(verdict),
        findings=findings,
        campaign_findings=campaign_findings,
    )


# -- the customer -----------------------------------------------------------------------------------


def _by_id(history: History, name: str) -> Subject | None:
    has_obligation = any(obligation.customer == name for obligation in history.obligations)
    return _subject(history, name) if has_obligation else None


def _by_stray(history: History, name: str) -> Subject | None:
    """Return the only customer behind a message that no recipient was due."""
    stray = next((stray for stray in strays(history) if stray.delivery.number == name), None)
    if stray is None:
        return None
    return Subject(customer=stray.customers[0] if len(stray.customers) == 1 else None, numbers=(name,))


def _by_number(history: History, name: str) -> Subject | None:
    """Return the customer with this number: exactly, or in another form."""
    for form in (str, _significant_digits):
        wanted = form(name)
        for obligation in history.obligations if wanted else ():
            if obligation.number is not None and form(obligation.number) == wanted:
                return _subject(history, obligation.customer)
        delivered = (delivery.number for delivery in history.deliveries)
        rejected = (rejection.number for rejection in history.rejections)
        for number in chain(delivered, rejected) if wanted else ():
            if form(number) == wanted:
                return Subject(customer=None, numbers=(number,))
    return None


def _by_other_record(history: History, name: str) -> Subject | None:
    """Return a customer or number of the run without any message: of a report, a change, an event or a reply."""
    customers = chain(
        (customer for report in history.interactions for customer in report.customers),
        (customer for preference in history.preferences for customer in preference.customers),
        (change.customer for update in history.attributes for change in update.changes),
        (event.customer for event in history.engagements),
        (event.customer for event in history.customer_events),
        (trigger.customer for trigger in history.triggers),
    )
    if name in customers:
        return Subject(customer=name, numbers=())
    numbers = chain(
        (opt_out.number for opt_out in history.opt_outs),
        (inbound.number for inbound in history.inbounds),
        (probe.number for probe in history.probes),
    )
    return Subject(customer=None, numbers=(name,)) if name in numbers else None


def _by_finding(findings: Iterable[Finding], name: str) -> Subject | None:
    for finding in findings:
        if finding.where.customer == name:
            return Subject(customer=name, numbers=(finding.where.number,) if finding.where.number else ())
        if finding.where.number == name:
            return Subject(customer=finding.where.customer, numbers=(name,))
    return None


def _subject(history: History, customer: str) -> Subject:
    numbers = (obligation.number for obligation in history.obligations if obligation.customer == customer)
    return Subject(customer=customer, numbers=tuple(dict.fromkeys(number for number in numbers if number)))


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


def _significant_digits(number: str) -> str:
    """Return the digits that all formats of a number share; empty if the text is no number, or too short."""
    digits = _digits(number)[-_SIGNIFICANT_DIGITS:]
    is_number = all(character.isdecimal() or character in " +-()." for character in number)
    return digits if is_number and len(digits) == _SIGNIFICANT_DIGITS else ""


def _unknown_customer_text(history: History, name: str) -> str:
    ids = dict.fromkeys(obligation.customer for obligation in history.obligations)
    if not ids:
        return (
            f"expected a customer of the history, got {name!r}; it has no customers, because no campaign was announced"
        )
    value = _id_value(name)
    nearest = nsmallest(_NEAREST, ids, key=lambda customer: abs(_id_value(customer) - value))
    return (
        f"expected the id of one of {len(ids):,} customers, or a phone number of at least ten digits, got {name!r};"
        f" the nearest ids are {', '.join(nearest)}"
    )


def _id_value(name: str) -> int:
    return int(_digits(name)[:_COMPARED_DIGITS] or 0)


# -- results and findings ---------------------------------------------------------------------------


def _campaign_result(history: History, recipient: RecipientResult) -> CampaignResult:
    obligation = recipient.obligation
    return CampaignResult(
        campaign=obligation.campaign,
        channel=obligation.channel,
        kind=recipient.kind,
        meaning=recipient_meaning(history, recipient),
    )


def _without_number(recipients: Iterable[RecipientResult]) -> str:
    reasons = {recipient.obligation.reason for recipient in recipients}
    if "unknown_customer" in reasons:
        return "unknown to the provider: not in the client's last import"
    return "no usable number" if "unusable_number" in reasons else "no number in this run"


def _run_findings(verdict: Verdict) -> tuple[Finding, ...]:
    """Return why the run ended early, if it did; what follows from that is unknown."""
    return tuple(finding for result in verdict.results for finding in result.findings if finding.check == RUN_CHECK)


def _findings(verdict: Verdict, scope: Scope) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return the findings about the customer, and one finding per check and cause about their campaigns."""
    campaigns = {recipient.obligation.campaign for recipient in scope.recipients}
    about_customer: list[Finding] = []
    about_campaigns: dict[tuple[str, str], Finding] = {}
    for finding in (finding for result in verdict.results for finding in result.findings):
        if _is_about_customer(finding.where, scope):
            about_customer.append(finding)
        elif finding.where.campaign in campaigns and not _is_about_one_recipient(finding.where):
            about_campaigns.setdefault((finding.check, finding.cause), finding)
    return _most_serious_first(about_customer), _most_serious_first(about_campaigns.values())


def _is_about_customer(where: Location, scope: Scope) -> bool:
    if where.customer is not None:
        return where.customer == scope.customer
    return where.number in scope.numbers or where.message in scope.messages or where.webhook in scope.receipt_keys


def _is_about_one_recipient(where: Location) -> bool:
    return any(name is not None for name in (where.customer, where.number, where.message))


def _most_serious_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: LEVELS.index(finding.level)))
