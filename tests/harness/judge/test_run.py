"""Whether the run came to its end."""

from history_builder import START
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.checks.run_completed import CHECKS


def test_sound(sound):
    """A run without trouble came to its end."""
    assert sound.findings(CHECKS) == []


def test_trouble(sound):
    """What the runner noted is a finding in its own words."""
    trouble = {"n": 999, "at": iso(START), "kind": "aborted", "blame": "bridge", "cause": "the bridge ended",
               "expected": "a bridge that keeps running", "got": "exit status 1"}  # fmt: skip
    (finding,) = sound.plus(trouble).findings(CHECKS)

    assert (finding.level, finding.blame, finding.cause, finding.got) == (
        "fail", "bridge", "the bridge ended", "exit status 1",
    )  # fmt: skip
