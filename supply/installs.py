"""Every way to install Sendproof that docs/install.md names, tried in a folder of its own as a user would.

The commands come from the page. A clone replaces the reader's checkout and git URL, and a wheel is made of it.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from locks import ROOT, SupplyError

PAGE = ROOT / "docs" / "install.md"
TOOLS = ("pip", "pipx", "uv")
_URL = "https://git.example.com/sendproof.git"
_COMMAND = re.compile(rf"`((?:{'|'.join(TOOLS)}) (?:tool )?install [^`]*(?:[.]/sendproof|{re.escape(_URL)})[^`]*)`")
_RUN = "sendproof run scheduled/one_text_one_time --provider textlocal"
_LOAD = "sendproof load paging --customers 10 --users 1"
_TIMEOUT_S = 1800
_GIT = shutil.which("git") or "git"


@dataclass(frozen=True)
class Outcome:
    """What one way to install came to: the last line of each command that followed, or the error."""

    command: str
    lines: tuple[str, ...]
    is_fine: bool


def installs() -> int:
    """Try every way, print a table, and return the exit status: 1 if one failed, 3 if a tool is missing."""
    missing = [tool for tool in TOOLS[1:] if shutil.which(tool) is None]
    if missing:
        raise SupplyError(f"installs: expected {' and '.join(missing)} on the path; install them from your index")
    with TemporaryDirectory(prefix="sendproof-installs-") as name, _served(Path(name)) as url:
        sources = Path(name)
        _make_sources(sources)
        is_fine = True
        for number, command in enumerate(commands(PAGE.read_text("utf-8"))):
            outcome = _try(command, command.replace(_URL, url), sources, sources / f"try-{number}")
            print(f"{'ok  ' if outcome.is_fine else 'FAIL'}  {command}")
            print("".join(f"        {line}\n" for line in outcome.lines), end="", flush=True)
            is_fine = is_fine and outcome.is_fine
    return 0 if is_fine else 1


def commands(page: str) -> list[str]:
    """Return the commands of the page that install Sendproof from a source, each once."""
    return list(dict.fromkeys(_COMMAND.findall(page)))


def _make_sources(folder: Path) -> None:
    """Put a checkout, a bare repository and a wheel of the last commit into a folder."""
    for arguments in (["--bare", str(ROOT), "sendproof.git"], ["sendproof.git", "sendproof"]):
        subprocess.run([_GIT, "clone", "--quiet", *arguments], cwd=folder, check=True)
    # For clients that read the repository as files, by HTTP.
    subprocess.run([_GIT, "update-server-info"], cwd=folder / "sendproof.git", check=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", ".", "./sendproof"]
    subprocess.run(build, cwd=folder, check=True, timeout=_TIMEOUT_S)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder by HTTP at a port of this machine; yield the URL of the repository in it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/sendproof.git"
    finally:
        server.shutdown()
        server.server_close()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _try(command: str, local: str, sources: Path, folder: Path) -> Outcome:
    """Install in a new environment, run a campaign, and install the extra `load` as Sendproof suggests.

    `local` is the command with the URL of this machine.
    """
    folder.mkdir()
    environment = _environment(folder)
    lines: list[str] = []
    words = shlex.split(local)
    try:
        if words[0] == "pip":
            subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=_TIMEOUT_S)
        _run(words, sources, environment)
        lines.extend(_steps(folder, environment))
    except subprocess.SubprocessError as error:
        output = getattr(error, "stderr", None) or ""
        return Outcome(command, (*lines, f"{error}: {output.strip()[-500:]}"), is_fine=False)
    return Outcome(command, tuple(lines), is_fine=True)


def _steps(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Use the installation; yield what the user sees."""
    yield _run(shlex.split("sendproof --version"), folder, environment).strip()
    yield _line(_run(shlex.split(_RUN), folder, environment), "verdict")
    missing = subprocess.run(
        shlex.split(_LOAD), cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
    )
    if "install it with: " in missing.stderr:
        add = missing.stderr.strip().partition("install it with: ")[2]
        yield add
        _run(shlex.split(add), folder, environment)
    yield _line(_run(shlex.split(_LOAD), folder, environment), "verdict")


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment where pip, pipx and uv only install into this folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    own = {name: str(folder / name.lower()) for name in ("PIPX_HOME", "PIPX_BIN_DIR", "UV_TOOL_DIR", "UV_TOOL_BIN_DIR")}
    bins = [folder / "venv" / "bin", own["PIPX_BIN_DIR"], own["UV_TOOL_BIN_DIR"]]
    return {**kept, **own, "PATH": os.pathsep.join([*map(str, bins), os.environ["PATH"]])}


def _run(words: list[str], folder: Path, environment: dict[str, str]) -> str:
    # The first word is looked up in the path of that environment.
    program = shutil.which(words[0], path=environment["PATH"]) or words[0]
    done = subprocess.run(
        [program, *words[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=_TIMEOUT_S,
    )
    return done.stdout


def _line(output: str, word: str) -> str:
    """Return the last line of an output that begins with a word: a table before it may have a column of that name."""
    lines = [" ".join(line.split()) for line in output.splitlines() if line.split()[:1] == [word]]
    return lines[-1] if lines else f"no {word}"
