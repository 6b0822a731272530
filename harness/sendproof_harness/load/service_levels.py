"""Service levels: the thresholds of a load test, read from a YAML file and validated by `service_levels.schema.json`.

The schema defines the keys, but no names of stages, latencies or losses, because those depend on the kind of load test.
A level for a name that the result does not have is `unknown`, and its explanation lists the existing names.
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

#: Fields of a latency that can have a level.
Percentile = Literal["p50", "p90", "p95", "p99", "longest"]

#: What may grow over the time of a load test: of the bridge, or of its most important latency.
Grows = Literal["memory", "descriptors", "latency"]

#: Default of the delay up to which the latencies of a load generator are meaningful.
BEHIND_MS = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevels:
    """Thresholds of a load test; a key that is left out sets no threshold, except that every loss must be 0.

    `losses`: maximum, 0 for each loss that is not named. `throughput`: minimum per second, by stage. `latency_ms`:
    maximum, by latency. `failed`: maximum share of all calls. `memory_mb`: maximum in millions of bytes, by role.
    `behind_ms`: delay of the load generator above which its latencies are not meaningful. `growth`: maximum growth over
    the time, as a share of the value after a quarter of it.
    """

    losses: Mapping[str, int] = field(default_factory=dict)
    throughput: Mapping[str, float] = field(default_factory=dict)
    latency_ms: Mapping[str, Mapping[Percentile, float]] = field(default_factory=dict)
    failed: Fraction | None = None
    memory_mb: Mapping[Role, float] = field(default_factory=dict)
    behind_ms: float = BEHIND_MS
    growth: Mapping[Grows, Fraction] = field(default_factory=dict)


def load_levels(path: Path) -> ServiceLevels:
    """Return the levels in a file. Raises `InvalidFileError` with all mistakes, each with its line."""
    return parse_levels(
        read_text(path, "a file of service levels, which `sendproof docs thresholds` explains"), str(path)
    )


def parse_levels(text: str, file: str) -> ServiceLevels:
    """Return the levels in a text. `file` is the name for messages; mistakes raise `InvalidFileError`."""
    document = parse_document(text, file, "service levels")
    content = document.value
    mistakes = set(validate_against_schema(document, schema()))
    if mistakes or not isinstance(content, dict):
        raise InvalidFileError(mistakes)
    return _levels(content)


@cache
def schema() -> Mapping[str, Any]:
    """Return the JSON Schema of a file of service levels."""
    content: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return content


def _levels(content: Mapping[str, Any]) -> ServiceLevels:
    latency: Mapping[str, Mapping[Percentile, str]] = content.get("latency", {})
    memory: Mapping[Role, str] = content.get("memory", {})
    growth: Mapping[Grows, str] = content.get("growth", {})
    return ServiceLevels(
        losses=content.get("losses", {}),
        throughput=content.get("throughput", {}),
        latency_ms={
            name: {percentile: parse_milliseconds(length) for percentile, length in limits.items()}
            for name, limits in latency.items()
        },
        failed=parse_share(content["failed"]) if "failed" in content else None,
        memory_mb={role: parse_megabytes(size) for role, size in memory.items()},
        growth={name: parse_share(share) for name, share in growth.items()},
        behind_ms=parse_milliseconds(content["behind"]) if "behind" in content else BEHIND_MS,
    )
