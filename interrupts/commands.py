"""The commands to interrupt, with their stages. A stage has begun when its text is in the output of the command."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

CLINGING = shlex.join([sys.executable, str(Path(__file__).with_name("clinging_bridge.py"))])
RARELY = f"{CLINGING} --reports-once-a-day"

SCENARIO = """\
sendproof: 1
name: Interrupted
seed: 7
starts: 2026-03-02T06:00:00Z
providers: [textlocal, delivyr]
audience: {customers: 20}
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
  - advance: 2 days
"""
SETTINGS = """\
[bridge]
database = "bridge.sqlite"
listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:1"

[[clients]]
name = "acme"
optimove_url = "{url}"
optimove_api_key = "interrupted-key-1234"
webhook_token = "interrupted-token-1234"

[[clients.channels]]
id = 505
provider = "textlocal"
url = "{url}"
apikey = "interrupted-key-5678"
sender = "Acme"
phone_attribute = "PHONENUMBER"
consent_attribute = "SMS_OPT_IN"
"""
#: The stage before Python has begun with the command.
LAUNCHED = "launched"
#: A stage with this prefix begins when the command has used so many seconds of a processor, mostly for imports.
AFTER = "after "
_IMPORTING = (LAUNCHED, *(f"{AFTER}{seconds}" for seconds in ("0.15", "0.25", "0.35")))
#: The stage in which the command waits for a service that accepts connections and never responds.
CONNECTED = "connected"
#: A stage with this prefix begins when a file of that name is in the results and not empty.
FILE = "file "
#: The stages of a server that is asked for a verdict on its sandbox: its judge has begun, or has a part of the history.
JUDGE_STARTED, JUDGE_READS = "judge started", "judge reads"
#: The folder of the results of a trial, as a word of a command line.
RESULTS = "RESULTS"
HARNESS, _SIMULATORS, _BRIDGE = "sendproof_harness", "sendproof_simulators", "sendproof_bridge"
_VERDICT, _FIGURES = "verdict.json", "result.json"
_INT, _TERM, _HUP = 2, 15, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command line, and the texts of its output that its stages begin with.

    `usual_ends` has the exit status of each signal that is a usual end of the command, such as Ctrl-C for a server. It
    comes without a message. `needs_failed_run` is True if the folder `failed` next to the scenario must be there.
    """

    words: tuple[str, ...]
    stages: tuple[str, ...]
    program: str = HARNESS
    usual_ends: Mapping[int, int] = field(default_factory=dict)
    needs_failed_run: bool = False
    #: False for a command that only a signal ends.
    has_end: bool = True
    #: The stages without a keeper: a signal that cannot be handled leaves temporary files to the next command.
    unkept: frozenset[str] = frozenset()
    #: The file with the result, which the command writes at its end; "" if it writes several, or none.
    result: str = ""


def failed_run(scenario: Path) -> tuple[str, ...]:
    """Return the command of a run that fails, with its results next to the scenario."""
    return (
        *("run", str(scenario), "--provider", "textlocal", "--command", RARELY),
        *("--results", str(scenario.with_name("failed"))),
    )


def commands(scenario: Path, silent_url: str) -> Mapping[str, Command]:
    """Return the commands by name. At `silent_url` is a server that never responds."""
    return {
        **_runs(scenario),
        **_searches(scenario),
        **_servers(scenario.with_name("bridge.toml"), silent_url),
        **_clients(silent_url),
    }


def _runs(scenario: Path) -> Mapping[str, Command]:
    starting = (LAUNCHED, "starting the simulators", f"{FILE}simulators.log")
    preparing = (*starting, "starting the bridge", f"{FILE}bridge.log", "waiting for the bridge")
    ending = ("reading the history", "done", FILE + _VERDICT)
    advancing = ("scheduling campaign", "advancing the clock by 4 hours", "advancing the clock by 2 days")
    results = ("--results", RESULTS)
    one = ("run", str(scenario), "--provider", "textlocal", *results)
    parallel = (LAUNCHED, f"{FILE}simulators.log", "started interrupted-delivyr")
    return {
        "run": Command(words=one, stages=(*preparing, *advancing, *ending), result=_VERDICT),
        "run --command": Command(
            words=(*one, "--command", CLINGING), stages=(*preparing, *advancing, *ending), result=_VERDICT
        ),
        "run --parallel": Command(
            words=("run", str(scenario), "--parallel", "2", *results),
            stages=(*parallel, *(FILE + name for name in ("handover.json", "bridge.log", "history.ndjson.part"))),
        ),
        "contract": Command(
            words=("contract", "--examples", "2", "--command", CLINGING, *results),
            stages=(*preparing, "defining the trigger", "scheduling campaign", "posting valid and invalid", *ending),
            result=_VERDICT,
        ),
        "load campaign": Command(
            words=("load", "campaign", "--customers", "400", "--command", CLINGING, *results),
            stages=(*preparing, "scheduling campaign", " cores", FILE + _FIGURES),
            result=_FIGURES,
        ),
        "load triggers": Command(
            words=(
                "load",
                "triggers",
                "--rate",
                "5",
                "--seconds",
                "8",
                "--customers",
                "100",
                "--processes",
                "2",
                *results,
            ),
            stages=(*preparing, "defining the trigger", " cores", FILE + _FIGURES),
            result=_FIGURES,
        ),
    }


