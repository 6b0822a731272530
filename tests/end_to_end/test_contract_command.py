"""`sendproof contract` and bridges in processes of their own: the right ones pass, others fail for what is wrong."""

import json
import shlex
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from command_line import sendproof
from repository import ROOT
from run_helpers import RecordedProgress
from running import RunningSimulators
from sendproof_harness.conformance.run import ConformanceOptions, conformance_scenario, with_probes
from sendproof_harness.history.reader import read_history
from sendproof_harness.judge.findings import Finding
from sendproof_harness.judge.verdict import Verdict, judge
from sendproof_harness.run.processes import Child, Program, free_port
from sendproof_harness.run.runner import RunOptions, run_scenario

APP = ROOT / "bridge" / "examples" / "flask_bridge" / "app.py"
FLASK = shlex.join([sys.executable, str(APP)])

# What makes of the right bridge a wrong one: a line of it, and what stands there instead.
UNKNOWN_TYPE = "        return None\n    event = "
NO_EVENT = '        return f"this is no event: {type(error).__name__}: {error}", 400'
NO_TEMPLATE = "        return  # whatever it was to say, nobody knows it any more"
REGISTERS = '        optimove(now, "POST", "general/RegisterEventListener", listener | {"ChannelID": channel})\n'
WANTED = 'attributes.get(CONSENT) == "1" and '
ROUTE = '@app.post(f"/{TOKEN}/events")\ndef event():'
VALUE = '{"MetricValue": sum('


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of asking the reference bridge."""
    results = tmp_path_factory.mktemp("reference")
    said = sendproof("contract", "--results", results, "--examples", "5")
    assert said.status == 0, said.out + said.err
    return results


@pytest.fixture
def asked(tmp_path: Path, simulators: RunningSimulators):
    """Ask a bridge that is wrong in one line, with few made-up events; answers the verdict."""

    def ask(right: str, wrong: str, within_s: float = 60.0, timeout_s: float = 60.0) -> Verdict:
        code = APP.read_text()
        assert code.count(right) == 1
        (tmp_path / "bridge.py").write_text(code.replace(right, wrong))
        small = conformance_scenario(
            ConformanceOptions(provider="textlocal", seed=None, examples=3, within_s=within_s, triggers=True)
        )
        options = RunOptions(
            command=shlex.join([sys.executable, str(tmp_path / "bridge.py")]),
            control_url=simulators.control,
            results=tmp_path / "results",
            timeout_s=timeout_s,
        )
        return judge(
            read_history(run_scenario(small, "contract", with_probes(options), RecordedProgress()).histories[0])
        )

    return ask


def failed(verdict: Verdict) -> dict[str, list[Finding]]:
    """What failed, by the number of the requirement."""
    return {
        result.check.requirement.number: [finding for finding in result.findings if finding.level == "fail"]
        for result in verdict.results
        if result.status == "fail"
    }


def numbers_of(file: Path) -> dict[str, str]:
    """The verdict of each check by its requirement."""
    return {one["requirement"]["number"]: one["verdict"] for one in json.loads(file.read_text())["checks"]}


def test_the_reference_bridge_keeps_to_the_contracts(reference: Path) -> None:
    """Without options it is asked, and passes; the reports say what was looked at."""
    folder = reference / "contract"
    assert set(numbers_of(folder / "verdict.json").values()) == {"pass"}
    (suite,) = ET.parse(folder / "junit.xml").getroot()
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "0")
    assert "Listeners survive invalid events" in (folder / "report.html").read_text()


@pytest.mark.slow
def test_a_bridge_by_another_hand_keeps_to_them_too(tmp_path: Path) -> None:
    """The example in Flask, which knows nothing of what it is asked."""
    said = sendproof("contract", "--results", tmp_path, "--examples", "5", "--command", FLASK)
    assert said.status == 0, said.out + said.err
    assert numbers_of(tmp_path / "contract" / "verdict.json").keys() >= {"R105", "R106", "R107", "R601"}


@pytest.mark.slow
def test_a_bridge_that_runs_already_keeps_to_them(tmp_path: Path) -> None:
    """It was started first, and waits for the file that is told of in docs/ci.md."""
    told = {"SENDPROOF_HANDOVER": str(tmp_path / "contract" / "handover.json")}
    words = [sys.executable, str(APP)]
    with Child(Program(name="the example", command=words, log=tmp_path / "bridge.log", environment=told)):
        address = f"http://127.0.0.1:{free_port('127.0.0.1')}"
        said = sendproof("contract", "--results", tmp_path, "--examples", "3", "--bridge", address)
    assert said.status == 0, said.out + said.err


@pytest.mark.slow
def test_a_bridge_without_triggers_is_asked_about_campaigns(tmp_path: Path) -> None:
    """It is told of no channel for triggers, and nobody misses a listener."""
    said = sendproof("contract", "--results", tmp_path, "--examples", "3", "--command", FLASK, "--no-triggers")
    assert said.status == 0, said.out + said.err
    assert "to 1 listener" in said.out


def test_the_same_history_gives_the_same_verdict_elsewhere(reference: Path, tmp_path: Path) -> None:
    """Only the contract is asked for, also by who has nothing but the file."""
    folder = reference / "contract"
    again = sendproof("judge", folder / "history.ndjson", "--results", tmp_path / "again")
    assert again.status == 0
    assert (tmp_path / "again" / "verdict.json").read_text() == (folder / "verdict.json").read_text()


def test_a_type_that_is_not_known_must_not_break_a_bridge(asked) -> None:
    """500 for it fails, with the smallest part that does it."""
    wrong = failed(asked(UNKNOWN_TYPE, "        raise RuntimeError(kind)\n    event = "))
    assert wrong.keys() == {"R106"}
    assert wrong["R106"][0].cause == "event 11: status 500 for an unknown event type"
    assert wrong["R106"][0].got.startswith("/EventTypeID: expected 11, got 0: status 500 for POST")


@pytest.mark.slow
def test_a_bridge_that_does_not_answer_is_not_waited_for_again_and_again(asked) -> None:
    """Three calls that time out are enough, and it is said how long was waited."""
    wrong = failed(asked(UNKNOWN_TYPE, "        time.sleep(600)\n    event = ", within_s=2))
    assert wrong.keys() == {"R106"}
    assert [finding.cause for finding in wrong["R106"]] == [
        "event 11: no response within 2 s for an unknown event type"
    ] * 3


def test_a_bridge_that_dies_of_broken_json_fails_for_that(asked) -> None:
    """The call that killed it is named, and the run says that it ended."""
    wrong = failed(asked(NO_EVENT, "        if isinstance(error, ValueError): os._exit(7)\n" + NO_EVENT))
    assert wrong.keys() == {"R001", "R106"}
    assert wrong["R001"][0].cause == "the bridge ended"
    assert wrong["R106"][0].cause.startswith("event 11: the connection failed")


@pytest.mark.slow
def test_a_bridge_that_dies_where_nobody_watches_it_is_found_to_be_gone(tmp_path: Path, simulators) -> None:
    """It runs already, so that only its silence tells."""
    (tmp_path / "bridge.py").write_text(APP.read_text().replace(NO_EVENT, "        os._exit(7)"))
    told = {"SENDPROOF_HANDOVER": str(tmp_path / "contract" / "handover.json")}
    words = [sys.executable, str(tmp_path / "bridge.py")]
    small = conformance_scenario(
        ConformanceOptions(provider="textlocal", seed=None, examples=3, within_s=60, triggers=True)
    )
    address = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    with Child(Program(name="the example", command=words, log=tmp_path / "bridge.log", environment=told)):
        options = RunOptions(bridge=address, control_url=simulators.control, results=tmp_path)
        wrong = failed(
            judge(read_history(run_scenario(small, "contract", with_probes(options), RecordedProgress()).histories[0]))
        )
    assert wrong.keys() == {"R001", "R106"}
    assert wrong["R001"][0].cause == "the bridge stopped listening"
    assert "the last request was a body that is not a JSON object" in wrong["R001"][0].got


def test_a_message_upon_a_template_that_does_not_exist_is_found(asked) -> None:
    """It is told which event brought it about."""
    wrong = failed(asked(NO_TEMPLATE, "        found = next(iter(TEMPLATES.values()))"))
    assert wrong.keys() == {"R107", "R401"}
    assert wrong["R107"][0].cause == "a message went out because of a template that does not exist"


def test_a_message_to_who_opted_out_is_found(asked) -> None:
    """The event itself said that this customer wants none."""
    wrong = failed(asked(WANTED, ""))
    assert wrong.keys() == {"R107", "R401", "R405"}
    assert {finding.expected for finding in wrong["R107"]} == {"no message: its customer has opted out"}


def test_a_bridge_that_looks_at_no_token_is_found(asked) -> None:
    """Whoever knows where it listens could have messages sent."""
    wrong = failed(asked(ROUTE, '@app.post("/<token>/events")\ndef event(token):'))
    assert wrong.keys() == {"R107", "R401"}
    assert {finding.cause for finding in wrong["R107"]} == {"a message went out because of a wrong token in the URL"}


def test_a_call_off_the_contract_is_shown_by_its_smallest_part(asked) -> None:
    """A pointer, the value alone, and what belongs there."""
    wrong = failed(asked(VALUE, '{"MetricValue": -7 + 0 * sum('))
    assert wrong.keys() == {"R601"}
    assert (wrong["R601"][0].expected, wrong["R601"][0].got) == (
        "in the body at /0/MetricValue: at least 0, according to the contract of optimove",
        "-7 (minimum)",
    )


def test_a_bridge_that_never_registers_fails_for_that(asked) -> None:
    """And nothing is said of listeners that it does not have."""
    verdict = asked(REGISTERS, "", timeout_s=2)
    wrong = failed(verdict)
    assert wrong.keys() == {"R001"}
    assert wrong["R001"][0].cause == "the bridge did not become ready"
    standings = {result.check.requirement.number: result.status for result in verdict.results}
    assert {standings[number] for number in ("R105", "R106", "R107")} == {"unknown"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--provider", "semaphore"), "--provider: expected one of textlocal, xtremepush, delivyr, got"),
        (("--bridge", "http://127.0.0.1:9", "--command", "true"), "--bridge: expected no --command with it, got both"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """Before anything is started, with what was expected."""
    refused = sendproof("contract", "--results", tmp_path, *words)
    assert refused.status == 3
    assert said in refused.err
