"""The verdict for every reader: a terminal, a program, a CI server, and the person who approves."""

from sendproof_harness.report.text import print_verdict
from sendproof_harness.report.write import write_reports

__all__ = ["print_verdict", "write_reports"]
