"""Run the command `sendproof`."""

from sendproof_harness.cli import main

main()
