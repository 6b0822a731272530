"""What checks say of themselves, which docs/reference/checks.md prints."""

from sendproof_harness.judge.checks import CHECKS


def test_every_check_says_what_it_looks_at():
    """In one sentence, and whom it is asked of."""
    assert [check.id for check in CHECKS if not (check.run.__doc__ or "").strip() or not check.scope] == []
