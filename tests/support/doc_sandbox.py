"""A reader's desk: a folder in which the commands of one document are given, as somebody who follows it would.

Everything is real: programs, HTTP, files. What a reader brings along, and what would take too long, has a stand-in:

| a document names | on the desk |
|---|---|
| `./my-bridge`, a bridge at port 9000 | the bridge of `bridge/examples/flask_bridge`, and another port |
| addresses of `sendproof up` | other ports, since something else may have those |
| the folder `scenarios` | a few small ones: one of each theme that is named |
| `make demo` | what its recipe runs |
| `results/NAME` that no command before has made | such a run or load test; for the doctor, a run that waits |
| `launch.yaml` and its like | the file that the document shows |
| `thresholds.yaml` | service levels that hold at any speed |
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from command_line import FIRST
from documents import blocks, named_files
from repository import ROOT
from running_bridge import wait_until
from sendproof_harness.run.processes import free_port
from sendproof_simulators.services.discovery import discover

APP = ROOT / "bridge" / "examples" / "flask_bridge" / "app.py"
SECRETS = {"ACME_OPTIMOVE_KEY": "k" * 16, "ACME_WEBHOOK_TOKEN": "t" * 16, "ACME_TEXTLOCAL_KEY": "a" * 16}
# Which question is left to `--all-dialects`, of all that Optimove and Textlocal leave open.
OPEN = "optimove.row_order"
CONTROL = "127.0.0.1:4100"
DEMO = "make demo"
LOAD = "sendproof load campaign --customers 100 --days 1 --keep-history"
# These talk to simulators that run, at the usual port.
OPERATING = {"template", "schedule", "cancel", "trigger", "event", "campaigns", "campaign"}


def _script(*words: str) -> str:
    return f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'


def _scenario(document: str) -> str:
    """The whole scenario that a document shows."""
    return next(block.text for block in blocks(document, "yaml") if "sendproof: 1\n" in block.text)


def _mistaken() -> str:
    """The one of the page, with the two mistakes that it tells of."""
    good = _scenario("docs/write-a-scenario.md")
    return good.replace("{share: 50%, template: Offer", "{sharee: 50%, template: Offer").replace("8 days", "8 dayz")


def _answering() -> str:
    """A small one that leaves one question open."""
    services = {name: provider for name, provider in discover().items() if name in {"optimove", "textlocal"}}
    answers = {f"{name}.{one.name}": one.default for name, service in services.items() for one in service.dialects}
    told = ", ".join(f'{name}: "{value}"' for name, value in answers.items() if name != OPEN)
    return _scenario("docs/connect-your-bridge.md").replace("5 seconds", "2 days") + f"dialects: {{{told}}}\n"


def _first_campaign() -> str:
    """Few customers, and one day of reports in place of seven."""
    return FIRST.read_text().replace("customers: 10000", "customers: 100").replace("7 days", "1 day")


FILES = {
    "my-bridge": lambda: _script(sys.executable, str(APP)),
    ".venv/bin/python": lambda: _script(sys.executable),
    "launch.yaml": lambda: _scenario("docs/write-a-scenario.md"),
    "mistakes.yaml": _mistaken,
    "one_minute.yaml": lambda: _scenario("docs/connect-your-bridge.md"),
    "my_scenario.yaml": _answering,
    "thresholds.yaml": lambda: "sendproof: 1\nlosses: {lost: 0}\n",
    "scenarios/scheduled/first_campaign.yaml": _first_campaign,
}
"""What lies on the desk from the beginning; some command names each."""

THEMES = {"triggered": "one_event"}
"""Of the library's themes, those that some command names, each with the one scenario that stands for it."""

LINKS = ("Makefile", "bridge", "benchmarks", "docs", "openapi")


