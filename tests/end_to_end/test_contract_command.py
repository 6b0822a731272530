"""`sendproof contract` with real bridges: correct ones pass, and wrong ones fail with the right finding."""

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

# Lines of the correct bridge, which the tests replace to make it wrong.
UNKNOWN_TYPE = "        return None\n    event = "
INVALID_EVENT = '        return f"invalid event: {type(error).__name__}: {error}", 400'
NO_TEMPLATE = "        return  # it was deleted, so its text is lost"
REGISTER_LISTENER = (
    '        optimove(now, "POST", "general/RegisterEventListener", listener | {"ChannelID": channel})\n'
)
CONSENT_CHECK = 'not CHECKS_CONSENT or (attributes.get(CONSENT) or "").lower() in {"1", "true", "yes"}'
ROUTE = '@app.post(f"/{TOKEN}/events")\ndef receive_event():'
VALUE = '{"MetricValue": sum('


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of the contract checks with the reference bridge."""
    results = tmp_path_factory.mktemp("reference")
    run = sendproof("contract", "--results", results, "--examples", "5")
    assert run.status == 0, run.out + run.err
    return results


@pytest.fixture
def verdict_of(tmp_path: Path, simulators: RunningSimulators):
    """Return a function that checks a bridge with one wrong line, and returns the verdict."""

    def check(right: str, wrong: str, within_s: float = 60.0, timeout_s: float = 60.0) -> Verdict:
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

    return check


def failed(verdict: Verdict) -> dict[str, list[Finding]]:
    """Return the findings of failed checks by the number of the requirement."""
    return {
        result.check.requirement.number: [finding for finding in result.findings if finding.level == "fail"]
        for result in verdict.results
        if result.status == "fail"
    }


def numbers_of(file: Path) -> dict[str, str]:
    """Return the verdict of each check by the number of its requirement."""
    return {check["requirement"]["number"]: check["verdict"] for check in json.loads(file.read_text())["checks"]}


@pytest.mark.slow
def test_reference_bridge_passes_the_contract_checks(reference: Path) -> None:
    folder = reference / "contract"
    assert set(numbers_of(folder / "verdict.json").values()) == {"pass"}
    (suite,) = ET.parse(folder / "junit.xml").getroot()
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "0")
    assert "Listeners survive invalid events" in (folder / "report.html").read_text()


@pytest.mark.exhaustive
def test_flask_bridge_passes_the_contract_checks(tmp_path: Path) -> None:
    """It shares no code with the reference bridge."""
    run = sendproof("contract", "--results", tmp_path, "--examples", "5", "--command", FLASK)
    assert run.status == 0, run.out + run.err
    assert numbers_of(tmp_path / "contract" / "verdict.json").keys() >= {"R105", "R106", "R107", "R601"}


@pytest.mark.exhaustive
def test_running_bridge_passes_the_contract_checks(tmp_path: Path) -> None:
    """The bridge was started first, and waits for its handover file, as in docs/ci.md."""
    environment = {"SENDPROOF_HANDOVER": str(tmp_path / "contract" / "handover.json")}
    command = [sys.executable, str(APP)]
    with Child(Program(name="the example", command=command, log=tmp_path / "bridge.log", environment=environment)):
        address = f"http://127.0.0.1:{free_port('127.0.0.1')}"
        run = sendproof("contract", "--results", tmp_path, "--examples", "3", "--bridge", address)
    assert run.status == 0, run.out + run.err


@pytest.mark.slow
def test_bridge_without_triggers_is_checked_for_campaigns_only(tmp_path: Path) -> None:
    """It gets no channel for triggers, so no listener is missing."""
    run = sendproof("contract", "--results", tmp_path, "--examples", "3", "--command", FLASK, "--no-triggers")
    assert run.status == 0, run.out + run.err
    assert "to 1 listener" in run.out


@pytest.mark.slow
def test_judge_of_a_contract_history_gives_the_same_verdict(reference: Path, tmp_path: Path) -> None:
    """The history says by itself that only the contract checks apply."""
    folder = reference / "contract"
    again = sendproof("judge", folder / "history.ndjson", "--results", tmp_path / "again")
    assert again.status == 0
    assert (tmp_path / "again" / "verdict.json").read_text() == (folder / "verdict.json").read_text()


@pytest.mark.slow
def test_status_500_for_an_unknown_event_type_fails(verdict_of) -> None:
    """The finding shows the smallest part of the event that causes it."""
    wrong = failed(verdict_of(UNKNOWN_TYPE, "        raise RuntimeError(kind)\n    event = "))
    assert wrong.keys() == {"R106"}
    assert wrong["R106"][0].cause == "event 11: status 500 for an unknown event type"
    assert wrong["R106"][0].got.startswith("/EventTypeID: expected 11, got 0: status 500 for POST")


@pytest.mark.slow
def test_listener_without_response_is_tested_three_times_only(verdict_of) -> None:
    """Otherwise the test would wait for the same timeout hundreds of times."""
    wrong = failed(verdict_of(UNKNOWN_TYPE, "        time.sleep(600)\n    event = ", within_s=2))
    assert wrong.keys() == {"R106"}
    assert [finding.cause for finding in wrong["R106"]] == [
        "event 11: no response within 2 s for an unknown event type"
    ] * 3


@pytest.mark.slow
def test_bridge_that_exits_on_invalid_json_fails(verdict_of) -> None:
    """The findings name the request that ended it, and the end of the bridge."""
    wrong = failed(verdict_of(INVALID_EVENT, "        if isinstance(error, ValueError): os._exit(7)\n" + INVALID_EVENT))
    assert wrong.keys() == {"R001", "R106"}
    assert wrong["R001"][0].cause == "the bridge ended with exit status 7"
    assert wrong["R106"][0].cause.startswith("event 11: the connection failed")


@pytest.mark.slow
def test_running_bridge_that_exits_fails(tmp_path: Path, simulators) -> None:
    """The run did not start it, so it can only see that the bridge stopped listening."""
    (tmp_path / "bridge.py").write_text(APP.read_text().replace(INVALID_EVENT, "        os._exit(7)"))
    environment = {"SENDPROOF_HANDOVER": str(tmp_path / "contract" / "handover.json")}
    command = [sys.executable, str(tmp_path / "bridge.py")]
    small = conformance_scenario(
        ConformanceOptions(provider="textlocal", seed=None, examples=3, within_s=60, triggers=True)
    )
    address = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    with Child(Program(name="the example", command=command, log=tmp_path / "bridge.log", environment=environment)):
        options = RunOptions(bridge=address, control_url=simulators.control, results=tmp_path)
        wrong = failed(
            judge(read_history(run_scenario(small, "contract", with_probes(options), RecordedProgress()).histories[0]))
        )
    assert wrong.keys() == {"R001", "R106"}
    assert wrong["R001"][0].cause == "the bridge stopped listening"
    assert "the last request was a body that is not a JSON object" in wrong["R001"][0].got


@pytest.mark.slow
def test_message_for_an_unknown_template_fails(verdict_of) -> None:
    wrong = failed(verdict_of(NO_TEMPLATE, "        template = next(iter(TEMPLATES.values()))"))
    assert wrong.keys() == {"R107"}
    assert wrong["R107"][0].cause == "a message went out because of a template that does not exist"


@pytest.mark.slow
def test_message_to_an_opted_out_customer_fails(verdict_of) -> None:
    """The event itself has the consent attribute."""
    wrong = failed(verdict_of(CONSENT_CHECK, "True"))
    assert wrong.keys() == {"R107", "R405"}
    assert {finding.expected for finding in wrong["R107"]} == {"no message: its customer has opted out"}


@pytest.mark.slow
def test_listener_that_ignores_the_token_fails(verdict_of) -> None:
    """Without the token, anyone who knows the address could send messages."""
    wrong = failed(verdict_of(ROUTE, '@app.post("/<token>/events")\ndef receive_event(token):'))
    assert wrong.keys() == {"R107"}
    assert {finding.cause for finding in wrong["R107"]} == {"a message went out because of a wrong token in the URL"}


@pytest.mark.slow
def test_request_that_violates_the_contract_shows_pointer_and_value(verdict_of) -> None:
    wrong = failed(verdict_of(VALUE, '{"MetricValue": -7 + 0 * sum('))
    assert wrong.keys() == {"R601"}
    assert (wrong["R601"][0].expected, wrong["R601"][0].got) == (
        "in the body at /0/MetricValue: at least 0, according to the contract of optimove",
        "-7 (minimum)",
    )


def test_bridge_that_never_registers_fails(verdict_of) -> None:
    """The checks of listeners are unknown, because it has none."""
    verdict = verdict_of(REGISTER_LISTENER, "", timeout_s=2)
    wrong = failed(verdict)
    assert wrong.keys() == {"R101"}
    assert wrong["R101"][0].cause == "no listener is registered for the channel of a campaign"
    statuses = {result.check.requirement.number: result.status for result in verdict.results}
    assert {statuses[number] for number in ("R105", "R106", "R107")} == {"unknown"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--provider", "semaphore"), "--provider: expected textlocal, xtremepush or delivyr, got"),
        (("--bridge", "http://127.0.0.1:9", "--command", "true"), "--bridge: expected no --command with it, got both"),
    ],
)
def test_invalid_options_are_refused(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    """The command must not start anything before it checks its options."""
    refused = sendproof("contract", "--results", tmp_path, *options)
    assert refused.status == 3
    assert message in refused.err
