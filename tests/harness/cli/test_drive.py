"""The commands that drive a sandbox by hand, against running simulators."""

import json
import signal

import pytest
import requests
from typer.testing import CliRunner

from command_line import sendproof, start
from running import RunningSimulators
from sendproof_harness.bounded_file import NamedFileError
from sendproof_harness.cli.commands import build_app
from sendproof_harness.handover.write import write_handover

#: Delivered after an hour.
NUMBER = "447555000001"


class Driver:
    """The commands in a sandbox of their own, whose clock stands at six."""

    def __init__(self, simulators: RunningSimulators) -> None:
        self.simulators, self.control = simulators, simulators.control
        clock = {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}
        self.sandbox = simulators.call("POST", "/sandboxes", {"seed": 1, "clock": clock})
        self.name = self.sandbox["sandbox"]
        self.environment = {"SENDPROOF_CONTROL_URL": self.control, "SENDPROOF_SANDBOX": self.name}

    def run(self, *words: str):
        """Run a command; return its exit status and output."""
        result = CliRunner().invoke(build_app(), words, env={**self.environment, "COLUMNS": "80"})
        return result.exit_code, result.output

    def lines(self, *words: str):
        """Run a command that succeeds; return the lines of its output."""
        status, output = self.run(*words)
        assert status == 0, output
        return output.splitlines()

    def read(self, *words: str):
        """Run a command with `--json`; return what it prints."""
        result = CliRunner().invoke(build_app(), [*words, "--json"], env=self.environment)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def request(self, service: str, path: str, **options):
        """Make a request as the bridge does."""
        credentials = self.sandbox["services"][service]["credentials"]
        key = {"x-api-key": credentials.get("api_key"), "apikey": credentials.get("apikey")}
        return requests.get(self.sandbox["services"][service]["url"] + path, headers=key, timeout=60, **options)

    def send(self, text: str, number: str = NUMBER) -> None:
        """Send one message."""
        apikey = self.sandbox["services"]["textlocal"]["credentials"]["apikey"]
        parameters = {"apikey": apikey, "numbers": number, "message": text}
        assert self.request("textlocal", "/send", params=parameters).json()["status"] == "success"


@pytest.fixture
def driver(simulators: RunningSimulators) -> Driver:
    return Driver(simulators)


# -- sandboxes ---------------------------------------------------------------------------------------------


def test_sandbox_is_created_listed_shown_and_deleted(driver):
    name = f"spring-{driver.name}"
    options = ("--customers", "20", "--start", "2026-03-02T06:00:00Z", "--channel", "7=xtremepush:triggered")
    created = driver.read("sandbox", "create", name, *options, "--dialect", "optimove.row_order=descending")
    assert (created["sandbox"], created["clock"]["now"]) == (name, "2026-03-02T06:00:00.000Z")
    assert created["channels"] == [{"id": 7, "provider": "xtremepush", "kind": "triggered"}]
    listed = [line.split()[:3] for line in driver.lines("sandbox", "list")]
    assert [name, "2026-03-02T06:00:00Z", "paused"] in listed
    assert driver.lines("sandbox", "show", name)[0] == f"sandbox   {name}"
    assert name not in [sandbox["sandbox"] for sandbox in driver.read("sandbox", "delete", name)]


def test_handover_of_a_sandbox_is_written_for_a_bridge(driver, tmp_path):
    """A person can start any bridge that reads the file, without a scenario."""
    file = tmp_path / "handover.json"
    printed = driver.lines("sandbox", "handover", str(file), "--listen", "127.0.0.1:9001")
    content = json.loads(file.read_text())
    assert printed[0].startswith("wrote ")
    assert (content["sandbox"], content["listen"]) == (driver.name, {"host": "127.0.0.1", "port": 9001})
    assert content["services"]["textlocal"]["credentials"] == driver.sandbox["services"]["textlocal"]["credentials"]
    status, output = driver.run("sandbox", "handover", str(file), "--listen", "9001")
    assert (status, "expected HOST:PORT such as 127.0.0.1:9000, got '9001'" in output) == (3, True)


