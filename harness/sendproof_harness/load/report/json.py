"""JSON report of a load test, for programs: `verdict.json`, defined by `verdict.schema.json` in this folder."""

from collections.abc import Mapping

import msgspec

from sendproof_harness.load.analysis.generator_limit import limit_of
from sendproof_harness.load.bottleneck import Bottleneck
from sendproof_harness.load.model import LoadResult
from sendproof_harness.load.report.summary import summary
from sendproof_harness.load.verdict import LoadVerdict

VERSION = 1


def render(verdict: LoadVerdict) -> str:
    """Return the report as JSON, version 1. Within a version, keys are only added."""
    return msgspec.json.format(msgspec.json.encode(document(verdict)), indent=2).decode() + "\n"


def document(verdict: LoadVerdict) -> Mapping[str, object]:
    """Return the report as plain values: verdict, levels, bottleneck, and the saved result."""
    return {
        "report": "sendproof-load-verdict",
        "version": VERSION,
        "verdict": verdict.status,
        "exit_status": verdict.exit_status,
        "summary": summary(verdict),
        "bottleneck": _bottleneck(verdict.bottleneck),
        "generator": _generator(verdict.result),
        "levels": [msgspec.to_builtins(level) for level in verdict.levels],
        "result": _result(verdict.result),
    }


def _bottleneck(bottleneck: Bottleneck) -> Mapping[str, object]:
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


def _generator(result: LoadResult) -> Mapping[str, object] | None:
    limit = limit_of(result)
    return None if limit is None else msgspec.to_builtins(limit) | {"sentence": limit.sentence}


def _result(result: LoadResult) -> Mapping[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(result)
    stages = [msgspec.to_builtins(stage) | {"per_second": stage.per_second} for stage in result.stages]
    return plain | {"stages": stages}
