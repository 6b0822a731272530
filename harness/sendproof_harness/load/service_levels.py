"""Service levels: what a load test has to reach, read from a YAML file and held against `service_levels.schema.json`.

The schema knows the names of what can be set, and no name of a stage, latency or loss: those belong to the kind of load
test. A level about one that a result does not have is `unknown`, and says which there are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sendproof_harness.load.model import Role
from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.schema_validation import validate_against_schema
from sendproof_harness.scenario.values import parse_megabytes, parse_milliseconds, parse_share
from sendproof_harness.scenario.yaml_source import parse_document, read_text

SCHEMA_FILE = Path(__file__).with_name("service_levels.schema.json")

#: The numbers of a latency for which there can be a level, by the name of the field.
Percentile = Literal["p50", "p90", "p95", "p99", "longest"]

BEHIND_MS = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevels:
    """What has to be reached; whatever is left out is not asked for, but that nothing is lost.

    `losses` at most, 0 for each that is not named. `throughput` at least, a second, by stage. `latency_ms` at most, by
    latency. `failed` at most, of all calls. `memory_mb` at most, by role, in millions of bytes. `behind_ms` is how late
    the load generator may be before its latencies say nothing.
    """

    losses: Mapping[str, int] = field(default_factory=dict)
    throughput: Mapping[str, float] = field(default_factory=dict)
    latency_ms: Mapping[str, Mapping[Percentile, float]] = field(default_factory=dict)
    failed: Fraction | None = None
    memory_mb: Mapping[Role, float] = field(default_factory=dict)
    behind_ms: float = BEHIND_MS


def load_levels(path: Path) -> ServiceLevels:
    """The levels in a file. Raises `InvalidFileError` with every mistake, each with its line."""
    return parse_levels(read_text(path, "a file of service levels, which docs/thresholds.md explains"), str(path))


def parse_levels(text: str, file: str) -> ServiceLevels:
    """The same for the text of a file; `file` is the name to use in messages."""
    document = parse_document(text, file, "service levels")
    content = document.value
    mistakes = set(validate_against_schema(document, schema()))
    if mistakes or not isinstance(content, dict):
        raise InvalidFileError(mistakes)
    return _levels(content)


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of levels."""
    content: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return content


def _levels(content: Mapping[str, Any]) -> ServiceLevels:
    latency: Mapping[str, Mapping[Percentile, str]] = content.get("latency", {})
    memory: Mapping[Role, str] = content.get("memory", {})
    return ServiceLevels(
        losses=content.get("losses", {}),
        throughput=content.get("throughput", {}),
        latency_ms={
            name: {percentile: parse_milliseconds(length) for percentile, length in some.items()}
            for name, some in latency.items()
        },
        failed=parse_share(content["failed"]) if "failed" in content else None,
        memory_mb={role: parse_megabytes(size) for role, size in memory.items()},
        behind_ms=parse_milliseconds(content["behind"]) if "behind" in content else BEHIND_MS,
    )