def test_only_a_handover_is_replaced_by_one(driver, tmp_path):
    """The words of a command are easily confused, and a bridge has no copy of its source."""
    (source := tmp_path / "bridge.py").write_text("import os")
    for _ in range(2):
        assert driver.run("sandbox", "handover", str(tmp_path / "handover.json"))[0] == 0
    with pytest.raises(NamedFileError, match="expected a new name or a file with a handover, got a file with other"):
        write_handover({}, source)
    assert source.read_text() == "import os"


def test_settings_of_a_file_replace_those_of_options(driver, tmp_path):
    """Everything that the control API takes can be created."""
    file = tmp_path / "settings.json"
    file.write_text('{"seed": 9, "nightly": {"at": "02:00"}}')
    assert driver.read("sandbox", "create", "--seed", "3", "--settings", str(file))["seed"] == 9
    file.write_text("seed: 9")
    status, output = driver.run("sandbox", "create", "--settings", str(file))
    assert (status, output.startswith(f"sendproof: --settings: expected JSON in {file}")) == (3, True)


def test_sandbox_is_reset_with_its_keys(driver):
    driver.send("Hello")
    driver.lines("clock", "advance", "1d")
    reset = driver.read("sandbox", "reset")
    assert (reset["services"], reset["clock"]["now"]) == (driver.sandbox["services"], "2026-03-02T06:00:00.000Z")
    assert driver.read("messages")["items"] == []


def test_snapshot_is_kept_listed_restored_and_deleted(driver):
    driver.send("Hello")
    assert driver.read("sandbox", "snapshot", "before")["name"] == "before"
    driver.send("Goodbye")
    assert driver.lines("sandbox", "snapshots")[1].split() == ["before", "2026-03-02T06:00:00Z", "2"]
    assert driver.lines("sandbox", "restore", "before")[0] == f"sandbox   {driver.name}"
    assert [message["text"] for message in driver.read("messages")["items"]] == ["Hello"]
    assert driver.read("sandbox", "delete-snapshot", "before") == []
    status, output = driver.run("sandbox", "restore", "before")
    assert (status, output.startswith("sendproof: ")) == (3, True)


def test_sandbox_on_a_shared_clock_has_its_time(driver):
    shared = driver.read("sandbox", "create", "--clock-of", driver.name)
    driver.read("clock", "advance", "1h")
    assert driver.read("clock", "show", "--sandbox", shared["sandbox"])["now"] == "2026-03-02T07:00:00.000Z"


# -- clock -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "now"),
    [("90m", "07:30:00"), ("+1h30m", "07:30:00"), ("2026-03-02T10:00:00+02:00", "08:00:00"), ("0s", "06:00:00")],
)
def test_clock_is_advanced_by_a_length_of_time_or_to_an_instant(driver, target, now):
    assert driver.lines("clock", "advance", target)[0] == f"time      2026-03-02T{now}Z"


@pytest.mark.parametrize("target", ["tomorrow", "7", "2026-03-02", "-1h"])
def test_target_of_another_form_is_refused(driver, target):
    status, output = driver.run("clock", "advance", "--", target)
    assert (status, f"got '{target.removeprefix('+')}'" in output.replace("+", "")) == (3, True)


def test_clock_with_a_rate_refuses_a_past_instant(driver):
    driver.read("clock", "rate", "1")
    status, output = driver.run("clock", "advance", "2026-03-01T00:00:00Z")
    assert (status, "time does not go back" in output) == (3, True)


def test_clock_gets_a_rate_and_is_paused(driver):
    assert driver.read("clock", "rate", "60")["rate"] == 60
    assert driver.lines("clock", "show")[1] == "rate      at 60 times the pace of real time"
    assert driver.lines("clock", "pause")[1] == "rate      paused until you advance it"


def test_clock_shows_the_bridges_that_take_part(driver):
    """A bridge that is not parked is what an advance waits for."""
    park = {"participant": "bridge", "until": "2026-03-02T06:00:00Z", "since": 0}
    driver.simulators.call("POST", f"/sandboxes/{driver.name}/clock/park", park)
    assert driver.lines("clock", "show")[-1].split() == ["bridge", "at", "work", "-", "0"]
    status, output = driver.run("clock", "advance", "1h", "--timeout", "0.1")
    assert (status, "participant 'bridge' is not parked" in output) == (3, True)


# -- faults and webhooks -----------------------------------------------------------------------------------


