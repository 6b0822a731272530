"""Check that the run contained what its scenario is about: otherwise a pass would prove nothing."""

from collections.abc import Mapping

from sendproof_harness.history.parts import Subject
from sendproof_harness.history.records import History
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.facts.subjects import is_present, subject_text
from sendproof_harness.judge.findings import Check, CheckResult, Finding
from sendproof_harness.judge.requirements import SUBJECTS_PRESENT

_ID = "run.subjects"


def check_subjects_present(history: History) -> CheckResult:
    """Find subjects of the scenario that the run did not contain."""
    subjects = _subjects(history)
    absent = [subject for subject in subjects if not is_present(history, subject)]
    explain = _absent if times_are_meaningful(history) else _sent_before_it
    findings = tuple(explain(subject) for subject in absent)
    return CheckResult(looked_at=len(subjects), unit="subjects", findings=findings)


def _subjects(history: History) -> tuple[Subject, ...]:
    return tuple(subject for scenario in history.scenarios for subject in scenario.subjects)


def _absent(subject: Subject) -> Finding:
    return Finding(
        check=_ID,
        level="unknown",
        blame="harness",
        cause=f"the run did not contain a subject of its scenario; {_remedy(subject)}",
        expected=subject_text(subject),
        got="none",
    )


def _sent_before_it(subject: Subject) -> Finding:
    """Return the finding about a bridge whose clock is ahead, so it sends before an opt-out between two messages."""
    return Finding(
        check=_ID,
        level="unknown",
        blame="config",
        cause="the run did not contain a subject of its scenario: without the virtual clock, messages go out at once",
        expected=subject_text(subject),
        got="none",
        remedy=f"use the virtual clock: sendproof docs connect-your-bridge, section 3; otherwise {_remedy(subject)}",
    )


def _remedy(subject: Subject) -> str:
    spell_out = "choose another seed, or spell the customer out in `individuals` of the audience"
    return _REMEDIES.get(subject.value, spell_out) if subject.kind == "withheld" else spell_out


# What withholds a message from a customer, where no protection of an individual can.
_REMEDIES: Mapping[str | int | bool, str] = {
    "control_group": "choose another seed, or a larger `control_group`",
    "outside_segment": "name a customer who otherwise is due a message in `customers` of the segment",
    "suppressed": "give an individual with `protection: none` an excluded value of the suppression attribute",
    "unknown_customer": "name an individual with `protection: none` in `new_customers`",
}

CHECKS = (
    Check(
        id=_ID,
        title="The run contained what its scenario is about",
        requirement=SUBJECTS_PRESENT,
        run=check_subjects_present,
        applies=lambda history: not history.aborted and not history.running and bool(_subjects(history)),
        scope="runs of a scenario",
    ),
)
