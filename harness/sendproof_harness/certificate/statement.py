"""The statement of a certificate: what was run, what was observed, and what is not known. It follows from histories."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Literal

import msgspec

from sendproof_harness.certificate.suite import SUITE_VERSION, Flow
from sendproof_harness.history.records import History
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.judge.facts.deliveries.ledger import RESULT_KINDS
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.findings import Evidence, Requirement
from sendproof_harness.judge.verdict import Result, Status, Verdict, worst_status
from sendproof_harness.report.summary import summary
from sendproof_harness.scenario.model import SMS

#: A suite has some dozens of runs, and a run with several clients counts once for each.
MOST_RUNS = 1_000


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What is certified: a provider and a flow of one bridge, which is a URL, a command or the reference bridge.

    `messages` are the types of messages that the bridge sends.
    """

    provider: str
    flow: Flow
    messages: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = (SMS,)
    bridge: str
    suite: int = SUITE_VERSION
    sendproof: str = version("sendproof")


class RunStatement(msgspec.Struct, frozen=True, kw_only=True):
    """One run, or one client of it. Without a history, `why` is the reason, and nothing else is known.

    `name` is the folder of its history, `scenario` the name in the library. `recipients` is the delivery ledger of the
    judge, and `differences` the number of statements on which the recount disagrees. `observed_times` is false if send
    times could not be judged.
    """

    name: str
    scenario: str
    status: Status
    why: str = ""
    seed: int | None = None
    dialects: dict[str, str] = {}
    seal: str = ""
    contracts: dict[str, str] = {}
    recipients: dict[str, int] = {}
    differences: int = 0
    observed_times: bool = True
    summary: str = ""


class RequirementStatement(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement: its worst status, the items that its checks looked at, and the number of runs with any.

    The status is `not tested` if no run contained the situation that the requirement is about.
    """

    number: str
    text: str
    source: str
    evidence: Evidence
    status: Status | Literal["not tested"]
    looked_at: int
    runs: int


class Assumption(msgspec.Struct, frozen=True, kw_only=True):
    """An open question about a real API, with the option that the simulators took for it."""

    dialect: str
    question: str
    option: str


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `statement.json`. Within a version, members are only added.

    `assumptions` come from the contracts of the simulators; all else follows from the histories.
    """

    certificate: Literal["sendproof-certificate"] = "sendproof-certificate"
    version: Literal[1] = 1
    claim: Claim
    status: Status
    runs: Annotated[tuple[RunStatement, ...], msgspec.Meta(max_length=MOST_RUNS)]
    requirements: tuple[RequirementStatement, ...]
    unknowns: tuple[str, ...]
    assumptions: tuple[Assumption, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CertifiedRun:
    """A run with its history and verdict. Without them, `why` is the reason, and `status` what follows from it."""

    name: str
    scenario: str
    status: Status = "unknown"
    history: History | None = None
    verdict: Verdict | None = None
    differences: int = 0
    why: str = ""


def statement_of(claim: Claim, runs: Sequence[CertifiedRun], assumptions: Sequence[Assumption]) -> Statement:
    """Return the statement that follows from the runs."""
    stated = tuple(map(_run_statement, runs))
    statuses: list[Status] = [run.status for run in stated]
    # A certificate is no better than its evidence: where two counts of one history differ, one of them is wrong.
    statuses += ["error" for run in stated if run.differences]
    return Statement(
        claim=claim,
        status=worst_status(statuses),
        runs=stated,
        requirements=tuple(_requirement_statements(runs)),
        unknowns=tuple(dict.fromkeys(_unknowns(runs))),
        assumptions=tuple(assumptions),
    )


def _run_statement(run: CertifiedRun) -> RunStatement:
    history, verdict = run.history, run.verdict
    if history is None or verdict is None:
        return RunStatement(name=run.name, scenario=run.scenario, status=run.status, why=run.why)
    return RunStatement(
        name=run.name,
        scenario=run.scenario,
        status=verdict.status,
        seed=history.header.seed,
        dialects=dict(history.header.dialects),
        seal=history.seal,
        contracts=dict(history.header.contracts),
        recipients={kind: verdict.ledger[kind] for kind in RESULT_KINDS if verdict.ledger.get(kind)},
        differences=run.differences,
        observed_times=times_are_meaningful(history),
        summary=summary(verdict),
    )


def _requirement_statements(runs: Sequence[CertifiedRun]) -> Iterator[RequirementStatement]:
    results: dict[str, list[Result]] = {}
    for run in runs:
        for result in run.verdict.results if run.verdict is not None else ():
            results.setdefault(result.check.requirement.number, []).append(result)
    for number, requirement in sorted(_all_requirements().items()):
        yield _requirement_statement(requirement, results.get(number, ()))


def _all_requirements() -> Mapping[str, Requirement]:
    return {check.requirement.number: check.requirement for check in CHECKS}


def _requirement_statement(requirement: Requirement, results: Sequence[Result]) -> RequirementStatement:
    return RequirementStatement(
        number=requirement.number,
        text=requirement.text,
        source=requirement.source,
        evidence=requirement.evidence,
        status=worst_status(result.status for result in results) if results else "not tested",
        looked_at=sum(result.looked_at for result in results),
        runs=sum(1 for result in results if result.looked_at),
    )


def _unknowns(runs: Iterable[CertifiedRun]) -> Iterator[str]:
    """Yield what the runs leave open, in words."""
    for run in runs:
        if run.verdict is None:
            yield f"{run.scenario} did not run: {run.why}"
            continue
        for result in run.verdict.results:
            for group in result.groups if result.status == "unknown" else ():
                yield f"{result.check.requirement.number} {result.check.title}: {group.cause} ({run.name})"
