"""`reference/checks.md`: every check with its requirement and source, and the tolerances of the judge."""

import inspect
from collections.abc import Iterable, Iterator

from sendproof_harness.history.timestamps import DAY, HOUR, span
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.judge.checks.opt_out_sync import SYNC_AFTER_FAULT
from sendproof_harness.judge.checks.opt_out_sync import SYNC_WITHIN as OPT_OUT_SYNC_WITHIN
from sendproof_harness.judge.checks.requests.credentials import (
    MAX_DIFFERING_TRIES,
    MAX_TRIES,
    TRIES_PER_CUSTOMER,
    TRIES_PERIOD,
)
from sendproof_harness.judge.checks.requests.repeated_calls import (
    MAX_AT_ONCE,
    MAX_LOOK_UPS_AT_ONCE,
    MAX_REFUSED_CALLS,
)
from sendproof_harness.judge.checks.templates import SYNC_WITHIN as TEMPLATE_SYNC_WITHIN
from sendproof_harness.judge.facts.clients.key_outages import LONGEST_WAIT
from sendproof_harness.judge.facts.deliveries.cancellations import RACE
from sendproof_harness.judge.facts.deliveries.deadlines import TRIGGER_LATE_AFTER
from sendproof_harness.judge.facts.deliveries.ledger import RESULT_KINDS, RESULT_MEANINGS, SENDS_AT_A_KILL
from sendproof_harness.judge.facts.deliveries.matching import EARLY_TOLERANCE, LATE_AFTER
from sendproof_harness.judge.facts.metrics import REPORTING_DAYS
from sendproof_harness.judge.facts.provider_totals import RECEIPT_DELAY
from sendproof_harness.judge.facts.reports.opt_out_lists import GRACE, POLL_WITHIN
from sendproof_harness.judge.facts.reports.opt_out_messages import EITHER_WITHIN
from sendproof_harness.judge.facts.wishes import REPORTS_A_DAY
from sendproof_harness.judge.findings import Check
from tables import table

