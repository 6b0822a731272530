"""Results of load tests: saved, read again, and rejected if invalid."""

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_results import campaign, latency, loss, result, sample, triggers
from sendproof_harness.judge.findings import Blame
from sendproof_harness.load.model import (
    Kind,
    Latency,
    LoadResult,
    Loss,
    Process,
    ResultError,
    Role,
    Sample,
    Since,
    Stage,
    as_json,
    from_json,
    read_result,
    write_result,
)

names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
counts = st.integers(0, 2**53)
amounts = st.floats(0, 1e12)
blames = st.sampled_from(get_args(Blame))


def of_names(values):
    """Return dictionaries by name."""
    return st.dictionaries(names, values, max_size=3)


def unique_names(values):
    """Return tuples of records with unique names."""
    return st.lists(values, max_size=3, unique_by=lambda record: record.name).map(tuple)


stages = st.builds(Stage, name=names, unit=names, count=counts, seconds=amounts)
latencies = st.builds(
    Latency, name=names, since=st.sampled_from(get_args(Since)), count=counts, failed=counts,
    p50=amounts, p90=amounts, p95=amounts, p99=amounts, longest=amounts,
)  # fmt: skip
losses = st.builds(
    Loss, name=names, count=counts, looked_at=counts, unit=names, blame=blames,
    examples=st.lists(st.text(st.characters(exclude_categories=("Cs",))), max_size=3).map(tuple),
)  # fmt: skip
processes = st.builds(
    Process, role=st.sampled_from(get_args(Role)), name=names, pid=counts, peak_mb=amounts, cpu_seconds=amounts
)
samples = st.builds(
    Sample, at=amounts, counts=of_names(counts), latency=of_names(amounts), cores=of_names(amounts),
    memory_mb=of_names(amounts), machine=st.floats(0, 1), behind_ms=st.none() | amounts,
)  # fmt: skip
ordered_samples = st.lists(samples, max_size=3, unique_by=lambda sample: sample.at).map(
    lambda drawn: tuple(sorted(drawn, key=lambda sample: sample.at))
)
results = st.builds(
    lambda aborted, **rest: LoadResult(
        abort_reason=aborted and aborted[0], abort_blame=aborted and aborted[1], **rest
    ),
    kind=st.sampled_from(get_args(Kind)), title=names, settings=of_names(names), seed=counts, began=names,
    seconds=amounts, processors=st.integers(1, 512), stages=unique_names(stages), latencies=unique_names(latencies),
    losses=unique_names(losses), processes=unique_names(processes), samples=ordered_samples,
    aborted=st.none() | st.tuples(names, blames),
)  # fmt: skip


@given(results)
def test_any_result_survives_json(load_result):
    assert from_json(as_json(load_result)) == load_result


@pytest.mark.parametrize("load_result", [campaign(), triggers(), result()], ids=["campaign", "triggers", "empty"])
def test_saved_result_has_a_version_and_is_read_again(load_result, tmp_path):
    write_result(load_result, tmp_path / "result.json")

    assert json.loads((tmp_path / "result.json").read_text())["sendproof_load"] == 1
    assert read_result(tmp_path / "result.json") == load_result


def test_stage_without_duration_has_no_rate():
    assert Stage(name="sending", unit="messages", count=500, seconds=0.4).per_second == 1_250
    assert Stage(name="sending", unit="messages", count=1, seconds=0.0).per_second == 0


def error_message(content: bytes) -> str:
    """Return the error message for invalid content."""
    with pytest.raises(ResultError) as raised:
        from_json(content)
    return str(raised.value)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "text that is not JSON, at line 1, column 1"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"report": "sendproof-verdict"}', "Object missing required field `sendproof_load`"),
    ],
)
def test_other_file_is_rejected_with_the_expected_content(content, got):
    assert error_message(content) == (
        f'this is not a load test result: expected {{"sendproof_load": 1, ...}}, got: {got}; '
        "name the result.json of a load test"
    )


def test_other_version_is_rejected():
    content = as_json(result()).replace(b'"sendproof_load": 1', b'"sendproof_load": 2')
    assert (
        error_message(content)
        == "expected a result of version 1, got 2; judge it with the Sendproof version that wrote it"
    )


@pytest.mark.parametrize(
    ("old", "new", "got"),
    [
        (b'"seed"', b'"sead"', "Object contains unknown field `sead`"),
        (b'"processors": 2', b'"processors": 0', "Expected `int` >= 1 - at `$.processors`"),
        (b'"kind": "campaign"', b'"kind": "flood"', "Invalid enum value 'flood' - at `$.kind`"),
        (b'"count": 1000000', b'"count": -1', "Expected `int` >= 0 - at `$.stages[0].count`"),
        (b'"name": "sending"', b'"name": "reading"', 'expected each stage once, got "reading" 2 times'),
    ],
)
def test_invalid_value_is_rejected_with_its_path(old, new, got):
    content = as_json(campaign(samples=()))
    assert (
        error_message(content.replace(old, new, 1))
        == f"this load test result cannot be read: {got}; run the load test again"
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"latencies": (latency("page"), latency("page"))}, 'expected each latency once, got "page" 2 times'),
        ({"losses": (loss("lost"),) * 3}, 'expected each loss once, got "lost" 3 times'),
        (
            {"samples": (sample(2.0), sample(2.0))},
            "expected samples in increasing order of time, got another order",
        ),
        ({"abort_reason": "it hung"}, "expected both abort_reason and abort_blame, or neither, got one of them"),
    ],
)
def test_contradictory_result_cannot_be_created(parts, message):
    """An error at creation shows the cause; an error at judgement would not."""
    with pytest.raises(ValueError, match="expected") as raised:
        result(**parts)
    assert str(raised.value) == message
