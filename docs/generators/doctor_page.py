"""`reference/doctor.md`: the checks of `sendproof doctor`."""

from sendproof_harness.preflight.checks import CHECKS
from tables import table

_HEAD = """# Doctor checks

This page lists every check of `sendproof doctor` ([how to](../doctor.md)), in order. For each check it gives the
question and the method. Checks with "yes" in the last column also run before every run.
"""


def page() -> str:
    """Return the page: one table."""
    rows = ((f"`{check.name}`", check.question, check.method, "yes" if check.before_run else "") for check in CHECKS)
    return _HEAD + "\n" + table(("check", "question", "method", "before a run"), rows)
