"""Who must not be sent to, and how people say so."""

import pytest

from sendproof_simulators.core.messaging.opt_outs import OptOuts, is_stop


@pytest.mark.parametrize("text", ["STOP", "stop", " Stop. ", "STOP please", "unsubscribe", "Quit!"])
def test_a_stop_word_alone_or_first_is_a_stop(text):
    """However it is written."""
    assert is_stop(text)


@pytest.mark.parametrize("text", ["", "Thanks", "Please don't stop", "Stopping by"])
def test_other_replies_are_not(text):
    """Nobody is opted out by a word in a sentence."""
    assert not is_stop(text)


def test_whoever_opts_out_is_told_of_once():
    """The audience's own are out from the start."""
    out = OptOuts("textlocal", lambda: ["1", "2"])
    assert list(out) == ["1", "2"]
    (entry,) = out.add("3", "reply")
    assert entry.fields == {"service": "textlocal", "number": "3", "source": "reply"}
    assert out.add("3", "reply") == out.add("1", "reply") == ()
    assert ("3" in out, len(out)) == (True, 3)


def test_a_number_can_be_let_in_again():
    """Once."""
    out = OptOuts("textlocal", lambda: ["1"])
    assert out.remove("1")
    assert not out.remove("1")
