"""Canonical form: only values that may differ between two runs with one seed are left out."""

import json

from hypothesis import given
from hypothesis import strategies as st

from canonical_history import canonical, digest
from history_builder import HistoryBuilder, build_correct_run

CORRECT_RUN = build_correct_run()


def test_header_stays_first_without_ports(correct_run):
    header = json.loads(next(canonical(correct_run.encoded())))

    assert header["kind"] == "history"
    assert header["services"] == {"optimove": "{optimove}", "textlocal": "{textlocal}"}


def test_end_stays_last(correct_run):
    """It follows every line of its instant."""
    later = correct_run.lines_of("metrics")[-1] | {"at": correct_run.lines[0]["ended"]}

    assert json.loads(list(canonical(correct_run.plus(later).encoded()))[-1]) == {
        "at": correct_run.lines[0]["ended"], "kind": "end", "lines": 84,
    }  # fmt: skip


def test_real_time_and_line_numbers_are_left_out(correct_run):
    numbered = correct_run.change("delivery", lambda line: line | {"request": 7})
    keys = {key for line in canonical(numbered.encoded()) for key in json.loads(line)}

    assert keys.isdisjoint({"n", "real", "request"})


def test_advance_that_continues_in_a_second_call_does_not_change_the_digest(correct_run):
    """How often that happens depends on real time."""
    advance = {"n": 0, "at": "2026-03-02T06:00:00.000Z", "real": 0.0, "kind": "clock", "action": "advance",
               "to": "2026-03-02T09:00:00.000Z"}  # fmt: skip
    continued = advance | {"at": "2026-03-02T07:00:00.000Z"}

    assert digest(correct_run.plus(advance, continued).encoded()) == digest(correct_run.plus(advance).encoded())


@given(st.permutations(range(1, len(CORRECT_RUN.lines))))
def test_order_of_lines_does_not_change_the_digest(order):
    shuffled = HistoryBuilder((CORRECT_RUN.lines[0], *(CORRECT_RUN.lines[index] for index in order)))

    assert list(canonical(shuffled.encoded())) == list(canonical(CORRECT_RUN.encoded()))


def test_ports_do_not_change_the_digest(correct_run):
    """Two runs use other ports, and may name this machine differently."""
    text = b"".join(correct_run.encoded())
    moved = text.replace(b"127.0.0.1:9000", b"localhost:41234").replace(b"127.0.0.1:8001", b"127.0.0.1:40001")

    assert digest(moved.splitlines(keepends=True)) == digest(correct_run.encoded())
    assert b"{bridge}/webhooks/optimove/client/token" in b"".join(canonical(correct_run.encoded()))


def test_one_other_letter_changes_the_digest(correct_run):
    other = correct_run.change_delivery_to(3, text="Hello Dan3, welcome!")

    assert digest(other.encoded()) != digest(correct_run.encoded())


def test_remote_addresses_are_kept(correct_run):
    """Only URLs of this machine depend on the run."""
    story = correct_run.change("listener", lambda line: line | {"url": "https://bridge.example:9000/hook"})

    assert b"https://bridge.example:9000/hook" in b"".join(canonical(story.encoded()))