class Desk:
    """One document's desk. What was started on it is asked to stop at the end, and must do so with status 0."""

    def __init__(self, folder: Path, document: str) -> None:
        self.folder = folder
        self._document = document
        port = free_port("127.0.0.1")
        self._here = {f"{host}:9000": f"{host}:{port}" for host in ("localhost", "127.0.0.1")}
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._waiting: list[subprocess.Popen[str]] = []
        self._lay()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for helper in self._waiting:
            helper.send_signal(signal.SIGINT)
            helper.wait(timeout=120)
        ends = {}
        for name, process in reversed(self._running.items()):
            process.send_signal(signal.SIGINT)
            ends[name] = process.wait(timeout=120)
        assert error is not None or set(ends.values()) <= {0}, ends

    def do(self, text: str) -> tuple[int, str]:
        """Give a command; answers its exit status (0 of one that goes on running) and what it said."""
        if text.startswith("sendproof up"):
            return 0, self._up(text)
        if text.startswith("sendproof-bridge") and "--check" not in text:
            return 0, self._bridge(text)
        done = self._run(self._prepared(text))
        return done.returncode, self._as_told(done.stdout)

    def _run(self, text: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", "-c", self._translated(text)]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )

    def _start(self, text: str, **more: str) -> subprocess.Popen[str]:
        with (self.folder / "running.log").open("a") as log:
            return subprocess.Popen(
                ["sh", "-c", "exec " + self._translated(text)],
                cwd=self.folder,
                env=self._environment() | more,
                stdout=log,
                stderr=log,
                text=True,
            )

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return {**os.environ, **SECRETS, "PATH": path, "COLUMNS": "80", "PYTHONUNBUFFERED": "1"}

    def _lay(self) -> None:
        self._put("bin/sendproof", _script(sys.executable, "-m", "sendproof_harness"))
        self._put("bin/sendproof-bridge", _script(sys.executable, "-m", "sendproof_bridge"))
        for name in LINKS:
            (self.folder / name).symlink_to(ROOT / name)
        for name, text in FILES.items():
            self._put(name, text())
        for theme, one in THEMES.items():
            self._put(f"scenarios/{theme}/{one}.yaml", (ROOT / "scenarios" / theme / f"{one}.yaml").read_text())
        for name, text in named_files("docs/add-a-provider.md").items():
            self._put(f"my_simulators/{name}", text)

    def _put(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    # -- what stands for what ------------------------------------------------------------------------

    def _translated(self, text: str) -> str:
        for told, here in self._here.items():
            text = text.replace(told, here)
        return text

    def _as_told(self, said: str) -> str:
        for told, here in self._here.items():
            said = said.replace(here, told)
        return said

    def _prepared(self, text: str) -> str:
        """See that there is what the command needs; answers the command, as it is given here."""
        words = shlex.split(text)
        if text == DEMO:
            recipe = re.search(r"^demo:.*\n\t@\$\(BIN\)/(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
            return recipe[1]
        if CONTROL in text or (words[:1] == ["sendproof"] and words[1] in OPERATING):
            self._up("sendproof up")
        if words[:1] == ["sendproof"] and words[1] in {"schedule", "trigger"}:
            self._bridge("sendproof-bridge --config bridge.toml")
        if "bridge.toml" in words:
            self._put("bridge.toml", self._settings(self._document))
        if "http://localhost:9000" in words:
            self._bridge_of_the_reader(Path(words[2]).stem)
        for name in re.findall(r"results/([\w-]+)", text):
            self._results(name, wait="handover.json" in text)
        return text + (f" --control-url http://{CONTROL}" if words[0] == "sendproof" and words[1] in OPERATING else "")

    def _up(self, text: str) -> str:
        """Simulators at ports of their own, which documents and commands name as the usual ones."""
        log = self.folder / "running.log"
        if "up" not in self._running:
            self._running["up"] = self._start(f"{text} --port 0")
            wait_until(lambda: "Ctrl-C stops them" in log.read_text(), "the simulators", log)
            found = re.findall(r"^\S+ +http://(127.0.0.1:\d+)", log.read_text(), re.MULTILINE)
            self._here |= {f"127.0.0.1:{4100 + number}": here for number, here in enumerate(found)}
        return self._as_told(log.read_text())

    def _bridge(self, text: str) -> str:
        """The reference bridge beside the default sandbox, once it has told Optimove of every template."""
        if "bridge" not in self._running:
            self._up("sendproof up")
            self._put("bridge.toml", self._translated(self._settings("docs/manual-testing.md")))
            self._running["bridge"] = self._start(text)
            wait_until(self._synchronised, "the bridge to tell of the templates", self.folder / "running.log")
        return ""

    def _synchronised(self) -> bool:
        base = self._translated(f"http://{CONTROL}/control/sandboxes/default")
        held = requests.get(f"{base}/providers/textlocal/templates", timeout=10).json()
        known = requests.get(f"{base}/state", timeout=10).json()["channel_templates"]
        return [len(known.get(channel, ())) for channel in ("505", "250")] == [len(held)] * 2

    def _settings(self, document: str) -> str:
        own = [block.text for block in blocks(document, "toml") if "[bridge]" in block.text]
        return own[0] if own else self._settings("docs/manual-testing.md")

    def _bridge_of_the_reader(self, name: str) -> None:
        """It was started first, and waits for the file that the run will write."""
        told = self.folder / "results" / name / "handover.json"
        told.unlink(missing_ok=True)
        self._waiting.append(self._start("./my-bridge", SENDPROOF_HANDOVER=str(told)))

    def _results(self, name: str, *, wait: bool) -> None:
        folder = self.folder / "results" / name
        if folder.exists():
            return
        command = LOAD if name == "load_campaign" else f"sendproof run {self._scenario_named(name)}"
        if wait:
            self._waiting.append(self._start(f"{command} --bridge http://localhost:9000"))
            wait_until((folder / "handover.json").exists, "the run to wait for its bridge", self.folder / "running.log")
        else:
            assert self._run(command).returncode == 0

    def _scenario_named(self, name: str) -> Path:
        (file,) = self.folder.glob(f"scenarios/*/{name}.yaml")
        return file.relative_to(self.folder)
