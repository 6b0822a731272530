"""The verdict in one or two sentences, for readers who read nothing else."""

import shlex
from collections.abc import Iterator, Mapping

from sendproof_harness.history.wording import counted
from sendproof_harness.judge.checks.run_completed import RUN_CHECK
from sendproof_harness.judge.facts.deliveries.ledger import ResultKind
from sendproof_harness.judge.findings import Level
from sendproof_harness.judge.verdict import Result, Verdict
from sendproof_harness.report.formatting import as_sentence

#: Results that are not final, or that cannot be determined.
OPEN: tuple[ResultKind, ...] = ("pending", "indefinite")
#: Results of recipients who were due nothing; all others were due a message.
NOT_DUE: tuple[ResultKind, ...] = ("withheld", "refused", "sent to opted-out", "unexpected")

_TIME_CHECKS = frozenset({"delivery.time", "triggers.send_latency"})
# What a conformance run proves about the calls that a check looked at: the calls, and the good answer.
_CALLS: Mapping[str, tuple[str, str]] = {
    "listener.accepts_valid": ("valid events", "accepted"),
    "listener.survives_invalid": ("other calls", "answered without an error"),
    "contract.requests": ("requests of the bridge", "valid"),
}
_PROBED = frozenset({"listener.accepts_valid", "listener.survives_invalid"})
_WRONG: frozenset[Level] = frozenset({"error", "fail"})


def summary(verdict: Verdict) -> str:
    """Return the results of the recipients first, then those of the checks. A conformance run begins with its calls."""
    if verdict.status == "error":
        return f"{_error(verdict)} This run does not judge the bridge."
    sentences = [
        _root_causes(verdict),
        *_calls(verdict),
        _due_recipients(verdict),
        _indefinite_recipients(verdict),
        _withheld_recipients(verdict),
        _wrongly_sent(verdict),
        _checks(verdict),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _error(verdict: Verdict) -> str:
    """Return why the verdict is an error: the end of the run, if that was the reason."""
    causes = (group.cause for group in verdict.groups if group.level == "error" and group.check == RUN_CHECK)
    return as_sentence(next(causes, "the simulators or a check failed"))


def _root_causes(verdict: Verdict) -> str:
    """Return the first root cause, with the number of findings that follow from it."""
    if not verdict.roots:
        return ""
    first = verdict.roots[0]
    count = first.consequence_count
    more = f" {counted(count, 'findings')} {'follows' if count == 1 else 'follow'} from that." if count else ""
    return f"{as_sentence(first.cause)}{more}"


def _calls(verdict: Verdict) -> Iterator[str]:
    """Yield the calls and answers of a conformance run: those to the listeners first."""
    results = [result for result in verdict.results if result.check.id in _CALLS]
    if not any(result.check.id in _PROBED for result in results):
        return
    for result in (result for result in results if result.looked_at):
        nouns, good = _CALLS[result.check.id]
        right = result.looked_at - _count_wrong(result)
        share = "All" if right == result.looked_at else f"{right:,} of"
        yield f"{share} {counted(result.looked_at, nouns)} {'was' if result.looked_at == 1 else 'were'} {good}."


def _count_wrong(result: Result) -> int:
    """Return the number of wrong calls; one request can break several rules."""
    wrong = [finding for finding in result.findings if finding.level in _WRONG]
    requests = {finding.where.request for finding in wrong}
    return len(wrong) if requests == {None} else len(requests)


def _due_recipients(verdict: Verdict) -> str:
    ok, due = verdict.ledger.get("ok", 0), _due(verdict)
    if not due:
        if verdict.roots:
            # That is only one of its consequences.
            return ""
        unproven = "" if verdict.status == "fail" else ", so nothing was proven"
        return f"No recipient was due a message{unproven}."
    if ok == due:
        on_time = " at the right time" if _is_on_time(verdict) else ""
        return f"{_all_recipients(due)} got the right message{on_time}, once."
    return (
        f"{'The one recipient' if due == 1 else f'{due - ok:,} of {due:,} recipients'} did not get what they were due."
    )


def _due(verdict: Verdict) -> int:
    """Return the number of recipients with a final result who were due a message."""
    still_open = sum(verdict.ledger.get(kind, 0) for kind in OPEN)
    return sum(count for kind, count in verdict.ledger.items() if kind not in NOT_DUE) - still_open


def _all_recipients(count: int) -> str:
    return "The one recipient" if count == 1 else f"All {count:,} recipients"


def _is_on_time(verdict: Verdict) -> bool:
    """Return True if all times were judged and right."""
    statuses = [result.status for result in verdict.results if result.check.id in _TIME_CHECKS]
    return bool(statuses) and set(statuses) == {"pass"}


def _indefinite_recipients(verdict: Verdict) -> str:
    count = verdict.ledger.get("indefinite", 0)
    if not count:
        return ""
    undetermined = f"{count:,} more {'is' if count == 1 else 'are'} undetermined"
    return f"{undetermined}: a fault, the clock or a last-minute cancellation leaves the right result open."


def _withheld_recipients(verdict: Verdict) -> str:
    count = sum(verdict.ledger.get(kind, 0) for kind in ("withheld", "refused"))
    return f"{count:,} more correctly got no message." if count else ""


def _wrongly_sent(verdict: Verdict) -> str:
    opted_out, unexpected = verdict.ledger.get("sent to opted-out", 0), verdict.ledger.get("unexpected", 0)
    parts = [
        f"{opted_out:,} who had opted out got one anyway" if opted_out else "",
        f"{counted(unexpected, 'messages')} went out that no recipient was due" if unexpected else "",
    ]
    text = " and ".join(part for part in parts if part)
    return f"{text}." if text else ""


def _checks(verdict: Verdict) -> str:
    failed = sum(result.status == "fail" for result in verdict.results)
    unknown = sum(result.status == "unknown" for result in verdict.results)
    total = len(verdict.results)
    if failed:
        titles = _failed_titles(verdict)
        rest = f"{'.' if titles else ', and'} {unknown} could not be judged" if unknown else ""
        return f"{failed} of {counted(total, 'checks')} failed{titles}{rest}."
    if unknown:
        return f"No defect was found, but {unknown} of {total} checks could not be judged."
    return f"All {total} checks passed."


def _failed_titles(verdict: Verdict) -> str:
    """Return the titles of the failed checks, if neither a root cause nor a recipient shows what is wrong."""
    if verdict.roots or verdict.ledger.get("ok", 0) != _due(verdict):
        return ""
    failed = [result.check for result in verdict.results if result.status == "fail"]
    return ": " + ", ".join(f"{check.title} ({check.requirement.number})" for check in failed)


def example_customer(verdict: Verdict) -> str | None:
    """Return a customer, or else a number, that shows a defect: the first of the most serious findings."""
    locations = [finding.where for group in verdict.groups if group.level in _WRONG for finding in group.examples]
    return next((name for where in locations if (name := where.customer or where.number)), None)


def example_argument(verdict: Verdict) -> str | None:
    """Return the example as an argument of `sendproof explain` in a shell."""
    name = example_customer(verdict)
    if name is None:
        return None
    return f"-- {shlex.quote(name)}" if name.startswith("-") else shlex.quote(name)


def next_remedy(verdict: Verdict) -> str:
    """Return what to do about the first of the most serious findings that has a remedy; empty if none has."""
    return next((group.remedy for group in verdict.groups if group.level != "note" and group.remedy), "")
