"""The runs of workers, and the setup that those with the same settings need once."""

from collections.abc import Collection

from sqlalchemy import Connection

from sendproof_bridge.storage.store import plain

_SETTINGS = "SELECT id FROM run WHERE settings = ?"
_NOTE = "UPDATE run SET settings = ? WHERE id = ?"


def joins(tx: Connection, run: str, alive: Collection[str], settings: str) -> bool:
    """Return True if one of the runs that are `alive` has planned the setup of these settings; note them for `run`.

    Otherwise the caller plans the setup in the same transaction.
    """
    planned = plain(tx).execute(_SETTINGS, (settings,)).fetchall()
    plain(tx).execute(_NOTE, (settings, int(run.removeprefix("run-"))))
    return any(f"run-{number}" in alive for (number,) in planned)
