"""Summary of a load test in one sentence: the answer, the speed, the losses and the levels."""

from collections.abc import Iterator, Mapping

from sendproof_harness.history.wording import counted
from sendproof_harness.judge.findings import Blame
from sendproof_harness.judge.verdict import Status
from sendproof_harness.load.bottleneck import tested_role
from sendproof_harness.load.formatting import UP, format_duration, format_number, join_names
from sendproof_harness.load.model import Latency, LoadResult, Loss, Role
from sendproof_harness.load.verdict import LoadVerdict, headline_stage

_ANSWERS: Mapping[Role, Mapping[Status, str]] = {
    "bridge": {
        "pass": "The bridge meets its targets",
        "fail": "The bridge misses its targets",
        "unknown": "Not proven",
        "error": "Not proven, because the load test itself failed",
    },
    "simulators": {
        "pass": "The simulators meet their targets",
        "fail": "The simulators miss their targets",
        "unknown": "Not proven",
        "error": "Not proven, because the load test itself failed",
    },
}

#: Of a failed bridge test whose only blame is another.
_ANSWERS_BY_BLAME: Mapping[Blame, str] = {
    "config": "The bridge was not measured, because its configuration is wrong",
    "network": "The bridge was not measured, because the network failed",
}

_SPEED_LEVELS = ("throughput.", "latency.")
# Number of losses, and of missed levels, that the sentence names; the table has all.
_MAX_NAMED = 3


def summary(verdict: LoadVerdict) -> str:
    """Return the answer with its reasons: rate, latency, losses and levels."""
    answer = _answer_by_blame(verdict) or _ANSWERS[tested_role(verdict.result.kind)][verdict.status]
    if verdict.status == "pass" and not any(level.id.startswith(_SPEED_LEVELS) for level in verdict.levels):
        answer = _answer_without_speed_target(verdict.result)
    facts = "; ".join((*_facts(verdict.result), _levels(verdict)))
    return f"{answer}: {facts}."


def _answer_by_blame(verdict: LoadVerdict) -> str | None:
    """Return the answer for a failure that is not the tested role's, None for any other verdict."""
    blames = {level.blame for level in verdict.levels if level.status == "fail"}
    if verdict.status != "fail" or len(blames) != 1:
        return None
    return _ANSWERS_BY_BLAME.get(blames.pop() or "bridge")


def _answer_without_speed_target(result: LoadResult) -> str:
    has_losses = any(loss.count for loss in result.losses)
    losses = "Losses are within their thresholds" if has_losses else "No losses"
    return f"{losses}. No speed target was set (--thresholds); measured"


def _facts(result: LoadResult) -> Iterator[str]:
    if result.abort_reason is not None:
        yield f"ended early ({result.abort_reason})"
    stage = headline_stage(result)
    if stage is not None:
        yield f"{counted(stage.count, stage.unit)} at {format_number(stage.per_second)} per second"
    measured = [latency for latency in result.latencies if latency.count]
    if measured:
        yield _latency(measured[0])
    observed = sorted((loss for loss in result.losses if loss.count or loss.looked_at), key=_is_zero)
    if observed:
        yield ", ".join(f"{loss.count:,} {loss.name}" for loss in observed[:_MAX_NAMED])


def _latency(latency: Latency) -> str:
    values = {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99}
    times = ", ".join(f"{name} {format_duration(value, UP)}" for name, value in values.items())
    return f"{latency.name} latency {times}"


def _is_zero(loss: Loss) -> bool:
    return not loss.count


def _levels(verdict: LoadVerdict) -> str:
    if not verdict.levels:
        return "no level was set and nothing was observed"
    titles = [level.title for level in verdict.levels if level.status == verdict.status]
    levels = counted(len(verdict.levels), "levels")
    if verdict.status == "pass":
        return f"{len(titles):,} of {levels} met"
    is_short = len(titles) <= _MAX_NAMED
    named = titles if is_short else [*titles[: _MAX_NAMED - 1], f"{len(titles) - _MAX_NAMED + 1} more"]
    return f"{len(titles):,} of {levels} {_STATUS_WORDS[verdict.status]}: {join_names(named)}"


_STATUS_WORDS: Mapping[Status, str] = {"fail": "missed", "unknown": "undetermined", "error": "failed"}
