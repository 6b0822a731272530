"""The reference bridge with its state in PostgreSQL, as the command of a run: each run has a schema of its own."""

import json
import os
import sys
import time
from hashlib import blake2b
from pathlib import Path
from threading import Event
from urllib.parse import quote

import psycopg
from psycopg import sql

from postgres_server import URL_VARIABLE
from sendproof_harness.handover.format import VARIABLE
from sendproof_harness.handover.reference_bridge import write_settings

# A server may be started again meanwhile.
_AWAY_S, _RETRY_S = 60, 0.1


def create_database(handover: Path) -> str:
    """Create the schema of a run, named by its handover; return the URL."""
    # Its content changes during a run, if a key is rotated.
    schema = f"run_{blake2b(bytes(handover), digest_size=8).hexdigest()}"
    last = time.monotonic() + _AWAY_S
    while not _create_schema(schema):
        if time.monotonic() > last:
            raise TimeoutError(f"PostgreSQL: expected a connection within {_AWAY_S} s, got none")
        Event().wait(_RETRY_S)
    return f"{os.environ[URL_VARIABLE]}&options={quote(f'-csearch_path={schema}')}"


def _create_schema(schema: str) -> bool:
    """Create a schema; return False if the server is away."""
    try:
        with psycopg.connect(os.environ[URL_VARIABLE], autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    except psycopg.OperationalError:
        return False
    return True


def main() -> None:
    """Write the settings of the handover, and become the bridge."""
    handover = Path(os.environ[VARIABLE])
    settings = handover.with_name("postgres_bridge.toml")
    content = json.loads(handover.read_bytes())
    environment = os.environ | write_settings(content, settings, create_database(handover))
    command = [sys.executable, "-m", "sendproof_bridge", "serve", "--config", str(settings)]
    os.execve(sys.executable, command, environment)  # noqa: S606 the run must see the signals and the end of the bridge


if __name__ == "__main__":
    main()
