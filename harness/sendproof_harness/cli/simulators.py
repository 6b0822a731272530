"""The simulators' own commands: `up`, `dialects`, `faults` and the like.

The only module of the harness that imports the simulators, so that one `sendproof` command offers everything. A run
talks to them over HTTP alone.
"""

import typer

from sendproof_simulators.cli import app as simulators_app


def register(app: typer.Typer) -> None:
    """Add the simulators' commands to `app`."""
    app.registered_commands.extend(simulators_app.registered_commands)
