"""`python -m sendproof_harness` runs the `sendproof` command."""

from sendproof_harness.cli import main

main()
