"""A result is saved, and read again as what it was."""

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
    """A table by name."""
    return st.dictionaries(names, values, max_size=3)


def several(values):
    """Some of them, each name once."""
    return st.lists(values, max_size=3, unique_by=lambda one: one.name).map(tuple)


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
in_order = st.lists(samples, max_size=3, unique_by=lambda one: one.at).map(
    lambda some: tuple(sorted(some, key=lambda one: one.at))
)
results = st.builds(
    lambda aborted, **rest: LoadResult(
        abort_reason=aborted and aborted[0], abort_blame=aborted and aborted[1], **rest
    ),
    kind=st.sampled_from(get_args(Kind)), title=names, settings=of_names(names), seed=counts, began=names,
    seconds=amounts, processors=st.integers(1, 512), stages=several(stages), latencies=several(latencies),
    losses=several(losses), processes=several(processes), samples=in_order,
    aborted=st.none() | st.tuples(names, blames),
)  # fmt: skip


@given(results)
def test_what_is_saved_is_read_again(one):
    """Every result comes back as it was, whatever is in it."""
    assert from_json(as_json(one)) == one


@pytest.mark.parametrize("one", [campaign(), triggers(), result()], ids=["campaign", "triggers", "nothing"])
def test_a_file_holds_one_result(one, tmp_path):
    """It says of which version it is, and is read from the file alone."""
    write_result(one, tmp_path / "result.json")

    assert json.loads((tmp_path / "result.json").read_text())["sendproof_load"] == 1
    assert read_result(tmp_path / "result.json") == one


def test_how_many_a_second():
    """A stage of one instant has no pace."""
    assert Stage(name="sending", unit="messages", count=500, seconds=0.4).per_second == 1_250
    assert Stage(name="sending", unit="messages", count=1, seconds=0.0).per_second == 0


def told(content: bytes) -> str:
    """What is said of a file that is no result."""
    with pytest.raises(ResultError) as raised:
        from_json(content)
    return str(raised.value)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "Input data was truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"report": "sendproof-verdict"}', "Object missing required field `sendproof_load`"),
    ],
)
def test_another_file_is_refused(content, got):
    """Whoever names the wrong file is told what a result looks like."""
    assert told(content) == (
        f'this is not the result of a load test: expected {{"sendproof_load": 1, ...}}, got: {got}'
    )


def test_another_version_is_refused():
    """It is not read as if it were of this one."""
    content = as_json(result()).replace(b'"sendproof_load": 1', b'"sendproof_load": 2')
    assert told(content) == "expected a result of version 1, got 2; judge it with the Sendproof that wrote it"


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
def test_a_spoilt_file_is_refused(old, new, got):
    """The message names the place."""
    content = as_json(campaign(samples=()))
    assert told(content.replace(old, new, 1)) == f"this result cannot be read: {got}; run the load test again"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"latencies": (latency("page"), latency("page"))}, 'expected each latency once, got "page" 2 times'),
        ({"losses": (loss("lost"),) * 3}, 'expected each loss once, got "lost" 3 times'),
        (
            {"samples": (sample(2.0), sample(2.0))},
            "expected samples each later than the one before it, got another order",
        ),
        ({"abort_reason": "it hung"}, "expected trouble with trouble_blame, or neither, got one of them"),
    ],
)
def test_a_result_that_contradicts_itself_is_not_made(parts, message):
    """It is refused where it is made, not when it is judged."""
    with pytest.raises(ValueError, match="expected") as raised:
        result(**parts)
    assert str(raised.value) == message