def test_faults_are_added_listed_and_removed(driver):
    driver.lines("fault", "add", "status", "--call", "textlocal.send", "--set", "status=503", "--times", "2")
    driver.lines("fault", "add", "delay_webhook", "--webhook", "optimove.13", "--set", "by=30m", "--where", "a=1")
    first, second = driver.read("fault", "list")
    assert (first["status"], first["times"], second["by"], second["where"]) == (503, 2, 1_800_000, {"a": "1"})
    assert driver.lines("fault")[1].split() == ["f1", "status", "textlocal.send", "calls", "1-2", "before", "0"]
    assert [fault["id"] for fault in driver.read("fault", "remove", first["id"])] == [second["id"]]
    assert driver.lines("fault", "clear") == ["There are no faults; add one with `sendproof fault add`."]


def test_fault_on_an_unknown_call_is_refused_with_the_nearest(driver):
    status, output = driver.run("fault", "add", "status", "--call", "textlocal.sendd")
    assert (status, "did you mean 'send'?" in output) == (3, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "expected --call SERVICE.OPERATION"),
        (("--call", "textlocal.send", "--times", "0"), "--times: expected a whole"),
    ],
)
def test_refused_fault_names_the_options(driver, words, message):
    status, output = driver.run("fault", "add", "status", *words)
    assert (status, message in output) == (3, True)


# -- requests ----------------------------------------------------------------------------------------------


def own(lines: list[str]) -> list[str]:
    """Return the lines of requests with a number: others belong to no sandbox, and may be those of another test."""
    return [line for line in lines if not line.startswith("    -")]


def test_log_has_one_line_for_each_request(driver):
    driver.send("Hello")
    driver.request("optimove", "/current/general/GetCurency")
    first, second = own(driver.lines("log"))
    assert first.startswith("    1  2026-03-02T06:00:00Z  200  textlocal.send_get  ")
    assert "404  optimove GET /current/general/GetCurency" in second
    assert [line[:5] for line in own(driver.lines("log", "--problems"))] == ["    3"]
    assert own(driver.lines("log", "--status", "5xx"))[-1:] in ([], ["There are no such requests yet."])


def test_log_takes_the_names_that_it_prints_and_refuses_others(driver):
    driver.send("Hello")
    (line,) = own(driver.lines("log", "--operation", "textlocal.send_get"))
    assert "textlocal.send_get" in line
    assert own(driver.lines("log", "--operation", "textlocal.send"))[-1:] in ([], ["There are no such requests yet."])


@pytest.mark.parametrize("words", [("log", "--service"), ("messages", "--provider"), ("webhooks", "--service")])
def test_list_refuses_an_unknown_service(driver, words):
    """An empty list would look as if nothing had happened."""
    status, output = driver.run(*words, "textlcal")
    assert (status, 'did you mean "textlocal"?' in output) == (3, True)


def test_log_shows_the_error_of_a_request_without_another_reason(driver):
    driver.request("optimove", "/current/integrations/GetChannelTemplates?ChannelID=999")
    (line,) = own(driver.lines("log", "--problems", "--operation", "GetChannelTemplates"))
    assert line.endswith("ChannelID 999 is not known; there are [250, 505]")


def test_log_names_a_violation_once(driver):
    key = {"x-api-key": driver.sandbox["services"]["optimove"]["credentials"]["api_key"]}
    url = driver.sandbox["services"]["optimove"]["url"] + "/current/general/RegisterEventListener"
    requests.post(url, data="{bad", headers={**key, "Content-Type": "application/json"}, timeout=60)
    (line,) = own(driver.lines("log", "--operation", "optimove.RegisterEventListener"))
    assert line.count("JSON is malformed") == 1


def test_log_has_requests_without_a_known_credential(driver):
    """A bridge with a wrong key finds its requests in the log of the sandbox."""
    path = f"/send/{driver.name}"
    requests.get(driver.sandbox["services"]["textlocal"]["url"] + path, params={"apikey": "wrong"}, timeout=60)
    (line,) = driver.lines("log", "--text", path, "--service", "textlocal", "--method", "get")
    assert (line[:7], f"textlocal GET {path}" in line) == ("    -  ", True)
    entry = json.loads(driver.lines("log", "--text", path, "--json")[0])
    assert (entry["n"], entry["path"]) == (None, path)


