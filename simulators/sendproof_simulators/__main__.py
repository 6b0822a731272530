"""`python -m sendproof_simulators` runs the simulators' own commands, such as `up`."""

from sendproof_simulators.cli import main

main()
