"""Entry point of `python -m sendproof_simulators`: the simulators' own commands, such as `up`."""

from sendproof_simulators.cli import main

main()
