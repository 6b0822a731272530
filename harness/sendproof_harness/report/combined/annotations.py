"""The findings of all scenarios, each as one annotation, for SARIF and for GitHub."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.history.wording import counted
from sendproof_harness.report.combined.record import Outcome
from sendproof_harness.report.combined.verdicts import Acceptance, Check, ClientVerdict, Group

#: GitHub shows at most ten of a kind for each step.
GITHUB_MAX = 10
#: The rules of annotations that belong to no check.
ACCEPTED_RULE, RUN_RULE = "accepted.failure", "run.started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One cause of one scenario. `file` is the file to show it at: the scenario, or else its report.

    `accepted` is the reason why it does not fail the job, None if it does.
    """

    rule: str
    scenario: str
    cause: str
    text: str
    file: str
    accepted: str | None = None


def annotations(results: Path, outcomes: Iterable[Outcome], verdicts: Sequence[ClientVerdict]) -> list[Annotation]:
    """Return the annotations of all scenarios: those that fail the job first. Notes need no action, and have none."""
    found = [
        *(_unjudged(outcome, results) for outcome in outcomes if not (outcome.has_reports or outcome.is_neutral)),
        *(annotation for verdict in verdicts for annotation in _of_verdict(verdict)),
    ]
    return sorted(found, key=lambda annotation: annotation.accepted is not None)


def github_lines(found: Iterable[Annotation]) -> Iterator[str]:
    """Yield the workflow commands that make GitHub show the annotations which fail the job."""
    failing = [annotation for annotation in found if annotation.accepted is None]
    for annotation in failing[:GITHUB_MAX]:
        # GitHub shows an annotation without a file at the job.
        file = f"file={_property(annotation.file)}," if annotation.file.endswith((".yaml", ".yml")) else ""
        title = _property(f"{annotation.scenario}: {annotation.cause}")
        yield f"::error {file}title={title}::{_data(annotation.text)}"
    if len(failing) > GITHUB_MAX:
        yield f"::notice title=Sendproof::{len(failing) - GITHUB_MAX} more causes are in the summary and the reports"


def _unjudged(outcome: Outcome, results: Path) -> Annotation:
    return Annotation(
        rule=RUN_RULE,
        scenario=outcome.scenario,
        cause="not judged",
        text=outcome.reason,
        file=outcome.file or (results / outcome.scenario).as_posix(),
    )


def _of_verdict(client: ClientVerdict) -> Iterator[Annotation]:
    file = client.outcome.file or (client.folder / "report.html").as_posix()
    followed = {group.check for root in client.verdict.root_causes for group in root.consequences}
    for check in client.verdict.checks:
        for group in check.findings:
            if group.level == "note":
                continue
            yield Annotation(
                rule=check.id,
                scenario=client.name,
                cause=group.cause,
                text=_text(group, check),
                file=file,
                accepted=_reason(client, check, group) if check.accepted else None,
            )
        # After a failure, much is not observed: the failure comes first.
        is_alone = client.verdict.verdict == "unknown"
        if is_alone and check.verdict == "unknown" and not check.findings and check.id not in followed:
            yield Annotation(
                rule=check.id,
                scenario=client.name,
                cause="not observed",
                text=f"{check.title}: unknown, because there were no {check.unit} to look at",
                file=file,
                accepted="--allow-unknown" if check.accepted else None,
            )
    yield from (
        _broken(client, acceptance) for acceptance in client.verdict.accepted_failures if _is_broken(acceptance)
    )


def _text(group: Group, check: Check) -> str:
    example = group.examples[0]
    where = ", ".join(f"{name} {value}" for name, value in example.where.items()) or "the whole run"
    lines = [
        f"{check.requirement.number} {check.title}: {group.cause} ({group.count:,}, blame: {group.blame})",
        f"{where}: expected {example.expected}, got {example.got}",
        *([f"Do: {group.remedy}"] if group.remedy else []),
        *([_following(sum(other.count for other in group.consequences))] if group.consequences else []),
    ]
    return "\n".join(lines)


def _following(number: int) -> str:
    return f"{counted(number, 'findings')} {'follows' if number == 1 else 'follow'}"


def _reason(client: ClientVerdict, check: Check, group: Group) -> str:
    """Return the reason of the entry that accepts the cause, or the option that does."""
    entries = (entry for entry in client.verdict.accepted_failures if entry.check == check.id)
    reasons = (f"{entry.reason} (until {entry.expires})" for entry in entries if group.cause.startswith(entry.cause))
    return next(reasons, "--allow-unknown")


def _is_broken(acceptance: Acceptance) -> bool:
    return acceptance.state in {"gone", "expired"}


def _broken(client: ClientVerdict, acceptance: Acceptance) -> Annotation:
    problem = "passes again" if acceptance.state == "gone" else f"was accepted until {acceptance.expires} only"
    file, _, _ = acceptance.place.rpartition(":")
    return Annotation(
        rule=ACCEPTED_RULE,
        scenario=client.name,
        cause=f"accepted failure {problem}",
        text=f"{acceptance.check}: {acceptance.cause}: {problem}; see the entry at {acceptance.place}",
        file=file,
    )


def _data(text: str) -> str:
    """Return the text of a workflow command: an escaped line end cannot begin another command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
