"""Reports of a load test: for a terminal, for programs, for CI, and as an HTML page."""

from sendproof_harness.load.report.text import print_load_verdict
from sendproof_harness.load.report.write import write_load_reports

__all__ = ["print_load_verdict", "write_load_reports"]
