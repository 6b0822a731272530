"""The table of checks."""

from sendproof_harness.judge.checks import CHECKS


def test_every_check_has_a_description_and_a_scope():
    """docs/reference/checks.md shows them."""
    assert [check.id for check in CHECKS if not (check.run.__doc__ or "").strip() or not check.scope] == []
