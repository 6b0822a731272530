"""The verdict in one or two sentences, for somebody who reads nothing else."""

from sendproof_harness.judge.verdict import Verdict
from sendproof_harness.report.formatting import counted

#: Classes of people who should have got nothing; everybody else in the ledger was owed a message.
#: Of these nobody can say yet, or ever.
_OPEN = ("pending", "indefinite")
_NOT_OWED = ("withheld", "refused", "sent to opted-out", "unexpected")


_OF_TIME = frozenset({"delivery.time", "triggers.send_latency"})


def summary(verdict: Verdict) -> str:
    """What happened to the recipients first, then what else there is to say."""
    if verdict.standing == "error":
        return "The simulators or a check broke, so this run says nothing about the bridge."
    sentences = [
        _recipients(verdict),
        _indefinite(verdict),
        _left_alone(verdict),
        _uninvited(verdict),
        _checks(verdict),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _recipients(verdict: Verdict) -> str:
    ok, still_open = verdict.ledger.get("ok", 0), sum(verdict.ledger.get(name, 0) for name in _OPEN)
    owed = sum(count for name, count in verdict.ledger.items() if name not in _NOT_OWED) - still_open
    if not owed:
        return "No recipient was due a message, so nothing could be proven."
    if ok == owed:
        on_time = " at the right time" if _timed(verdict) else ""
        return f"{_all(owed)} got the right message{on_time}, once."
    return f"{owed - ok:,} of {owed:,} recipients did not get what they were owed."


def _indefinite(verdict: Verdict) -> str:
    count = verdict.ledger.get("indefinite", 0)
    return f"Of {count:,} more nobody can know, as a fault hid it from the bridge." if count else ""


def _all(count: int) -> str:
    return "The one recipient" if count == 1 else f"All {count:,} recipients"


def _timed(verdict: Verdict) -> bool:
    """Whether all times could be judged, and were right."""
    standings = [result.standing for result in verdict.results if result.check.id in _OF_TIME]
    return bool(standings) and set(standings) == {"pass"}


def _uninvited(verdict: Verdict) -> str:
    opted_out, unexpected = verdict.ledger.get("sent to opted-out", 0), verdict.ledger.get("unexpected", 0)
    parts = [
        f"{opted_out:,} who had opted out got one all the same" if opted_out else "",
        f"{counted(unexpected, 'messages')} went out that nobody was owed" if unexpected else "",
    ]
    said = " and ".join(part for part in parts if part)
    return f"{said}." if said else ""


def _checks(verdict: Verdict) -> str:
    failed = sum(result.standing == "fail" for result in verdict.results)
    unknown = sum(result.standing == "unknown" for result in verdict.results)
    total = len(verdict.results)
    if failed:
        return f"{failed} of {counted(total, 'checks')} failed."
    if unknown:
        return f"Nothing was found wrong, but {unknown} of {total} checks could not be judged."
    return f"All {total} checks passed."


def _left_alone(verdict: Verdict) -> str:
    withheld = sum(verdict.ledger.get(name, 0) for name in ("withheld", "refused"))
    return f"{withheld:,} more {'was' if withheld == 1 else 'were'} rightly left alone." if withheld else ""


def sufferer(verdict: Verdict) -> str | None:
    """Somebody whose story shows what is wrong: the first customer, else number, of the gravest findings."""
    wrong = [finding.where for group in verdict.groups if group.level in _WRONG for finding in group.examples]
    return next((name for where in wrong if (name := where.customer or where.number)), None)


_WRONG = frozenset({"error", "fail"})
