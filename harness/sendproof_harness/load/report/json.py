"""The verdict on a load test for programs: `verdict.json`, described by `verdict.schema.json` beside this file."""

from collections.abc import Mapping

import msgspec

from sendproof_harness.load.bottleneck import Bottleneck
from sendproof_harness.load.model import LoadResult
from sendproof_harness.load.report.summary import summary
from sendproof_harness.load.verdict import LoadVerdict

VERSION = 1


def render(verdict: LoadVerdict) -> str:
    """Version 1 of the report. Keys are only ever added within a version."""
    return msgspec.json.format(msgspec.json.encode(document(verdict)), indent=2).decode() + "\n"


def document(verdict: LoadVerdict) -> Mapping[str, object]:
    """The same as plain values: the verdict, each level, who was the limit, and the result as it was saved."""
    return {
        "report": "sendproof-load-verdict",
        "version": VERSION,
        "verdict": verdict.status,
        "exit_status": verdict.exit_status,
        "summary": summary(verdict),
        "limit": _limit(verdict.bottleneck),
        "levels": [msgspec.to_builtins(one) for one in verdict.judged],
        "result": _result(verdict.result),
    }


def _limit(bottleneck: Bottleneck) -> Mapping[str, object]:
    return {
        "sentence": bottleneck.sentence,
        "of": bottleneck.window.of,
        "machine": bottleneck.machine,
        "behind_ms": bottleneck.behind_ms,
        "processes": [
            {"name": use.process.name, "role": use.process.role, "cores": use.cores, "full": use.full}
            for use in bottleneck.uses
        ],
    }


def _result(result: LoadResult) -> Mapping[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(result)
    stages = [msgspec.to_builtins(stage) | {"per_second": stage.per_second} for stage in result.stages]
    return plain | {"stages": stages}
