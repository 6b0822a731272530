"""The commands to interrupt, with their stages. A stage has begun when its text is in the output of the command."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CLINGING = shlex.join([sys.executable, str(Path(__file__).with_name("clinging_bridge.py"))])

SCENARIO = """\
sendproof: 1
name: Interrupted
seed: 7
starts: 2026-03-02T06:00:00Z
providers: [textlocal, delivyr]
audience: {customers: 50}
channels:
  - {id: 505, provider: any}
templates:
  - {provider: any, title: Welcome, body: "Hello {{FIRST_NAME}}"}
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T09:00:00Z}]
steps:
  - wait_for: {listeners: 1, templates: 1}
  - plan: 7001
  - advance: 4 hours
  - advance: 8 days
"""
#: The stage before the command has printed anything: Python still imports it.
LAUNCHED = "launched"
#: The stage in which the command waits for a service that accepts connections and never responds.
CONNECTED = "connected"
#: A stage with this prefix begins when a file of that name is in the results and not empty.
FILE = "file "


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command line, without the folder of its results, and the texts of its output that its stages begin with."""

    words: tuple[str, ...]
    stages: tuple[str, ...]
    has_results: bool = True
    #: SIGINT is the usual end of a server in a terminal, with status 0.
    serves: bool = False


def commands(scenario: Path, silent_url: str) -> Mapping[str, Command]:
    """Return the commands by name. At `silent_url` is a server that never responds."""
    starting = (LAUNCHED, "starting the simulators", f"{FILE}simulators.log")
    preparing = (*starting, "starting the bridge", f"{FILE}bridge.log", "waiting for the bridge")
    ending = ("reading the history", "done", f"{FILE}verdict.json")
    advancing = ("scheduling campaign", "advancing the clock by 4 hours", "advancing the clock by 8 days")
    one = ("run", str(scenario), "--provider", "textlocal")
    parallel = (LAUNCHED, f"{FILE}simulators.log", "started interrupted-delivyr")
    return {
        "run": Command(words=one, stages=(*preparing, *advancing, *ending)),
        "run --command": Command(words=(*one, "--command", CLINGING), stages=(*preparing, *advancing, *ending)),
        "run --parallel": Command(
            words=("run", str(scenario), "--parallel", "2"),
            stages=(*parallel, *(FILE + name for name in ("handover.json", "bridge.log", "history.ndjson.part"))),
        ),
        "contract": Command(
            words=("contract", "--examples", "2", "--command", CLINGING),
            stages=(*preparing, "defining the trigger", "scheduling campaign", "posting valid and invalid", *ending),
        ),
        "load campaign": Command(
            words=("load", "campaign", "--customers", "2000", "--command", CLINGING),
            stages=(*preparing, "scheduling campaign", " cores", f"{FILE}result.json"),
        ),
        "load triggers": Command(
            words=("load", "triggers", "--rate", "5", "--seconds", "20", "--customers", "100", "--processes", "2"),
            stages=(*preparing, "defining the trigger", " cores", f"{FILE}result.json"),
        ),
        "up": Command(
            words=("up", "--port", "0"), stages=(LAUNCHED, "Stop the simulators"), has_results=False, serves=True
        ),
        "up with workers": Command(
            words=("up", "--port", "0", "--workers", "2"),
            stages=(LAUNCHED, "Stop the simulators"),
            has_results=False,
            serves=True,
        ),
        "doctor": Command(
            words=("doctor", "--control-url", silent_url), stages=(LAUNCHED, CONNECTED), has_results=False
        ),
    }
