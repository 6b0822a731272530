"""Prism, which the benchmark compares with. npm installs it into its own folder."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

HERE = Path(__file__).parent
CONTRACT = HERE.parent / "openapi" / "optimove.yaml"
PRISM = "Prism"
PRISM_SILENT = "Prism, no log"
PEERS = HERE / ".peers"
# Prism 5.15 and later need Node.js 24. For older versions of Node.js, 5.14 is the newest.
PRISM_VERSIONS = (((24, 18), "5.16"), ((18, 20), "5.14"))


class BenchmarkError(Exception):
    """The benchmark cannot run. The message explains why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: its URL, and the headers that it needs."""

    name: str
    url: str
    headers: dict[str, str]


def install(console: Console) -> str:
    """Install Prism into a folder that git ignores. Return its version."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise BenchmarkError("expected `node` and `npm` in PATH, got none; install Node.js 18.20 or newer")
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    found = tuple(map(int, re.findall(r"\d+", shown)[:2]))
    version = next((prism for least, prism in PRISM_VERSIONS if found >= least), None)
    if version is None:
        raise BenchmarkError(f"expected Node.js 18.20 or newer, got {shown.strip()}; install a newer version")
    stamp = PEERS / f".prism-{version}"
    if stamp.exists():
        return version
    console.print(f"Installing Prism {version} into benchmarks/{PEERS.name}, once")
    install = ["npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
    package = f"@stoplight/prism-cli@{version}"
    PEERS.mkdir(exist_ok=True)
    done = subprocess.run([*install, "--prefix", PEERS, package], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"npm could not install {package}:\n{done.stderr.strip()}")
    stamp.touch()
    return version


def command(name: str) -> str:
    """Return the path of a command that npm installed."""
    return str(PEERS / "node_modules" / ".bin" / name)


def contract_for_prism(responses: dict[str, Any], others: list[str]) -> dict[str, Any]:
    """Return our contract of Optimove with a few paths only, some with a fixed response, which Prism serves fastest."""
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    contract["paths"] = {path: contract["paths"][path] for path in (*responses, *others)}
    for path, response in responses.items():
        media = contract["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        media.pop("examples", None)
        media["example"] = response
    cleaned: dict[str, Any] = _without_extensions(contract)
    return cleaned


def _without_extensions(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_extensions(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_extensions(value) for key, value in node.items() if not str(key).startswith("x-")}


@contextmanager
def running(line: list[str], output: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """Run a server as a child process until the block ends."""
    with subprocess.Popen(line, stdout=output, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def prism(contract: Path, *, log: bool) -> Iterator[Server]:
    """Run Prism as a static mock. It is fastest without its log."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    quiet = [] if log else ["--verboseLevel", "silent"]
    line = [command("prism"), "mock", str(contract), "--host", "127.0.0.1", "--port", str(port), *quiet]
    with running(line, subprocess.DEVNULL):
        yield Server(name=PRISM if log else PRISM_SILENT, url=f"http://127.0.0.1:{port}", headers={"X-API-KEY": "any"})