def _searches(scenario: Path) -> Mapping[str, Command]:
    """Return the commands that play several runs."""
    started = (LAUNCHED, f"{FILE}simulators.log", f"{FILE}bridge.log", f"{FILE}history.ndjson.part")
    results = ("--results", RESULTS)
    return {
        "certify": Command(
            words=("certify", "--flow", "triggered", "--command", CLINGING, *results),
            stages=(*started, f"{FILE}verdict.json"),
        ),
        "compare": Command(
            words=("compare", "reference", CLINGING, "--scenario", str(scenario), *results),
            stages=(*started, f"{FILE}history.ndjson"),
        ),
        "invariants": Command(
            words=("invariants", str(scenario), "--only", "days", "--command", CLINGING, *results),
            stages=(*started, f"{FILE}history.ndjson"),
        ),
        "explore": Command(
            words=("explore", "--runs", "2", "--command", CLINGING, *results),
            stages=(LAUNCHED, f"{FILE}bridge.log", "seed 1", "seed 2"),
        ),
        "shrink": Command(
            words=(
                "shrink",
                str(scenario.with_name("failed") / "interrupted-textlocal"),
                "--fresh",
                "--command",
                RARELY,
                "--budget",
                "12",
                "--output",
                f"{RESULTS}/shrunk.yaml",
            ),
            stages=(LAUNCHED, "Kept: ", " of 12 runs", f"{FILE}shrunk.yaml"),
            needs_failed_run=True,
            unkept=frozenset({"Kept: "}),
        ),
    }


def _servers(settings: Path, silent_url: str) -> Mapping[str, Command]:
    """Return the commands that run until they are stopped."""
    stopped = {_INT: 0}
    up = ("up", "--port", "0")
    simulators = Command(words=up, stages=(*_IMPORTING, "Stop the simulators"), usual_ends=stopped, has_end=False)
    # A process that may be killed at any instant needs no clean-up: it dies of the other signals.
    bridge = Command(
        words=("serve", "--config", str(settings)),
        stages=(*_IMPORTING, CONNECTED),
        program=_BRIDGE,
        usual_ends={**stopped, _TERM: 0, _HUP: -_HUP},
        has_end=False,
    )
    judging = replace(simulators, words=(*up, "--json", "--customers", "20000"), stages=(JUDGE_STARTED, JUDGE_READS))
    return {
        "up": simulators,
        "up with workers": replace(simulators, words=(*up, "--workers", "2")),
        "up that judges": judging,
        "up with workers that judges": replace(judging, words=(*judging.words, "--workers", "2")),
        "up of the simulators": replace(
            simulators,
            words=(*up, "--workers", "2"),
            program=_SIMULATORS,
            usual_ends={**stopped, _TERM: -_TERM, _HUP: -_HUP},
        ),
        "proxy": Command(
            words=("proxy", "--to", f"optimove={silent_url}", "--port", "0", "--har", f"{RESULTS}.har"),
            stages=(LAUNCHED, "Ctrl-C"),
            usual_ends={_INT: 2},
            has_end=False,
        ),
        "bridge serve": bridge,
        "bridge work": replace(bridge, words=("work", *bridge.words[1:])),
    }


def _clients(silent_url: str) -> Mapping[str, Command]:
    """Return the commands that wait for another program, or for nothing."""
    control = ("--control-url", silent_url)
    waiting = (LAUNCHED, CONNECTED)
    return {
        "doctor": Command(words=("doctor", *control), stages=waiting, has_end=False),
        "clock advance": Command(words=("clock", "advance", "1h", *control), stages=waiting, has_end=False),
        "log --follow": Command(words=("log", "list", "--follow", *control), stages=waiting, has_end=False),
        "sandbox reset": Command(words=("sandbox", "reset", *control), stages=waiting, has_end=False),
        "judge": Command(words=("judge", *control), stages=waiting, has_end=False, unkept=frozenset(waiting)),
        "scenarios": Command(words=("scenarios",), stages=_IMPORTING),
    }
