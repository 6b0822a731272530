"""The command that creates or upgrades the tables."""

import argparse
import sys
from contextlib import closing

from sendproof_bridge.cli.processes import OK
from sendproof_bridge.config import Config
from sendproof_bridge.storage import schema
from sendproof_bridge.storage.open_store import lock, open_store


def migrate(config: Config, _options: argparse.Namespace) -> int:
    """Create or upgrade the tables, as each start does; no process may use a SQLite file meanwhile."""
    with lock(config.bridge.database), closing(open_store(config.bridge.database)):
        sys.stdout.write(f"ok: tables of version {schema.VERSION}\n")
    return OK
