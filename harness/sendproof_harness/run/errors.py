"""Errors of the harness itself."""


class RunError(Exception):
    """The run was impossible: the harness failed, or its options contradict the scenario. No fault of the bridge."""
