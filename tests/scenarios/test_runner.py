"""Runs against real simulators and small bridges: what is recorded, and whose trouble it is."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import requests

from bridges import HELLO, PARK, PARKING, Listening
from running import RunningSimulators
from sendproof_scenarios.instants import HOUR, SECOND
from sendproof_scenarios.loading import loads
from sendproof_scenarios.model import Scenario, WaitFor
from sendproof_scenarios.processes import Child, Program, until
from sendproof_scenarios.reading import read_history
from sendproof_scenarios.recording import Neighbour, Note, RunError, insert_before_end, note
from sendproof_scenarios.runner import Options, run
from sendproof_scenarios.verdict import judge

SCENARIO = """\
sendproof: 1
name: Small
seed: 7
starts: 2026-03-02T06:00:00Z
audience: {customers: 10}
channels:
  - {id: 505, provider: textlocal}
templates:
  - {provider: textlocal, title: Welcome, body: "Hello {{FIRST_NAME}}"}
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits:
      - {share: 100%, template: Welcome, send_at: 2026-03-02T09:00:00Z}
steps:
  - wait_for: {listeners: 1, templates: 1}
  - plan: 7001
  - advance: 2 hours
"""

WITHOUT_TEMPLATES = PARKING.replace('    post("/integrations', '    pass # post("/integrations')
STRANGER = (
    HELLO
    + """
optimove['credentials']['api_key'] = 'not-this-one'
try:
    register()
except requests.HTTPError:
    pass
