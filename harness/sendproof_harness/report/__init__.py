"""Reports of a verdict: for a terminal, a program, a CI server, and the person who approves a go-live."""

from sendproof_harness.report.text import print_verdict
from sendproof_harness.report.write import write_reports

__all__ = ["print_verdict", "write_reports"]
