"""The commands of the simulators: `up`, `simulators`, `evidence`, `test-numbers`, `dialects`, `faults`, `operations`.

This is the only module of the harness that imports the simulators, so that one `sendproof` command offers everything. A
run talks to them over HTTP alone.
"""

from typer.models import CommandInfo

from sendproof_simulators.cli import app


def commands() -> list[CommandInfo]:
    """Return the commands of the simulators."""
    return app.registered_commands
