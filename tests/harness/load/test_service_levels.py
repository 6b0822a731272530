"""Files of service levels: valid content, and error messages."""

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sendproof_harness.load.service_levels import SCHEMA_FILE, ServiceLevels, load_levels, parse_levels
from sendproof_harness.scenario.diagnostics import InvalidFileError

PAGE = Path(__file__).parents[3] / "docs" / "thresholds.md"


def test_example_of_the_documentation_is_parsed(tmp_path):
    """Durations are in milliseconds, sizes in megabytes, and shares exact."""
    example = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "levels.yaml"
    file.write_text(example.group(1))

    assert load_levels(file) == ServiceLevels(
        losses={"lost": 0, "late": 10},
        throughput={"sending": 1000},
        latency_ms={"acknowledgement": {"p95": 500.0, "p99": 2_000.0}},
        failed=Fraction(1, 1_000),
        memory_mb={"bridge": 1_000.0},
        behind_ms=250.0,
        growth={"memory": Fraction(5, 100)},
    )


def test_empty_file_sets_no_thresholds():
    assert parse_levels("{}", "levels.yaml") == ServiceLevels()
    assert ServiceLevels().behind_ms == 100.0


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("500 ms", 500.0), ("0.5 ms", 0.5), ("1.5 s", 1_500.0), ("1 second", 1_000.0), ("2 minutes", 120_000.0)],
)
def test_duration_is_parsed_as_milliseconds(text, milliseconds):
    assert parse_levels(f"behind: {text}", "levels.yaml").behind_ms == milliseconds


@pytest.mark.parametrize(("text", "megabytes"), [("512 MB", 512.0), ("1.5 GB", 1_500.0)])
def test_size_is_parsed_as_millions_of_bytes(text, megabytes):
    assert parse_levels(f"memory: {{simulators: {text}}}", "levels.yaml").memory_mb == {"simulators": megabytes}


def error_messages(text: str) -> list[str]:
    """Return the error messages for a text."""
    with pytest.raises(InvalidFileError) as raised:
        parse_levels(text, "my.yaml")
    return str(raised.value).splitlines()


_DURATION = "expected a duration such as 500 ms, 1.5 s or 2 minutes, got"
_PERCENTILES = "expected a mapping of percentiles, such as {p95: 500 ms, p99: 2 s}, got"
_SHARE = "expected a percentage from 0% to 100%, such as 0.1%, got"
_SIZE = "expected a size such as 512 MB or 1.5 GB, got"
_KNOWN = "sendproof, losses, throughput, latency, failed, growth, memory, behind"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "my.yaml:1: expected service levels, got an empty file"),
        ("[lost]", "my.yaml:1: expected service levels: a mapping of keys, got a list"),
        ("sendproof: 2", "my.yaml:1: sendproof: expected the version of the service level format, which is 1, got 2"),
        ("losses: [lost]", "my.yaml:1: losses: expected a mapping of losses, such as {lost: 0}, got a list"),
        ("losses: {lost: -1}", "my.yaml:1: losses.lost: expected a whole number, 0 or more, got -1"),
        ("losses: {lost: 0.5}", "my.yaml:1: losses.lost: expected a whole number, 0 or more, got 0.5"),
        ("throughput: 9", "my.yaml:1: throughput: expected a mapping of stages, such as {sending: 1000}, got 9"),
        (
            "throughput: {sending: 0}",
            "my.yaml:1: throughput.sending: expected a number per second, greater than 0, got 0",
        ),
        (
            "latency: fast",
            'my.yaml:1: latency: expected a mapping of latencies, such as {message: {p95: 500 ms}}, got "fast"',
        ),
        ("latency: {page: {}}", f"my.yaml:1: latency.page: {_PERCENTILES} an empty mapping"),
        ("latency: {page: 1 s}", f'my.yaml:1: latency.page: {_PERCENTILES} "1 s"'),
        ("latency: {page: {p96: 1 s}}", 'my.yaml:1: latency.page.p96: unknown key, did you mean "p99"?'),
        ("latency: {page: {p95: 5}}", f"my.yaml:1: latency.page.p95: {_DURATION} 5"),
        ("latency: {page: {p95: 0.5 minutes}}", f'my.yaml:1: latency.page.p95: {_DURATION} "0.5 minutes"'),
        ("failed: 0.1", f"my.yaml:1: failed: {_SHARE} 0.1"),
        ("failed: 101%", f'my.yaml:1: failed: {_SHARE} "101%"'),
        ("memory: 1 GB", 'my.yaml:1: memory: expected a mapping of roles, such as {bridge: 1 GB}, got "1 GB"'),
        ("memory: {bridge: 1000}", f"my.yaml:1: memory.bridge: {_SIZE} 1000"),
        ("memory: {brigde: 1 GB}", 'my.yaml:1: memory.brigde: unknown key, did you mean "bridge"?'),
        ("behind: soon", f'my.yaml:1: behind: {_DURATION} "soon"'),
        ("zzz: 1", f"my.yaml:1: zzz: unknown key, known: {_KNOWN}"),
        ("behind: 1 s\nbehind: 2 s", "my.yaml:2: behind: this key already occurs on line 1; remove one of the two"),
    ],
)
def test_invalid_content_is_rejected_with_its_line(text, message):
    assert error_messages(text) == [message]


def test_all_mistakes_are_reported_at_once():
    """A user must not have to run a load test again to see the second mistake."""
    assert error_messages("failed: half\nthroughput:\n  sending: fast\n") == [
        'my.yaml:1: failed: expected a percentage from 0% to 100%, such as 0.1%, got "half"',
        'my.yaml:3: throughput.sending: expected a number per second, greater than 0, got "fast"',
    ]


def test_missing_file_is_rejected_with_its_path(tmp_path):
    with pytest.raises(InvalidFileError) as raised:
        load_levels(tmp_path / "levels.yaml")
    assert str(raised.value) == (
        f"{tmp_path}/levels.yaml:1: cannot be read: No such file or directory; "
        "expected the path of a file of service levels, which `sendproof docs thresholds` explains"
    )


def test_schema_is_valid_and_its_keys_are_documented():
    schema = json.loads(SCHEMA_FILE.read_text())
    Draft202012Validator.check_schema(schema)
    rows = re.findall(r"^\| `([a-z]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert rows == [key for key in schema["properties"] if key != "sendproof"]
