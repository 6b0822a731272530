"""Reading a history, and saying what is wrong with a file that is none."""

import json

import pytest

from sendproof_harness.history.reader import HistoryError, parse_history, read_history
from sendproof_harness.history.timestamps import iso


def test_everything_has_its_place(sound):
    """Each kind of line is found again under its noun, in order, with times as instants."""
    history = sound.history()

    assert (history.header.seed, history.header.channels[0].provider) == (42, "textlocal")
    assert [owed.customer for owed in history.obligations] == [f"C{index:07d}" for index in range(12)]
    assert (len(history.deliveries), len(history.webhooks), len(history.metrics)) == (10, 11, 28)
    assert iso(history.obligations[0].due) == "2026-03-02T09:00:00.000Z"


def test_equal_texts_are_kept_once(sound):
    """The text of a delivery is the very text that was owed, so that a million recipients fit in memory."""
    history = sound.history()

    assert history.deliveries[0].text is history.obligations[0].text


def test_faults_are_read(sound):
    """Those of the header with their address, each strike, and what it did to a request, a webhook, a delivery."""
    struck = {"id": "f1", "fault": "connection_reset", "effect": True, "response": "lost"}
    entry = {"id": "f1", "fault": "connection_reset", "call": "textlocal.send", "where": {}, "nth": 2, "times": "all",
             "when": "after", "seconds": 3}  # fmt: skip
    strike = {"kind": "fault", "id": "f1", "fault": "connection_reset", "target": "call", "service": "textlocal",
              "name": "send", "nth": 2, "when": "after", "n": 1, "at": "2026-03-02T06:00:00Z"}  # fmt: skip
    story = sound.change("request", lambda line: line | {"fault": struck})
    story = story.change("webhook", lambda line: line | {"fault": "f1"})
    story = story.change("delivery", lambda line: line | {"request": 7})
    story = story.change("history", lambda line: line | {"faults": [entry]})
    history = story.plus(strike).history()
    assert (history.header.faults[0].call, history.header.faults[0].times) == ("textlocal.send", "all")
    assert [(one.id, one.target, one.nth, one.missed) for one in history.faults] == [("f1", "call", 2, False)]
    assert (history.requests[0].fault.effect, history.requests[0].fault.response) == (True, "lost")
    assert (history.webhooks[0].fault, history.deliveries[0].request) == ("f1", 7)


def test_a_history_without_faults_has_none(sound):
    """As those of an older Sendproof."""
    history = sound.history()
    assert (history.header.faults, history.faults) == ((), ())
    assert {one.fault for one in (*history.requests, *history.webhooks)} == {None}


def test_unknown_keys_are_ignored(sound):
    """A history of a later Sendproof of the same version may say more."""
    story = sound.change("delivery", lambda line: line | {"colour": "blue"})

    assert len(story.history().deliveries) == 10


def test_from_a_file(sound, tmp_path):
    """A file is read line by line; a last line without a line end is whole."""
    path = tmp_path / "history.ndjson"
    path.write_bytes(b"".join(sound.encoded()).rstrip())

    assert len(read_history(path).metrics) == 28


@pytest.mark.parametrize(
    "first", [b"", b"\n", b"not json\n", b"[1,2]\n", b'{"kind":"delivery"}\n', b"\xff\xfe\x00"], ids=repr
)
def test_not_a_history(first):
    """A file that begins in another way is refused by its first line."""
    with pytest.raises(HistoryError, match="line 1: this is not a history: expected a first line"):
        parse_history([first])


def test_other_version(sound):
    """A version that this Sendproof does not know is not guessed at."""
    with pytest.raises(HistoryError, match="line 1: expected history version 1, got 2"):
        parse_history([json.dumps(sound.lines[0] | {"version": 2}).encode()])


def test_broken_off(sound):
    """A file that was cut in the middle of a line is incomplete, and must not be judged."""
    lines = sound.encoded()
    cut = [*lines[:-1], lines[-1][:40]]

    with pytest.raises(HistoryError, match=f"line {len(lines)}: the line breaks off"):
        parse_history(cut)


def test_cut_at_a_line_end(sound):
    """A file that was cut between two lines looks whole, but for the line that ends it."""
    with pytest.raises(
        HistoryError, match=r'line 83: expected a last line {"kind":"end","lines":83}, got none: the history'
    ):
        parse_history(sound.encoded()[:-1])


def test_a_line_is_missing(sound):
    """The last line tells that one before it is gone; empty lines were never any."""
    lines = sound.encoded()

    with pytest.raises(HistoryError, match="line 84: expected 83 lines before the end, got 82; take the history again"):
        parse_history([*lines[:40], b"\n", *lines[41:]])


def test_something_after_the_end(sound):
    """What stands after the last line was put there by somebody else."""
    lines = sound.encoded()

    with pytest.raises(
        HistoryError, match=r'line 85: expected nothing after the end of the history, got {"at": "2026-03-09'
    ):
        parse_history([*lines, lines[-2]])


def test_unknown_kind(sound):
    """A line that would be skipped in silence could be the one that matters."""
    strange = {"n": 1, "at": "2026-03-02T06:00:00Z", "kind": "telepathy"}

    with pytest.raises(HistoryError, match=r"line 84: unknown kind 'telepathy'; expected one of aborted, attribute, "):
        sound.plus(strange).history()


def test_wrong_value(sound):
    """A value of a wrong type is refused with its line and its place."""
    story = sound.plus(sound.of("delivery")[0] | {"send_at": "yesterday"})

    with pytest.raises(HistoryError, match=r"line 84: expected a time with a zone .*send_at"):
        story.history()
