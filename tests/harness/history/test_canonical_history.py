"""Canonical form: only values that may differ between two runs with one seed are left out."""

import json

from hypothesis import given
from hypothesis import strategies as st

from canonical_history import canonical, digest
from history_builder import Story, sound_story

SOUND = sound_story()


def test_header_stays_first_without_ports(sound):
    header = json.loads(next(canonical(sound.encoded())))

    assert header["kind"] == "history"
    assert header["services"] == {"optimove": "{optimove}", "textlocal": "{textlocal}"}


def test_end_stays_last(sound):
    """It follows every line of its instant."""
    later = sound.of("metrics")[-1] | {"at": sound.lines[0]["ended"]}

    assert json.loads(list(canonical(sound.plus(later).encoded()))[-1]) == {
        "at": sound.lines[0]["ended"], "kind": "end", "lines": 84,
    }  # fmt: skip


def test_real_time_and_line_numbers_are_left_out(sound):
    numbered = sound.change("delivery", lambda line: line | {"request": 7})
    keys = {key for line in canonical(numbered.encoded()) for key in json.loads(line)}

    assert keys.isdisjoint({"n", "real", "request"})


@given(st.permutations(range(1, len(SOUND.lines))))
def test_order_of_lines_does_not_change_the_digest(order):
    shuffled = Story((SOUND.lines[0], *(SOUND.lines[index] for index in order)))

    assert list(canonical(shuffled.encoded())) == list(canonical(SOUND.encoded()))


def test_ports_do_not_change_the_digest(sound):
    """Two runs use other ports, and may name this machine differently."""
    text = b"".join(sound.encoded())
    moved = text.replace(b"127.0.0.1:9000", b"localhost:41234").replace(b"127.0.0.1:8001", b"127.0.0.1:40001")

    assert digest(moved.splitlines(keepends=True)) == digest(sound.encoded())
    assert b"{bridge}/webhooks/optimove/client/token" in b"".join(canonical(sound.encoded()))


def test_one_other_letter_changes_the_digest(sound):
    other = sound.change_delivery_to(3, text="Hello Dan3, welcome!")

    assert digest(other.encoded()) != digest(sound.encoded())


def test_remote_addresses_are_kept(sound):
    """Only URLs of this machine depend on the run."""
    story = sound.change("listener", lambda line: line | {"url": "https://bridge.example:9000/hook"})

    assert b"https://bridge.example:9000/hook" in b"".join(canonical(story.encoded()))