def test_request_is_shown_with_its_response(driver):
    driver.send("Hello Ann")
    (message,) = driver.read("log", "show", "1")["messages"]
    lines = driver.lines("log", "show", "1")
    assert ["messages", message] in [line.split() for line in lines]
    assert {"Response 200", "content-type: application/json"} <= set(lines)
    assert driver.sandbox["services"]["textlocal"]["credentials"]["apikey"] not in "".join(lines)


def test_log_is_followed_until_ctrl_c(driver):
    """The pipe of a script or `head` gets each line at once."""
    following = start("log", "--follow", "--method", "get", "--text", driver.name, environment=driver.environment)
    assert following.stdout is not None
    for number in (1, 2):
        driver.request("optimove", f"/{driver.name}/{number}")
        assert f"optimove GET /{driver.name}/{number}" in following.stdout.readline()
    driver.lines("sandbox", "reset", driver.name)
    driver.request("optimove", f"/{driver.name}/3")
    assert f"optimove GET /{driver.name}/3" in following.stdout.readline()
    following.send_signal(signal.SIGINT)
    _, errors = following.communicate(timeout=60)
    assert (following.returncode, errors) == (0, "")


def test_followed_log_ends_with_its_reader(driver):
    """As in `sendproof log --follow | head -1`."""
    with start("log", "--follow", "--text", driver.name, environment=driver.environment) as following:
        assert following.stdout is not None
        driver.request("optimove", f"/{driver.name}/1")
        following.stdout.readline()
        following.stdout.close()
        driver.request("optimove", f"/{driver.name}/2")
        assert following.wait(timeout=120) == 0


# -- messages ----------------------------------------------------------------------------------------------


def test_messages_are_listed_with_state_and_text(driver):
    driver.send("Hello Ann")
    driver.lines("clock", "advance", "2h")
    assert driver.lines("messages")[1:] == [
        f"2026-03-02T06:00:00Z  {driver.read('messages')['items'][0]['id']}  {NUMBER}  delivered  -",
        "  Hello Ann",
    ]
    assert driver.lines("messages", "--state", "expired") == ["There are no such messages yet."]


def test_message_is_shown_with_its_states_and_receipts(driver):
    driver.send("Hello Ann")
    driver.lines("clock", "advance", "2h")
    message = driver.read("messages")["items"][0]["id"]
    lines = driver.lines("messages", "show", message)
    assert {"text         Hello Ann", "state        delivered", "2026-03-02T07:00:00Z  delivered"} <= set(lines)
    status, output = driver.run("messages", "show", "1")
    assert (status, output.startswith("sendproof: ")) == (3, True)


def test_longer_list_names_its_continuation(driver):
    for text in ("one", "two", "three"):
        driver.send(text)
    page = driver.read("messages", "--limit", "2")
    assert [message["text"] for message in page["items"]] == ["three", "two"]
    assert driver.lines("messages", "--limit", "2")[-1].endswith(f"or with --before {page['next']}.")
    assert driver.read("messages", "--before", str(page["next"]))["items"][0]["text"] == "one"


# -- customers ---------------------------------------------------------------------------------------------


def test_customers_are_found_and_shown_with_their_story(driver):
    (listed,) = driver.read("customers", "--search", "C0000007")["items"]
    driver.send("Hello you", listed["number"])
    assert driver.lines("customers", "--search", "C0000007")[1].startswith(f"C0000007  {listed['name']}")
    lines = driver.lines("customers", "show", "C0000007")
    assert ["FIRST_NAME", listed["name"].split()[0]] in [line.split() for line in lines]
    assert "Hello you" in lines[-1]
    assert driver.lines("customers", "show", listed["number"]) == lines
    assert driver.lines("customers", "--search", "nobody")[0] == "There are no such customers."


# -- the program -------------------------------------------------------------------------------------------


def test_options_come_from_the_environment(driver):
    """So a shell names control URL and sandbox once."""
    result = sendproof("clock", "show", environment=driver.environment)
    assert (result.status, result.out.splitlines()[0]) == (0, "time      2026-03-02T06:00:00Z")


def test_unreachable_control_url_is_refused():
    result = sendproof("messages", "--control-url", "http://127.0.0.1:9")
    assert (result.status, result.err.startswith("sendproof: expected simulators at http://127.0.0.1:9, got")) == (
        3,
        True,
    )
