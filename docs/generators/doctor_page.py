"""`reference/doctor.md`: what the doctor looks at."""

from sendproof_harness.preflight.checks import CHECKS
from tables import table

_HEAD = """# Every examination of the doctor

For who asks `sendproof doctor` ([how to](../doctor.md)): its questions, in the order in which they are asked, and how
each is answered. What is marked in the last column is asked before every run as well.
"""


def page() -> str:
    """One table."""
    rows = ((f"`{one.name}`", one.question, one.how, "yes" if one.before_run else "") for one in CHECKS)
    return _HEAD + "\n" + table(("examination", "question", "how", "before a run"), rows)
