"""`make scenarios-postgresql`: play the library against the reference bridge with its state in PostgreSQL.

    python chaos library scenarios/triggered --provider delivyr

Each run has a schema of its own. Arguments are those of `sendproof run`; without a scenario, all are played. The exit
status is that of `sendproof run`.
"""

import shlex
import subprocess
import sys

from catalogue import ROOT
from kills import database_options
from trial_runs import SENDPROOF, exit_on_sigterm


def main() -> int:
    """Run the scenarios, and return the exit status."""
    exit_on_sigterm()
    arguments = sys.argv[1:]
    if not arguments or arguments[0].startswith("-"):
        arguments = [str(ROOT / "scenarios"), *arguments]
    with database_options(postgresql=True) as database:
        command = [*SENDPROOF, "run", *arguments, *database]
        sys.stderr.write(f"{shlex.join(command)}\n")
        return subprocess.run(command, check=False).returncode
