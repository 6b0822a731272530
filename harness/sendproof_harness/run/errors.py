"""Errors of the harness itself."""


class RunError(Exception):
    """The run was impossible: the harness failed, or its options contradict the scenario. No fault of the bridge."""


class RunOptionsError(RunError):
    """The run was impossible with its options; another option or file makes it possible."""
