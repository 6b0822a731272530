"""Runs against real simulators and small bridges."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
import requests

from run_helpers import PARK, PARKING, PREAMBLE, RecordedProgress
from running import RunningSimulators
from sendproof_harness.history.reader import read_history
from sendproof_harness.history.timestamps import HOUR, SECOND
from sendproof_harness.judge.verdict import judge
from sendproof_harness.report.summary import summary
from sendproof_harness.run.aborted import RunAbortedError
from sendproof_harness.run.bridge_process import Bridge
from sendproof_harness.run.errors import RunError
from sendproof_harness.run.processes import Child, Program, wait_until
from sendproof_harness.run.runner import RunOptions, RunResult, run_scenario
from sendproof_harness.scenario.load import parse_scenarios
from sendproof_harness.scenario.model import Scenario, WaitFor

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
WRONG_KEY = (
    PREAMBLE
    + """
optimove['credentials']['api_key'] = 'not-this-one'
try:
    register()
except urllib.error.HTTPError:
    pass
"""
    + PARK
)
IDLE = PREAMBLE + "time.sleep(600)\n"
BROKEN = PREAMBLE + "print('cannot open the database'); sys.exit(3)\n"
WITHOUT_CLOCK = PREAMBLE + "register()\ntime.sleep(600)\n"
DYING = PREAMBLE + "register()\npark(0)\nprint('out of memory'); os.kill(os.getpid(), 9)\n"
HANGING = PREAMBLE + "register()\npark(0)\ntime.sleep(600)\n"


@pytest.fixture
def scenario() -> Scenario:
    """Return a scenario with a campaign to ten customers."""
    return parse_scenarios(SCENARIO, "small.yaml")[0]


@pytest.fixture
def options_for(tmp_path: Path, simulators: RunningSimulators):
    """Return options for a run against a bridge of a few lines."""
    return partial(options_in, tmp_path, simulators)


def options_in(folder: Path, simulators: RunningSimulators, code: str, timeout_s: float = 300.0) -> RunOptions:
    """Return options for a run in a folder against a bridge of a few lines."""
    file = folder / "bridge.py"
    file.write_text(code)
    command = shlex.join([sys.executable, str(file)])
    return RunOptions(command=command, control_url=simulators.control, results=folder / "results", timeout_s=timeout_s)


@dataclass
class StartSignal(RecordedProgress):
    """The progress of a run, which creates the file `signal` when the run waits for its bridge."""

    signal: Path = field(kw_only=True)

    def note(self, text: str) -> None:
        super().note(text)
        if self.notes:
            self.signal.touch()


@contextmanager
def running_bridge(code: str, progress: StartSignal, handover: Path) -> Iterator[Child]:
    """Start a bridge that waits for the signal before it does anything."""
    file, log = progress.signal.with_name("bridge.py"), progress.signal.with_name("log")
    wait = f"while not os.path.exists({str(progress.signal)!r}): time.sleep(0.05)\n"
    file.write_text(f"import os, time\nprint('waiting', flush=True)\n{wait}{code}")
    environment = {"SENDPROOF_HANDOVER": str(handover)}
    program = Program(name="a bridge", command=[sys.executable, str(file)], log=log, environment=environment)
    with Child(program) as child:
        assert wait_until(lambda: "waiting" in log.read_text(), 120)
        yield child


def sandbox_names(simulators: RunningSimulators) -> list[str]:
    return [sandbox["sandbox"] for sandbox in simulators.call("GET", "/sandboxes")]


def test_run_saves_history_and_deletes_its_sandbox(scenario, options_for, simulators) -> None:
    """Shared simulators keep running, so nothing of a run may remain in them."""
    progress, before = RecordedProgress(), sandbox_names(simulators)
    result = run_scenario(scenario, "small", options_for(PARKING), progress)
    assert result.aborted is None
    assert progress.phases == [
        "starting the simulators",
        "starting the bridge",
        "waiting for the bridge: 1 listener, 1 template",
        "scheduling campaign 7001 for 10 customers",
        "advancing the clock by 2 hours",
        "reading the history",
    ]
    history = read_history(result.histories[0])
    assert (history.header.seed, history.scenarios[0].name, history.scenarios[0].file) == (7, "Small", "small")
    assert sandbox_names(simulators) == before
    assert progress.page == f"{simulators.control}/#/overview?sandbox={history.header.sandbox}"


def test_preflight_problems_prevent_the_run(scenario, options_for) -> None:
    """The bridge is not started, so it cannot be blamed."""
    options = replace(options_for(PARKING), preflight=lambda _: ["address of optimove: expected a response"])
    with pytest.raises(RunError, match="no bridge could work with this:\naddress of optimove: expected a response"):
        run_scenario(scenario, "small", options, RecordedProgress())
    assert not (options.results / "small" / "bridge.log").exists()


def test_campaign_without_synchronized_template_aborts_and_blames_the_bridge(scenario, options_for) -> None:
    """The scenario waits for a listener only, so Optimove rejects the campaign."""
    hasty = replace(scenario, steps=(WaitFor(listeners=1, templates=0), *scenario.steps[1:]))
    result = run_scenario(hasty, "small", options_for(WITHOUT_TEMPLATES), RecordedProgress())
    assert result.aborted is not None
    assert result.aborted.blame == "bridge"
    assert "template 'Welcome' is not among those of channel 505: none" in result.aborted.got


def test_ended_bridge_fails_with_the_end_of_its_log(scenario, options_for) -> None:
    """The history alone gives the same verdict."""
    result = run_scenario(scenario, "small", options_for(BROKEN), RecordedProgress())
    log = result.folder / "bridge.log"
    assert result.aborted is not None
    assert (result.aborted.blame, result.aborted.cause) == ("bridge", "the bridge ended with exit status 3")
    assert result.aborted.got == f"exit status 3; the end of {log}:\ncannot open the database"
    assert judge(read_history(result.histories[0])).status == "fail"


def test_end_of_a_bridge_on_a_full_disk_blames_the_machine(tmp_path: Path) -> None:
    """No bridge can store what it must not lose, so its end says nothing about the bridge."""
    handover = {"client": "acme", "listen": {"host": "127.0.0.1", "port": 9}}
    command = shlex.join([sys.executable, "-c", "raise SystemExit('disk I/O error')"])
    with Bridge(
        handover=handover, folder=tmp_path, command=command, url=None, database=tmp_path, least_free_bytes=2**62
    ) as bridge:
        bridge.start()
        with pytest.raises(RunAbortedError) as caught:
            wait_until(lambda: bool(bridge.check_running()), 120)
    aborted = caught.value.aborted
    assert (aborted.blame, aborted.cause) == (
        "harness",
        "the bridge ended with exit status 1, and a disk is full",
    )
    assert aborted.remedy == "free some space on that disk, and run the scenario again"


def test_bridge_that_dies_while_time_passes_is_noticed_before_the_timeout(scenario, options_for) -> None:
    result = run_scenario(scenario, "small", options_for(DYING, timeout_s=60), RecordedProgress())
    assert result.aborted is not None
    assert result.aborted.got.startswith("signal SIGKILL; the end of")


def test_idle_bridge_aborts_with_the_state_it_reached(scenario, options_for) -> None:
    result = run_scenario(scenario, "small", options_for(IDLE, timeout_s=1), RecordedProgress())
    log = result.folder / "bridge.log"
    assert result.aborted is not None
    if result.aborted.blame == "harness":
        pytest.skip("the machine is overloaded, so the run rightly does not blame the bridge")
    assert (result.aborted.blame, result.aborted.expected, result.aborted.got) == (
        "bridge",
        "1 listener, 1 template within 1 s",
        f"0 listeners, 0 templates; its log {log} is empty",
    )


def test_hanging_bridge_aborts_with_the_name_of_the_participant(scenario, simulators, tmp_path: Path) -> None:
    options = RunOptions(bridge="http://localhost:9", control_url=simulators.control, results=tmp_path, timeout_s=5)
    progress = StartSignal(signal=tmp_path / "signal")
    with running_bridge(HANGING, progress, tmp_path / "small" / "handover.json"):
        result = run_scenario(scenario, "small", options, progress)
    assert result.aborted is not None
    assert result.aborted.cause == "the bridge did not become idle"
    assert "participant 'small' is not parked" in result.aborted.got


def test_wrong_key_blames_the_configuration(scenario, options_for, simulators) -> None:
    """A wrong key is the most frequent mistake; requests before the run are not counted."""
    requests.get(simulators.services["textlocal"]["url"] + "/balance", timeout=60)
    result = run_scenario(scenario, "small", options_for(WRONG_KEY), RecordedProgress())
    assert result.aborted is not None
    assert result.aborted.blame == "config"
    assert result.aborted.got.startswith(
        "0 listeners, 0 templates; 1 request came, none usable:\n"
        "  POST /current/general/RegisterEventListener to optimove:"
        " the value of X-API-KEY is no credential of this sandbox\n"
    )


def test_running_bridge_that_does_not_exist_is_an_error_with_its_cause_as_headline(
    scenario, simulators, tmp_path: Path
) -> None:
    """Nothing was tested, so nothing is said about a bridge."""
    options = RunOptions(bridge="http://127.0.0.1:9", control_url=simulators.control, results=tmp_path, timeout_s=1)
    result = run_scenario(scenario, "small", options, RecordedProgress())
    verdict = judge(read_history(result.histories[0]))
    (root,) = verdict.roots
    assert (verdict.status, verdict.exit_status, root.blame) == ("error", 3, "config")
    assert root.cause == "the bridge never registered: nothing listens at http://127.0.0.1:9"
    assert root.remedy.startswith("start the bridge at http://127.0.0.1:9 and let it read ")
    assert {result.status for result in verdict.results} == {"error", "unknown"}
    assert summary(verdict) == f"T{root.cause[1:]}. This run does not judge the bridge."


@pytest.fixture(scope="module")
def run_without_clock(simulators, tmp_path_factory) -> tuple[RunResult, RecordedProgress]:
    """Return the result and the progress of a run with a bridge that has its own clock.

    The run waits for the bridge's messages until its time-out, in which a slow machine must have started the bridge.
    """
    folder, progress = tmp_path_factory.mktemp("run"), RecordedProgress()
    options = options_in(folder, simulators, WITHOUT_CLOCK, timeout_s=10)
    return run_scenario(parse_scenarios(SCENARIO, "small.yaml")[0], "small", options, progress), progress


def test_bridge_without_the_clock_runs_with_a_note(run_without_clock) -> None:
    """It may be correct in everything that was observed."""
    result, progress = run_without_clock
    assert result.aborted is None
    (note,) = progress.notes
    assert note == (
        "Your bridge does not use the virtual clock (clock_url of the handover file).\n"
        "The run waits for outstanding work in real time (clock rate 1), and jumps otherwise.\n"
        "It takes about 6 seconds for a bridge that looks for work every 2 seconds, 3 minutes if it looks once a"
        " minute.\n"
        "Send times and the pace of reports stay unknown. To have them judged, use the virtual clock, or --clock-rate 1"
        " with a short scenario."
    )


def test_scenario_begins_in_the_past_of_a_bridge_without_the_clock(run_without_clock, simulators) -> None:
    """Its messages are due at once on the clock of the machine, and no older than the run."""
    result, _ = run_without_clock
    (due,) = {obligation.due for obligation in read_history(result.histories[0]).obligations}
    assert 0 <= simulators.call("GET", "/health")["real"] - due / 1000 < 3_600


def test_clock_rate_lets_time_run_by_itself(options_for) -> None:
    """At a rate of 7,200, two hours pass in one second. A slow machine has ten days to the campaign."""
    (scenario,) = parse_scenarios(SCENARIO.replace("02T06:30", "12T06:30").replace("02T09", "12T09"), "small.yaml")
    progress = RecordedProgress()
    result = run_scenario(scenario, "small", replace(options_for(WITHOUT_CLOCK), clock_rate=7200), progress)
    history = read_history(result.histories[0])
    assert (result.aborted, progress.notes) == (None, [])
    assert (history.header.clock.mode, history.header.clock.rate) == ("real", 7200)
    assert history.header.ended - (history.header.clock.start or 0) >= 2 * HOUR


def test_real_time_scenario_begins_when_the_bridge_is_ready(options_for) -> None:
    """All times shift by the same number of whole seconds."""
    soon = SCENARIO.replace("06:30:00Z", "06:00:01Z").replace("09:00:00Z", "06:00:02Z").replace("2 hours", "3 seconds")
    options = replace(options_for(WITHOUT_CLOCK), clock_rate=1)
    result = run_scenario(parse_scenarios(soon, "small.yaml")[0], "small", options, RecordedProgress())
    history = read_history(result.histories[0])
    (registered,), (due,) = history.listeners, {obligation.due for obligation in history.obligations}
    assert due % SECOND == 0
    assert 2 * SECOND <= due - registered.at <= HOUR
    assert history.header.ended > due


def test_running_bridge_gets_the_path_of_the_handover(scenario, simulators, tmp_path: Path) -> None:
    """The run starts no bridge, and continues when the listener is registered."""
    progress, handover = StartSignal(signal=tmp_path / "signal"), tmp_path / "small" / "handover.json"
    options = RunOptions(bridge="http://localhost:9", control_url=simulators.control, results=tmp_path, timeout_s=300)
    with running_bridge(PARKING, progress, handover) as bridge:
        result = run_scenario(scenario, "small", options, progress)
        assert bridge.exit_status is None
    assert result.aborted is None
    assert progress.notes == [
        (f"The handover file is {handover}.\nWaiting until the bridge at http://localhost:9 uses the sandbox."),
        "There is no server at http://localhost:9 yet.",
    ]


def test_missing_simulators_are_an_error_of_the_harness(scenario, tmp_path: Path) -> None:
    """The bridge is not judged."""
    options = RunOptions(control_url="http://127.0.0.1:9", results=tmp_path)
    message = r"^expected simulators at http://127\.0\.0\.1:9, got no response \(Connection refused\)"
    with pytest.raises(RunError, match=message):
        run_scenario(scenario, "small", options, RecordedProgress())


def test_bridge_url_without_scheme_is_refused(scenario, simulators, tmp_path: Path) -> None:
    options = RunOptions(bridge="localhost:9000", control_url=simulators.control, results=tmp_path)
    with pytest.raises(RunError, match="--bridge: expected a URL such as http://localhost:9000, got 'localhost:9000'"):
        run_scenario(scenario, "small", options, RecordedProgress())


def test_kill_is_refused_for_a_running_bridge(tmp_path: Path) -> None:
    """Only a bridge that the run started can be restarted; nothing is written before the check."""
    kill = "faults:\n  - {fault: kill, call: optimove.GetCustomers}\nsteps:\n"
    (scenario,) = parse_scenarios(SCENARIO.replace("steps:\n", kill), "small.yaml")
    options = RunOptions(bridge="http://localhost:9", results=tmp_path)
    with pytest.raises(RunError, match="--bridge: expected a scenario without the fault kill"):
        run_scenario(scenario, "killed", options, RecordedProgress())
    assert list(tmp_path.iterdir()) == []


@dataclass
class Interrupting(RecordedProgress):
    """The progress of a run that is interrupted as soon as time is to be advanced."""

    def phase(self, text: str) -> None:
        super().phase(text)
        if text.startswith("advancing"):
            raise KeyboardInterrupt


def test_interrupted_run_leaves_its_history(scenario, options_for) -> None:
    """A run can last for hours; what it saw until then can be judged."""
    progress, options = Interrupting(), options_for(PARKING)
    with pytest.raises(KeyboardInterrupt):
        run_scenario(scenario, "small", options, progress)
    file = options.results / "small" / "history.ndjson"
    assert judge(read_history(file)).status == "unknown"
