"""Opt-outs at a provider, and replies that mean an opt-out."""

import pytest

from sendproof_simulators.core.messaging.opt_outs import OptOuts, is_stop


@pytest.mark.parametrize("text", ["STOP", "stop", " Stop. ", "STOP please", "unsubscribe", "Quit!"])
def test_stop_word_at_the_start_is_a_stop(text):
    assert is_stop(text)


@pytest.mark.parametrize("text", ["", "Thanks", "Please don't stop", "Stopping by"])
def test_other_reply_is_no_stop(text):
    """A stop word within a sentence opts no number out."""
    assert not is_stop(text)


def test_opt_out_is_journaled_once():
    """The audience's opt-outs exist from the start."""
    opt_outs = OptOuts("textlocal", lambda: ["1", "2"])
    assert list(opt_outs) == ["1", "2"]
    (entry,) = opt_outs.add("3", "reply")
    assert entry.fields == {"service": "textlocal", "number": "3", "source": "reply"}
    assert opt_outs.add("3", "reply") == opt_outs.add("1", "reply") == ()
    assert ("3" in opt_outs, len(opt_outs)) == (True, 3)


def test_removed_number_is_removed_once():
    opt_outs = OptOuts("textlocal", lambda: ["1"])
    assert opt_outs.remove("1")
    assert not opt_outs.remove("1")
