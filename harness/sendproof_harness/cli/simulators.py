"""The commands of the simulators, such as `up`, `dialects` and `diff`, and their judgement of recorded traffic.

This is the only module of the harness that imports the simulators, so that one `sendproof` command offers everything. A
run talks to them over HTTP alone.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import wraps
from typing import Any

from typer.models import CommandInfo

from sendproof_harness.interruption import enter_stage, keep
from sendproof_harness.run.simulator_process import JUDGE_COMMAND, JUDGE_VARIABLE
from sendproof_simulators.cli import app, judge_recording

__all__ = ["commands", "judge_recording"]


def commands() -> list[CommandInfo]:
    """Return the commands of the simulators, each as one stage of the program."""
    return [_as_stage(command) for command in app.registered_commands]


def _as_stage(command: CommandInfo) -> CommandInfo:
    staged, callback = copy(command), command.callback
    if callback is not None:
        staged.callback = _entering(f"running sendproof {callback.__name__.replace('_', '-')}", callback)
    return staged


def _entering(stage: str, callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def run(*values: Any, **options: Any) -> Any:
        enter_stage(stage)
        try:
            with _judge_in_environment():
                return callback(*values, **options)
        finally:
            # The recording of `proxy` is whole after each call.
            if "har" in options:
                keep(f"Kept: {options['har']}")

    return run


@contextmanager
def _judge_in_environment() -> Iterator[None]:
    """Name the judge's command to the simulators, unless the user named another one."""
    if JUDGE_VARIABLE in os.environ:
        yield
        return
    os.environ[JUDGE_VARIABLE] = json.dumps(JUDGE_COMMAND)
    try:
        yield
    finally:
        del os.environ[JUDGE_VARIABLE]
