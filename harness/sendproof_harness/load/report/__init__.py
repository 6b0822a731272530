"""The verdict on a load test for every reader: a terminal, a program, a CI server, and the person who goes live."""

from sendproof_harness.load.report.text import print_load_verdict
from sendproof_harness.load.report.write import write_load_reports

__all__ = ["print_load_verdict", "write_load_reports"]
