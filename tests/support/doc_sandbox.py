"""A folder where the commands of one document run, as they would for a reader who follows the document.

Programs, HTTP and files are real. Some things are replaced, because a reader brings them or because they are slow:

| in the document | in the folder |
|---|---|
| `./my-bridge`, a bridge at port 9000 | the bridge of `bridge/examples/flask_bridge`, at another port |
| URLs of `sendproof up` | other ports, because the usual ones may be in use |
| the folder `scenarios` | one small scenario of each theme that a command names |
| `make demo` | the recipe of that target |
| `results/NAME` that no earlier command created | the results of such a run or load test; a run that waits |
| `launch.yaml` and similar files | the file that the document shows |
| `thresholds.yaml` | service levels that hold at any speed |
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

import forked_program
from command_line import FIRST
from documents import blocks, named_files
from forked_program import fork_server
from repository import ROOT
from running_bridge import wait_until
from sendproof_harness.run.processes import free_port
from sendproof_simulators.services.discovery import discover

EXAMPLE_BRIDGE = ROOT / "bridge" / "examples" / "flask_bridge" / "app.py"
SECRETS = {"ACME_OPTIMOVE_KEY": "k" * 16, "ACME_WEBHOOK_TOKEN": "t" * 16, "ACME_TEXTLOCAL_KEY": "a" * 16}
# The only dialect of Optimove and Textlocal that `--all-dialects` varies here.
VARIED_DIALECT = "optimove.row_order"
CONTROL = "127.0.0.1:4100"
DEMO = "make demo"
LOAD = "sendproof load campaign --customers 100 --days 1 --keep-history"
MARKETER = ["sendproof", "marketer"]
#: Commands on a running sandbox. `judge` is one of them if it names no history.
ON_SANDBOX = frozenset({"marketer", "sandbox", "clock", "fault", "log", "webhooks", "messages", "customers"})
JUDGE = ["sendproof", "judge"]


def _script(*words: str) -> str:
    return f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'


def _scenario_in(document: str) -> str:
    """Return the complete scenario that a document shows."""
    return next(block.text for block in blocks(document, "yaml") if "sendproof: 1\n" in block.text)


def _scenario_with_mistakes() -> str:
    """Return the scenario of docs/write-a-scenario.md with the two mistakes that the page explains."""
    scenario = _scenario_in("docs/write-a-scenario.md")
    return scenario.replace("{share: 50%, template: Offer", "{sharee: 50%, template: Offer").replace("8 days", "8 dayz")


def _scenario_with_dialects() -> str:
    """Return a small scenario that sets all dialects but one, so that `--all-dialects` is quick."""
    services = {name: service for name, service in discover().items() if name in {"optimove", "textlocal"}}
    defaults = {
        f"{name}.{dialect.name}": dialect.default for name, service in services.items() for dialect in service.dialects
    }
    settings = ", ".join(f'{name}: "{option}"' for name, option in defaults.items() if name != VARIED_DIALECT)
    scenario = _scenario_in("docs/connect-your-bridge.md").replace("5 seconds", "2 days")
    return f"{scenario}dialects: {{{settings}}}\n"


def _first_campaign() -> str:
    """Return the first campaign with 100 customers and one day."""
    return FIRST.read_text().replace("customers: 10000", "customers: 100").replace("7 days", "1 day")


FILES = {
    "my-bridge": lambda: _script(sys.executable, str(EXAMPLE_BRIDGE)),
    ".venv/bin/python": lambda: _script(sys.executable),
    "launch.yaml": lambda: _scenario_in("docs/write-a-scenario.md"),
    "mistakes.yaml": _scenario_with_mistakes,
    "one_minute.yaml": lambda: _scenario_in("docs/connect-your-bridge.md"),
    "my_scenario.yaml": _scenario_with_dialects,
    "thresholds.yaml": lambda: "sendproof: 1\nlosses: {lost: 0}\n",
    "scenarios/scheduled/first_campaign.yaml": _first_campaign,
}
"""The files that exist from the beginning. Some command names each of them."""

THEMES = {"triggered": "one_event"}
"""The themes of the library that some command names, each with the one scenario that represents it."""

LINKS = ("Makefile", "bridge", "benchmarks", "docs", "openapi")


def _replaced(text: str, addresses: Mapping[str, str]) -> str:
    """Replace whole addresses, each once: 127.0.0.1:41045 is not port 4104, and may be a free port that came of it."""
    known = "|".join(map(re.escape, addresses))
    return re.sub(rf"({known})(?!\d)", lambda found: addresses[found[0]], text)


class DocSandbox:
    """The folder of one document. At the end, started programs are asked to stop and must end with status 0."""

    def __init__(self, folder: Path, document: str) -> None:
        self.folder = folder
        self._document = document
        port = free_port("127.0.0.1")
        # By address in the document: the address here.
        self._addresses = {f"{host}:9000": f"{host}:{port}" for host in ("localhost", "127.0.0.1")}
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._waiting: list[subprocess.Popen[str]] = []
        self._write_files()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in self._waiting:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=120)
        statuses = {}
        for name, process in reversed(self._running.items()):
            process.send_signal(signal.SIGINT)
            statuses[name] = process.wait(timeout=120)
        assert error is not None or set(statuses.values()) <= {0}, statuses

    def run(self, command: str) -> tuple[int, str]:
        """Run a command; return its exit status (0 if it keeps running) and its output."""
        if command.startswith("sendproof up"):
            return 0, self._start_simulators(command)
        if command.startswith("sendproof-bridge serve"):
            return 0, self._start_bridge(command)
        completed = self._run(self._prepared(command))
        return completed.returncode, self._with_document_addresses(completed.stdout)

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", self._with_own_addresses(command)],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )

    def _start(self, command: str, **variables: str) -> subprocess.Popen[str]:
        with (self.folder / "running.log").open("a") as log:
            return subprocess.Popen(
                ["sh", "-c", "exec " + self._with_own_addresses(command)],
                cwd=self.folder,
                env=self._environment() | variables,
                stdout=log,
                stderr=log,
                text=True,
            )

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return {**os.environ, **SECRETS, "PATH": path, "COLUMNS": "80", "PYTHONUNBUFFERED": "1"}

    def _write_files(self) -> None:
        for name, module in (("sendproof", "sendproof_harness"), ("sendproof-bridge", "sendproof_bridge")):
            words = (sys.executable, "-S", "-E", forked_program.__file__, fork_server(), module)
            self._write(f"bin/{name}", _script(*words))
        for name in LINKS:
            (self.folder / name).symlink_to(ROOT / name)
        for name, text in FILES.items():
            self._write(name, text())
        for theme, scenario in THEMES.items():
            file = ROOT / "scenarios" / theme / f"{scenario}.yaml"
            self._write(f"scenarios/{theme}/{scenario}.yaml", file.read_text())
        for name, text in named_files("docs/add-a-provider.md").items():
            self._write(f"my_simulators/{name}", text)

    def _write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    # -- replacements --------------------------------------------------------------------------------

    def _with_own_addresses(self, text: str) -> str:
        return _replaced(text, self._addresses)

    def _with_document_addresses(self, text: str) -> str:
        return _replaced(text, {own_address: address for address, own_address in self._addresses.items()})

    def _prepared(self, command: str) -> str:
        """Create what the command needs, and return the command to run instead."""
        words = shlex.split(command)
        if command == DEMO:
            recipe = re.search(r"^demo:.*\n\t@\$\(BIN\)/(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
            return recipe[1]
        names_sandbox = words == JUDGE or "--sandbox" in words
        is_on_sandbox = words[0] == "sendproof" and (names_sandbox or words[1] in ON_SANDBOX)
        if CONTROL in command or is_on_sandbox:
            self._start_simulators("sendproof up")
        if words[:2] == MARKETER and words[2] in {"schedule", "trigger"}:
            self._start_bridge("sendproof-bridge serve --config bridge.toml")
        if "bridge.toml" in words:
            self._write("bridge.toml", self._bridge_settings(self._document))
        if "http://localhost:9000" in words:
            self._start_own_bridge(Path(words[2]).stem)
        for name in re.findall(r"results/([\w-]+)", command):
            self._create_results(name, wait="handover.json" in command)
        return f"{command} --control-url http://{CONTROL}" if is_on_sandbox else command

    def _start_simulators(self, command: str) -> str:
        """Start the simulators at free ports; return their output with the usual ports."""
        log = self.folder / "running.log"
        if "up" not in self._running:
            self._running["up"] = self._start(f"{command} --port 0")
            wait_until(lambda: "Stop the simulators with Ctrl-C" in log.read_text(), "the simulators", log)
            services = re.findall(r"^\S+ +http://(127.0.0.1:\d+)\S*\n( +smtp:)?", log.read_text(), re.MULTILINE)
            # Services with a second port have the last ports.
            own_addresses = [own for own, _ in sorted(services, key=lambda service: bool(service[1]))]
            self._addresses |= {f"127.0.0.1:{4100 + number}": own for number, own in enumerate(own_addresses)}
        return self._with_document_addresses(log.read_text())

    def _start_bridge(self, command: str) -> str:
        """Start the reference bridge for the default sandbox, and wait until Optimove has all templates."""
        if "bridge" not in self._running:
            self._start_simulators("sendproof up")
            self._write("bridge.toml", self._with_own_addresses(self._bridge_settings(self._document)))
            self._running["bridge"] = self._start(command)
            wait_until(self._is_synchronised, "the bridge to add the templates", self.folder / "running.log")
        return ""

    def _is_synchronised(self) -> bool:
        base = self._with_own_addresses(f"http://{CONTROL}/control/sandboxes/default")
        templates = requests.get(f"{base}/providers/textlocal/templates", timeout=60).json()
        known = requests.get(f"{base}/state", timeout=60).json()["channel_templates"]
        return [len(known.get(channel, ())) for channel in ("505", "250")] == [len(templates)] * 2

    def _bridge_settings(self, document: str) -> str:
        settings = [block.text for block in blocks(document, "toml") if "[bridge]" in block.text]
        return settings[0] if settings else self._bridge_settings("docs/manual-testing.md")

    def _start_own_bridge(self, name: str) -> None:
        """Start the reader's bridge, which waits for the handover file of the run."""
        handover = self.folder / "results" / name / "handover.json"
        handover.unlink(missing_ok=True)
        self._waiting.append(self._start("./my-bridge", SENDPROOF_HANDOVER=str(handover)))

    def _create_results(self, name: str, *, wait: bool) -> None:
        folder = self.folder / "results" / name
        if folder.exists():
            return
        command = LOAD if name == "load_campaign" else f"sendproof run {self._scenario_file(name)}"
        if wait:
            self._waiting.append(self._start(f"{command} --bridge http://localhost:9000"))
            wait_until((folder / "handover.json").exists, "the run to wait for its bridge", self.folder / "running.log")
        else:
            assert self._run(command).returncode == 0

    def _scenario_file(self, name: str) -> Path:
        (file,) = self.folder.glob(f"scenarios/*/{name}.yaml")
        return file.relative_to(self.folder)
