"""The page of all checks."""

from repository import ROOT
from sendproof_scenarios.checks import CHECKS
from sendproof_scenarios.report.checks_page import page


def test_the_page_is_what_the_code_says():
    """Whoever changes a check prints it again: python -m sendproof_scenarios.report.checks_page > docs/checks.md ."""
    assert (ROOT / "docs" / "checks.md").read_text() == page()


def test_every_check_says_what_it_looks_at():
    """In one sentence, and whom it is asked of."""
    assert [check.id for check in CHECKS if not (check.run.__doc__ or "").strip() or not check.asked_of] == []
