"""`python -m sendproof_simulators` is `sendproof`."""

from sendproof_simulators.cli import main

main()