"""
    + PARK
)
IDLE = HELLO + "time.sleep(600)\n"
BROKEN = HELLO + "print('cannot open the database'); sys.exit(3)\n"
TIMELESS = HELLO + "register()\ntime.sleep(600)\n"
DYING = HELLO + "register()\npark(0)\nprint('out of memory'); os.kill(os.getpid(), 9)\n"
HANGING = HELLO + "register()\npark(0)\ntime.sleep(600)\n"


@pytest.fixture
def scenario() -> Scenario:
    """Ten customers, one campaign, two hours."""
    return loads(SCENARIO, "small.yaml")[0]


@pytest.fixture
def bridge(tmp_path: Path, simulators: RunningSimulators):
    """Options for a run against a bridge of a few lines."""

    def options(code: str, patience_s: float = 300.0) -> Options:
        file = tmp_path / "bridge.py"
        file.write_text(code)
        command = shlex.join([sys.executable, str(file)])
        return Options(
            command=command, simulators=simulators.control, results=tmp_path / "results", patience_s=patience_s
        )

    return options


def sandboxes(simulators: RunningSimulators) -> list[str]:
    """The names of all."""
    return [sandbox["sandbox"] for sandbox in simulators.call("GET", "/sandboxes")]


def test_a_run_records_its_history_and_leaves_nothing_behind(scenario, bridge, simulators) -> None:
    """The steps are played, the history is in its folder, the sandbox and the bridge are gone."""
    watcher, before = Listening(), sandboxes(simulators)
    recorded = run(scenario, "small", bridge(PARKING), watcher)
    assert recorded.trouble is None
    assert watcher.phases == [
        "starting the simulators",
        "starting the bridge",
        "waiting for the bridge: 1 listener, 1 template",
        "planning campaign 7001 for 10 customers",
        "letting 2 hours pass",
        "fetching the history",
    ]
    history = read_history(recorded.histories[0])
    assert (history.header.seed, history.scenarios[0].name, history.scenarios[0].file) == (7, "Small", "small")
    assert sandboxes(simulators) == before


def test_nothing_is_put_into_a_history_that_broke_off(tmp_path: Path) -> None:
    """A history that ends in the middle must not get an end by being noted in."""
    history = tmp_path / "history.ndjson"
    history.write_text('{"kind":"history"}\n{"kind":"delivery"}\n')
    with pytest.raises(RunError, match="broke off: expected a last line of the kind 'end'; run again"):
        insert_before_end(history, [{"kind": "scenario"}])
    assert history.read_text() == '{"kind":"history"}\n{"kind":"delivery"}\n'


def test_the_history_of_a_client_names_the_other_clients(tmp_path: Path, scenario, sound) -> None:
    """So that whoever judges it alone can see whose matter a call was."""
    history = tmp_path / "history.ndjson"
    history.write_bytes(b"".join(sound.encoded()))
    other = Neighbour(client="south", templates=(91, 92))
    note(Note(scenario=scenario, file="small", trouble=None), [other], "2026-03-02T06:00:00Z", history)
    assert [(one.client, one.templates) for one in read_history(history).neighbours] == [("south", (91, 92))]


def test_a_template_that_is_not_synchronised_is_the_fault_of_the_bridge(scenario, bridge) -> None:
    """The scenario waits for a listener alone, and then Optimove cannot take the campaign."""
    hasty = replace(scenario, steps=(WaitFor(listeners=1, templates=0), *scenario.steps[1:]))
    recorded = run(hasty, "small", bridge(WITHOUT_TEMPLATES), Listening())
    assert recorded.trouble is not None
    assert recorded.trouble.blame == "bridge"
    assert "template 'Welcome' is not among those of channel 505: none" in recorded.trouble.got


def test_a_bridge_that_ends_is_a_fail_with_its_last_words(scenario, bridge) -> None:
    """A crash at the start is a result like any other, and the history alone says the same."""
    recorded = run(scenario, "small", bridge(BROKEN), Listening())
    log = recorded.folder / "bridge.log"
    assert recorded.trouble is not None
    assert (recorded.trouble.blame, recorded.trouble.cause) == ("bridge", "the bridge ended")
    assert recorded.trouble.got == (
        f"the bridge ended by itself with exit status 3; the end of {log}:\ncannot open the database"
    )
    assert judge(read_history(recorded.histories[0])).standing == "fail"


def test_a_bridge_that_dies_while_time_passes_is_noticed_at_once(scenario, bridge) -> None:
    """The runner does not sit out its patience when there is nobody left to wait for."""
    recorded = run(scenario, "small", bridge(DYING, patience_s=60), Listening())
    assert recorded.trouble is not None
    assert recorded.trouble.got.startswith("the bridge ended by itself with signal SIGKILL; the end of")


def test_a_bridge_that_does_nothing_is_told_what_was_waited_for(scenario, bridge) -> None:
    """Not ready is a fail, not an endless wait."""
    recorded = run(scenario, "small", bridge(IDLE, patience_s=1), Listening())
    log = recorded.folder / "bridge.log"
    assert recorded.trouble is not None
    assert (recorded.trouble.blame, recorded.trouble.expected, recorded.trouble.got) == (
        "bridge",
        "1 listener, 1 template within 1 s",
        f"0 listeners, 0 templates; its log {log} is empty",
    )


@dataclass
class Starting(Listening):
    """A watcher that lets a waiting bridge begin when the run waits for it."""

    signal: Path = field(kw_only=True)

    def note(self, text: str) -> None:
        super().note(text)
        self.signal.touch()


@contextmanager
def waiting_bridge(code: str, watcher: Starting, handover: Path) -> Iterator[Child]:
    """A bridge that runs already, and begins at the signal of the watcher."""
    file, log = watcher.signal.with_name("bridge.py"), watcher.signal.with_name("log")
    wait = f"while not os.path.exists({str(watcher.signal)!r}): time.sleep(0.05)\n"
    file.write_text(f"import os, requests, time\nprint('waiting', flush=True)\n{wait}{code}")
    words, environment = [sys.executable, str(file)], {"SENDPROOF_HANDOVER": str(handover)}
    with Child(Program(name="a bridge", words=words, log=log, environment=environment)) as child:
        assert until(lambda: "waiting" in log.read_text(), 120)
        yield child


def test_a_bridge_that_never_parks_again_is_told_to_be_stuck(scenario, simulators, tmp_path: Path) -> None:
    """A hang is a fail that says who was waited for."""
    options = Options(bridge="http://localhost:9", simulators=simulators.control, results=tmp_path, patience_s=2)
    watcher = Starting(signal=tmp_path / "signal")
    with waiting_bridge(HANGING, watcher, tmp_path / "small" / "handover.json"):
        recorded = run(scenario, "small", options, watcher)
    assert recorded.trouble is not None
    assert recorded.trouble.cause == "the bridge did not come to rest"
    assert "participant 'small' is not parked" in recorded.trouble.got


def test_a_wrong_key_is_a_matter_of_configuration(scenario, bridge, simulators) -> None:
    """Requests that belong to no sandbox are the commonest mistake of all, and are named; earlier ones are not."""
    requests.get(simulators.services["textlocal"]["url"] + "/balance", timeout=60)
    recorded = run(scenario, "small", bridge(STRANGER), Listening())
    assert recorded.trouble is not None
    assert recorded.trouble.blame == "config"
    assert recorded.trouble.got.startswith(
        "0 listeners, 0 templates; no credential of this sandbox was shown by 1 of the requests,"
        " of which the last is POST /current/general/RegisterEventListener to optimove;"
    )


def test_a_bridge_without_the_clock_is_run_and_the_reader_is_told(scenario, bridge) -> None:
    """It may be right in everything but what could not be seen."""
    watcher = Listening()
    recorded = run(scenario, "small", bridge(TIMELESS), watcher)
    assert recorded.trouble is None
    assert watcher.notes == [
        (
            "The bridge does not take part in the virtual clock (clock_url of the handover file),"
            " so its times cannot be judged."
        )
    ]


def test_time_that_runs_by_itself_is_waited_for(scenario, bridge) -> None:
    """At 7,200 seconds in one, the two hours of the scenario are over in a real second."""
    watcher = Listening()
    recorded = run(scenario, "small", replace(bridge(TIMELESS), clock_rate=7200), watcher)
    history = read_history(recorded.histories[0])
    assert (recorded.trouble, watcher.notes) == (None, [])
    assert (history.header.clock.mode, history.header.clock.rate) == ("real", 7200)
    assert history.header.ended - (history.header.clock.start or 0) >= 2 * HOUR


def test_in_real_time_a_scenario_begins_now(bridge) -> None:
    """All its times move by as much as its beginning does, to where the bridge is ready, and are whole seconds."""
    soon = SCENARIO.replace("06:30:00Z", "06:00:01Z").replace("09:00:00Z", "06:00:02Z").replace("2 hours", "3 seconds")
    recorded = run(loads(soon, "small.yaml")[0], "small", replace(bridge(TIMELESS), clock_rate=1), Listening())
    history = read_history(recorded.histories[0])
    (registered,), (due,) = history.listeners, {owed.due for owed in history.obligations}
    assert due % SECOND == 0
    assert 2 * SECOND <= due - registered.at <= HOUR
    assert history.header.ended > due


def test_a_bridge_that_runs_already_finds_the_handover_where_it_is_told(scenario, simulators, tmp_path: Path) -> None:
    """The runner starts nothing; it says where the file is, and goes on when the listener is there."""
    watcher, handover = Starting(signal=tmp_path / "signal"), tmp_path / "small" / "handover.json"
    options = Options(bridge="http://localhost:9", simulators=simulators.control, results=tmp_path, patience_s=300)
    with waiting_bridge(PARKING, watcher, handover) as other:
        recorded = run(scenario, "small", options, watcher)
        assert other.status is None
    assert recorded.trouble is None
    assert watcher.notes == [
        f"The sandbox is described in {handover}.\nWaiting until the bridge at http://localhost:9 uses it.",
        "Nothing listens at http://localhost:9 yet.",
    ]


def test_simulators_that_are_not_there_are_an_error_of_the_harness(scenario, tmp_path: Path) -> None:
    """Nothing is said of the bridge when the other side is missing."""
    options = Options(simulators="http://127.0.0.1:9", results=tmp_path)
    message = r"^no answer from the simulators at http://127\.0\.0\.1:9 \(Connection refused\)"
    with pytest.raises(RunError, match=message):
        run(scenario, "small", options, Listening())


def test_a_bridge_address_that_is_none_is_refused(scenario, simulators, tmp_path: Path) -> None:
    """`localhost:9000` is not an address."""
    options = Options(bridge="localhost:9000", simulators=simulators.control, results=tmp_path)
    with pytest.raises(RunError, match="expected an address such as http://localhost:9000, got 'localhost:9000'"):
        run(scenario, "small", options, Listening())
