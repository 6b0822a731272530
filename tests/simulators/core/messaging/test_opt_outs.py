"""Opt-outs at a provider, and replies that mean an opt-out."""

import pytest

from sendproof_simulators.core.messaging.opt_outs import OptOuts, is_start, is_stop, spelled_stop


@pytest.mark.parametrize("text", ["STOP", "stop", " Stop. ", "STOP please", "unsubscribe", "Quit!"])
def test_stop_word_at_the_start_is_a_stop(text):
    assert is_stop(text)


@pytest.mark.parametrize("text", ["", "Thanks", "Please don't stop", "Stopping by"])
def test_other_reply_is_no_stop(text):
    """A stop word within a sentence opts no number out."""
    assert not is_stop(text)


def test_opt_out_is_journaled_once():
    """The audience's opt-outs exist from the start."""
    opt_outs = OptOuts("textlocal", lambda: [("C1", "1"), ("C2", "2")])
    assert list(opt_outs) == ["1", "2"]
    (entry,) = opt_outs.add("3", "reply")
    assert entry.fields == {"service": "textlocal", "number": "3", "source": "reply"}
    assert opt_outs.add("3", "reply") == opt_outs.add("1", "reply") == ()
    assert ("3" in opt_outs, len(opt_outs)) == (True, 3)


def test_removed_number_is_removed_once():
    opt_outs = OptOuts("textlocal", lambda: [("C1", "1")])
    assert opt_outs.remove("1")
    assert not opt_outs.remove("1")


@pytest.mark.parametrize(("text", "expected"), [("START", True), ("start", True), ("Unstop.", True), ("STOP", False)])
def test_start_word_ends_an_opt_out(text, expected):
    assert is_start(text) == expected


def test_people_spell_stop_in_different_ways():
    """A bridge that only knows the capital word misses most of them."""
    spellings = {spelled_stop(f"4475550000{serial}40"[-12:]) for serial in range(10, 20)}
    assert len(spellings) > 4
    assert all(map(is_stop, spellings))


def test_opt_in_is_journaled_once():
    opt_outs = OptOuts("textlocal", lambda: [("C1", "1")])
    (entry,) = opt_outs.opt_in("1", "reply")
    assert (entry.kind, entry.fields["number"]) == ("opt_in", "1")
    assert opt_outs.opt_in("1", "reply") == ()
