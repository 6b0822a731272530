"""`reference/checks.md`: every check, what it asks for and where that is from, and what the judge grants."""

import inspect
from collections.abc import Iterable, Iterator

from sendproof_harness.history.timestamps import span
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.judge.checks.events import REPORT_WITHIN
from sendproof_harness.judge.checks.opt_out_sync import SYNC_WITHIN as OPT_OUT_SYNC_WITHIN
from sendproof_harness.judge.checks.templates import SYNC_WITHIN as TEMPLATE_SYNC_WITHIN
from sendproof_harness.judge.facts.consent import GRACE, POLL_WITHIN
from sendproof_harness.judge.facts.deadlines import TRIGGER_LATE_AFTER
from sendproof_harness.judge.facts.delivery_ledger import RESULT_KINDS, RESULT_MEANINGS
from sendproof_harness.judge.facts.delivery_matching import EARLY_TOLERANCE, LATE_AFTER
from sendproof_harness.judge.facts.metrics import PUSHES_A_DAY_MIN, REPORTING_DAYS
from sendproof_harness.judge.facts.provider_totals import RECEIPT_DELAY
from sendproof_harness.judge.findings import Check
from tables import table

#: What the judge grants where no document names a limit: what, how much, and why so much.
GRANTED: tuple[tuple[str, str, str], ...] = (
    ("A message before it is due", span(EARLY_TOLERANCE), "providers take whole seconds"),
    ("A message after it is due", span(LATE_AFTER), "a batch of 10,000, a retry and a minute of a rate limit fit in"),
    (
        "The message of a trigger",
        span(TRIGGER_LATE_AFTER),
        "a customer did something a moment ago; a burst is granted the time that the rate limit takes from it",
    ),
    (
        "What a fault held up",
        f"{span(LATE_AFTER)} from the last fault on",
        "if it struck in time; as long again as the trouble lasted, at most 1 h; 15 min for a record to be asked",
    ),
    ("A template that was changed at the provider", span(TEMPLATE_SYNC_WITHIN), "providers announce nothing"),
    (
        "A message that is on its way when somebody opts out or a campaign is cancelled",
        span(GRACE),
        "it cannot be stopped",
    ),
    ("An opt-out of which the provider tells nobody", span(POLL_WITHIN), "the bridge has to ask now and then"),
    ("Telling Optimove of an opt-out", span(OPT_OUT_SYNC_WITHIN), "the next day's campaigns must not hold who is gone"),
    ("A receipt until it counts", span(RECEIPT_DELAY), "it is posted, perhaps tried again, and stored"),
    ("Pushes of metrics", f"{PUSHES_A_DAY_MIN} a day for {REPORTING_DAYS} days", "the guide says several times a day"),
    ("An event until it is told by saveEvent", span(REPORT_WITHIN), "what three reports a day and a late receipt need"),
)

#: What a history cannot show, or what is let pass on purpose: what, what the judge says of it, and why.
LET_PASS: tuple[tuple[str, str, str], ...] = (
    (
        "Event 13 was dropped for good, and event 1 came",
        "`indefinite`, when nothing was sent",
        "event 1 says that a campaign was processed, and no document says that a bridge may send upon it",
    ),
    (
        "A call comes again before Retry-After is over, and other work was due",
        "nothing",
        "calls are told apart by their address only, so it may be another call of the same kind",
    ),
    (
        "Clicks that the provider told, and nobody reported",
        "a note",
        "no document demands clicks: the guide asks for metrics and names none",
    ),
    (
        "One client's key shown for another, where both have the same ids",
        "the consequences",
        "clients are told apart by the templates of their provider's accounts; channels and campaigns may be alike",
    ),
)

_INTRODUCTION = """# What is checked

For who reads a verdict ([how to](../read-a-verdict.md)): every check with its requirement, where that is from, and
what the judge grants. Each check is a pure function of the history of a run, and belongs to one numbered requirement. A
check that does not apply to a run is not asked; one that is asked and has nothing to look at is `unknown`, never
`pass`.

Findings with one cause are shown together, with how many there are and the first three. Each says whose it is to mend:

| blame | what is to be mended |
|---|---|
| `bridge` | the code of the bridge |
| `config` | how the bridge or the run is set up |
| `harness` | Sendproof, or the scenario |
| `network` | nothing: something between the bridge and the services, which a fault stood for |
"""


def page() -> str:
    """All of it, as Markdown."""
    parts = (_INTRODUCTION, _overview(CHECKS), _details(CHECKS), _granted(), _let_pass(), _classes())
    return "\n".join(parts)


def _overview(checks: Iterable[Check]) -> str:
    rows = (
        (one.requirement.number, f"`{one.id}`", one.title, one.scope)
        for one in sorted(checks, key=lambda one: one.requirement.number)
    )
    return "## The checks\n\n" + table(("requirement", "check", "says", "asked of"), rows)


def _details(checks: Iterable[Check]) -> str:
    some = sorted(checks, key=lambda one: one.requirement.number)
    return "\n".join(("## The requirements\n", *(line for one in some for line in _detail(one))))


def _detail(check: Check) -> Iterator[str]:
    requirement = check.requirement
    looks_at = (inspect.getdoc(check.run) or "").partition("\n")[0]
    yield f"### {requirement.number}\n"
    yield f"{requirement.text} *({requirement.evidence}: {_source(requirement.source)})*\n"
    yield f"`{check.id}`: {looks_at}\n"


def _source(source: str) -> str:
    return f"<{source}>" if source.startswith("https://") else f"[{source}](../../{source})"


def _granted() -> str:
    return "## What the judge grants\n\n" + table(("what", "how much", "why"), GRANTED)


def _let_pass() -> str:
    return "## What the judge cannot know, or lets pass\n\n" + table(("what", "it says", "why"), LET_PASS)


def _classes() -> str:
    rows = ((kind, RESULT_MEANINGS[kind]) for kind in RESULT_KINDS)
    return "## What may become of a recipient\n\n" + table(("class", "meaning"), rows)