#: The judge's tolerances where no document names a limit: subject, tolerance, reason.
TOLERANCES: tuple[tuple[str, str, str], ...] = (
    ("A message before its due time", span(EARLY_TOLERANCE), "providers take whole seconds"),
    (
        "A message after its due time",
        span(LATE_AFTER),
        "enough for a batch of 10,000, a retry and a minute of a rate limit",
    ),
    (
        "The message of a trigger",
        span(TRIGGER_LATE_AFTER),
        "it reacts to an action of the customer; in a burst on any channel, the time of the rate limit is added",
    ),
    (
        "A message that a fault delays",
        f"{span(LATE_AFTER)} after the last fault",
        "if the fault was injected in time; plus the duration of the failure, at most 1 h; 15 min to query a record",
    ),
    (
        "The first try of a key that the client's admin had disabled",
        f"{span(LONGEST_WAIT)} after it is valid again",
        "nobody tells a bridge, which may wait as long as the key was disabled; deadlines that need the key move",
    ),
    ("A template that changed at the provider", span(TEMPLATE_SYNC_WITHIN), "providers announce no changes"),
    ("A message that is already on its way when its customer opts out", span(GRACE), "it cannot be stopped"),
    (
        "A message on its way, or a clearance, when event 4 about its campaign arrives",
        span(RACE),
        "a bridge may look for work once a minute, and a call may take as long",
    ),
    (
        "A message at the provider whose withdrawal a fault or a limit of the provider delays",
        f"{span(RACE)} after the last delay; {span(GRACE)} if the customer opted out",
        "if it began in time; `Retry-After` forbids an earlier call",
    ),
    (
        "An opt-out that the provider does not announce",
        span(POLL_WITHIN),
        f"the bridge has to poll; again after an outage or a refused poll, or {span(GRACE)} after the next poll",
    ),
    (
        "Reporting an opt-out to Optimove",
        span(OPT_OUT_SYNC_WITHIN),
        f"the next day's campaigns must exclude the customer; a nightly report after a fault: {span(SYNC_AFTER_FAULT)}",
    ),
    (
        "A fault, or a disabled key, before the deadline of a clearance",
        "1 h",
        "a careful bridge tries again within an hour; without a clearance, the result is `unknown`",
    ),
    (
        "Two messages of which an opt-out may mean either",
        span(EITHER_WITHIN),
        "a STOP names no message; without a webhook also any later one, as the bridge learns of the opt-out later",
    ),
    (
        "A customer who opts in before the clearance",
        "1 h",
        "the bridge has looked the customer up before; from the clearance on, nothing tells it of an opt-in",
    ),
    ("A receipt before it counts", span(RECEIPT_DELAY), "it is posted, perhaps retried, and stored"),
    (
        "The time or day of an event",
        f"from 1 min before it until {span(RECEIPT_DELAY)} after the bridge learned of it",
        "a bridge may have asked for a status before a late receipt brings its time, and most answers have none",
    ),
    (
        "Reports of metrics",
        f"{REPORTS_A_DAY} a day for {REPORTING_DAYS} days",
        "several times a day in the guide, or `reports_a_day` of a scenario; fewer if it was down or had no valid key",
    ),
    (
        "What a report of totals leaves out, and how late an event or a customer is reported",
        span(2 * DAY // REPORTS_A_DAY + HOUR),
        "a bridge may poll statuses every 8 h and report every 8 h; an hour is for a late receipt",
    ),
    (
        "Equal failed calls within a second",
        f"{MAX_AT_ONCE}, and {MAX_LOOK_UPS_AT_ONCE} lookups",
        "HTTP libraries retry a few times at once, and several kinds of work may need the same data",
    ),
    (
        "Equal calls that the provider refuses as a whole",
        f"{MAX_REFUSED_CALLS}",
        "a bridge may not know that a code is final; a message that is rejected because of its number is sent once",
    ),
    (
        f"Equal calls with a rejected key in {span(TRIES_PERIOD)}",
        f"{MAX_TRIES}",
        "nobody tells a bridge when a key is valid again; every piece of work may try it by itself",
    ),
    (
        f"Calls of one operation with a rejected key in {span(TRIES_PERIOD)}, however they differ",
        f"{MAX_DIFFERING_TRIES}, and {TRIES_PER_CUSTOMER} for each customer",
        "there may be a piece of work for each customer, but not more",
    ),
    (
        "Messages that are lost because a kill cut off their calls to a provider without a record",
        f"{SENDS_AT_A_KILL} for each kill",
        "a bridge makes a few calls at once, and cannot know which ones arrived",
    ),
)

#: Cases in which the judge cannot decide, or does not on purpose: case, result, reason.
UNDECIDED: tuple[tuple[str, str, str], ...] = (
    (
        "Event 13 was dropped permanently, and event 1 arrived",
        "`indefinite`, if nothing was sent",
        "event 1 announces that a campaign was processed, and no document allows a bridge to send on it",
    ),
    (
        "A customer meets a trigger twice in one instant, and a fault dropped one of the events permanently",
        "`indefinite`, if a message is missing",
        "the expectations do not name the event of each message, so the missing one may be that of the dropped event",
    ),
    (
        "A bridge outside virtual time sent a message, and its campaign is cancelled later",
        "`indefinite`",
        "its clock is ahead of the cancellation, so the run does not show how it reacts to one",
    ),
    (
        "A bridge outside virtual time sent a message again, after it had looked for it at the provider",
        "`unknown`",
        "the provider's record has the times of the sandbox, so a lookup by the machine's clock finds nothing",
    ),
    (
        "A lookup is repeated before Retry-After is over, and other work was due",
        "no finding",
        "the other work may need the same data; a repeated call that changes something is a finding",
    ),
    (
        "A call that got a 429 response is never repeated, and what it was for ended before a retry was due",
        "no finding",
        "its campaign was cancelled, its customer opted out, a deadline passed, or the message to withdraw went out",
    ),
    (
        "Clicks that the provider reported and the bridge did not",
        "a note",
        "no document requires clicks, but a client with `reports` in its requirements does",
    ),
    (
        "A customer who clicked several times, where the client wants saveEvent",
        "one event at least; one for each click at Delivyr",
        "only Delivyr documents an event for each click",
    ),
    (
        "The campaign of an opt-out, if the bridge is outside virtual time or was down before it learned of it",
        "each campaign with a message to the customer before that",
        "the bridge may process receipts and opt-outs in another order than they happened",
    ),
    (
        "An expired message in the total of bounced",
        "required once a receipt or the provider's response to a status call has reported it",
        "it was not delivered; Textlocal posts no receipt for it, and no document says that a bridge must ask",
    ),
    (
        "The same page, lookup or status is requested again and again, within the rate limit",
        "no finding, except for pages of one campaign",
        "no document limits how often a bridge may ask; the rate limit of the key does",
    ),
    (
        "The order of the attributes that a request names",
        "no finding",
        "Optimove returns the values in this order; Delivyr's guide orders its own settings, not requests",
    ),
    (
        "The name of the sender that recipients of an e-mail see",
        "no finding, if the address is at the client's domain",
        "Optimove and the relay know the domain only, and every client words its name as it likes",
    ),
    (
        "A bridge adds a payload of its own to push notifications",
        "no finding",
        "no document says what a client's app expects there",
    ),
    (
        "A call that changes nothing when it is repeated succeeds with a page of a firewall, and is not repeated",
        "no finding, unless its effect is missing later",
        "the next report or comparison may repair it, as with totals",
    ),
    (
        "A receipt is acknowledged after the work",
        "no finding, unless it is never acknowledged",
        "no call names a receipt, and no provider documents how long it waits; use a load test",
    ),
    (
        "One client's key used for another client, in a call that names only ids that both clients have",
        "findings about the consequences",
        "only numbers, templates, campaigns, triggers, opt-outs and listeners attribute a call",
    ),
)

_INTRODUCTION = """# Checks

This page lists every check with its requirement and source, and the tolerances of the judge ([how to read a
verdict](../read-a-verdict.md)). Each check is a pure function of the history of a run, and belongs to one numbered
requirement. A check that does not apply to a run is skipped. A check that applies but has nothing to look at is
`unknown`, never `pass`.

Findings with the same cause are shown together, with their number and the first three. Each one names who has to act:

| blame | what to correct |
|---|---|
| `bridge` | the code of the bridge |
| `config` | the configuration of the bridge or of the run |
| `harness` | Sendproof, or the scenario |
| `network` | nothing: it was a failure between the bridge and the services, which a fault simulated |
"""


def page() -> str:
    """Return the page: the checks, their requirements, tolerances, undecided cases and recipient results."""
    parts = (_INTRODUCTION, _overview(CHECKS), _requirements(CHECKS), _tolerances(), _undecided(), _recipient_results())
    return "\n".join(parts)


def _overview(checks: Iterable[Check]) -> str:
    rows = (
        (check.requirement.number, f"`{check.id}`", check.title, check.scope)
        for check in sorted(checks, key=lambda check: check.requirement.number)
    )
    return "## All checks\n\n" + table(("requirement", "check", "title", "applies to"), rows)


def _requirements(checks: Iterable[Check]) -> str:
    by_number = sorted(checks, key=lambda check: check.requirement.number)
    return "\n".join(("## Requirements\n", *(line for check in by_number for line in _requirement_lines(check))))


def _requirement_lines(check: Check) -> Iterator[str]:
    requirement = check.requirement
    method = (inspect.getdoc(check.run) or "").partition("\n")[0]
    yield f"### {requirement.number}\n"
    yield f"{requirement.text} *({requirement.evidence}: {_source(requirement.source)})*\n"
    yield f"`{check.id}`: {method}\n"


def _source(source: str) -> str:
    return f"<{source}>" if "://" in source else f"[{source}](../../{source})"


def _tolerances() -> str:
    return "## Tolerances\n\n" + table(("subject", "tolerance", "reason"), TOLERANCES)


def _undecided() -> str:
    return "## Undecided cases\n\n" + table(("case", "result", "reason"), UNDECIDED)


def _recipient_results() -> str:
    rows = ((kind, RESULT_MEANINGS[kind]) for kind in RESULT_KINDS)
    outside = "For a bridge without the virtual clock, `ok` does not include times, because they are not judged."
    return f"## Recipient results\n\n{outside}\n\n" + table(("result", "meaning"), rows)
