"""Will it work? The verdict on a load test in one sentence, for somebody who reads nothing else."""

from collections.abc import Iterator, Mapping

from sendproof_harness.judge.verdict import Status
from sendproof_harness.load.bottleneck import tested_role
from sendproof_harness.load.formatting import UP, length, listed, number
from sendproof_harness.load.model import LoadResult, Loss, Role
from sendproof_harness.load.verdict import LoadVerdict, headline_stage
from sendproof_harness.report.formatting import counted

_ANSWERS: Mapping[Role, Mapping[Status, str]] = {
    "bridge": {
        "pass": "It will work",
        "fail": "It will not work",
        "unknown": "Nobody can say whether it will work",
        "error": "Nobody can say whether it will work, as the load test itself broke",
    },
    "simulators": {
        "pass": "The simulators can do it",
        "fail": "The simulators cannot do it",
        "unknown": "Nobody can say whether the simulators can do it",
        "error": "Nobody can say whether the simulators can do it, as the load test itself broke",
    },
}

_OF_SPEED = ("throughput.", "latency.")
# Of losses and of missed levels; the table has them all.
_NAMED = 3


def summary(verdict: LoadVerdict) -> str:
    """The answer, how many a second, how quickly, what was lost, and which levels say so."""
    answer = _ANSWERS[tested_role(verdict.result.kind)][verdict.status]
    if verdict.status == "pass" and not any(one.id.startswith(_OF_SPEED) for one in verdict.judged):
        answer = "Nothing went wrong; how quick it has to be was not said"
    facts = "; ".join((*_facts(verdict.result), _levels(verdict)))
    return f"{answer}: {facts}."


def _facts(result: LoadResult) -> Iterator[str]:
    if result.abort_reason is not None:
        yield f"it ended early ({result.abort_reason})"
    stage = headline_stage(result)
    if stage is not None:
        yield f"{counted(stage.count, stage.unit)} at {number(stage.per_second)} a second"
    for latency in [one for one in result.latencies if one.count][:1]:
        times = f"p50 {length(latency.p50, UP)}, p95 {length(latency.p95, UP)}, p99 {length(latency.p99, UP)}"
        yield f"{latency.name} latency {times}"
    observed = sorted((loss for loss in result.losses if loss.count or loss.looked_at), key=_some_first)
    if observed:
        yield ", ".join(f"{loss.count:,} {loss.name}" for loss in observed[:_NAMED])


def _some_first(loss: Loss) -> bool:
    return not loss.count


def _levels(verdict: LoadVerdict) -> str:
    if not verdict.judged:
        return "nothing was asked and nothing was observed"
    some = [one.title for one in verdict.judged if one.status == verdict.status]
    levels = counted(len(verdict.judged), "levels")
    if verdict.status == "pass":
        return f"{len(some):,} of {levels} met"
    named = some if len(some) <= _NAMED else [*some[: _NAMED - 1], f"{len(some) - _NAMED + 1} more"]
    return f"{len(some):,} of {levels} {_VERBS[verdict.status]}: {listed(named)}"


_VERBS: Mapping[Status, str] = {"fail": "missed", "unknown": "not to be judged", "error": "broken"}
