"""Wrong command lines: each message names the option, the value, and what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sendproof_harness.cli.commands import run_app

Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Refused:
    """Return a function that returns the message of a command line, which must be refused with status 3."""
    monkeypatch.chdir(tmp_path)

    def message(*words: str) -> str:
        assert run_app(arguments=words) == 3
        captured = capsys.readouterr()
        assert not captured.out
        return captured.err.removesuffix("\n")

    return message


@pytest.mark.parametrize(
    ("line", "message", "command"),
    [
        ("run x --out y", "sendproof run: no such option --out; did you mean --results?", "run"),
        ("run x --paralel 2", "sendproof run: no such option --paralel; did you mean --parallel?", "run"),
        ("faults --verbose", "sendproof faults: no such option --verbose; expected --json", "faults"),
        ("runn", "sendproof: no such command 'runn'; did you mean sendproof run?", ""),
        ("load pagin", "sendproof load: no such command 'pagin'; did you mean sendproof load paging?", "load"),
        ("run x --parallel 0", "--parallel: expected a whole number from 1 to 64, got '0'", "run"),
        ("run x --seed x", "--seed: expected a whole number from 0 to 9,007,199,254,740,991, got 'x'", "run"),
        ("run x --clock-rate fast", "--clock-rate: expected a number from 0.001 to 100,000, got 'fast'", "run"),
        (
            "marketer schedule x",
            "sendproof marketer schedule: CAMPAIGN: expected a whole number, got 'x'",
            "marketer schedule",
        ),
        ("run x --bridge", "--bridge: expected a value, got none", ""),
        ("run x --strict=1", "--strict: expected no value, got one", ""),
        ("scenarios x", "sendproof scenarios: expected options only, got also 'x'", "scenarios"),
        ("load paging --customer 9", "no such option --customer; did you mean --customers?", "load paging"),
    ],
)
def test_wrong_command_line_is_refused_with_the_way_out(
    refused: Refused, line: str, message: str, command: str
) -> None:
    help_of = " ".join(["sendproof", *command.split(), "--help"])
    assert refused(*line.split()) == f"{message} ({help_of})"


def test_missing_argument_is_named_with_its_meaning_and_an_example(refused: Refused) -> None:
    assert refused("load", "judge") == (
        "sendproof load judge: expected RESULT (The result.json of a load test), got none. "
        "Example: sendproof load judge results/load_campaign/result.json --thresholds thresholds.yaml "
        "(sendproof load judge --help)"
    )


def test_unknown_shape_of_a_load_test_is_refused_before_locust_starts(refused: Refused) -> None:
    message = "--shape: expected steady, ramp, step or spike, got 'stepp'; did you mean \"step\"?"
    assert refused("load", "triggers", "--shape", "stepp") == message


@pytest.mark.parametrize("kind", ["day", "receipts", "soak", "triggers"])
def test_load_test_of_sms_refuses_a_mail_relay(refused: Refused, kind: str) -> None:
    message = (
        "--provider: smtp only sends email, and this load test sends SMS; use `sendproof load campaign --provider smtp "
        "--message email`"
    )
    assert refused("load", kind, "--provider", "smtp").startswith(message)


@pytest.mark.parametrize("option", ["--control-url", "--bridge"])
@pytest.mark.parametrize("command", ["run scheduled/first_campaign", "contract", "load campaign"])
def test_address_without_scheme_is_refused_before_anything_starts(refused: Refused, command: str, option: str) -> None:
    message = refused(*command.split(), option, "localhost:9000")
    assert message.startswith(f"{option}: expected a URL such as http://")
    assert message.endswith("got 'localhost:9000'; put http:// in front")
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("scheduled/first_campain", "no scenario 'scheduled/first_campain'; did you mean scheduled/first_campaign?"),
        ("first_campaign", "no scenario 'first_campaign'; did you mean scheduled/first_campaign?"),
        ("scenarios/sheduled", "no scenario 'scenarios/sheduled'; did you mean scheduled?"),
        ("xyz", "no scenario 'xyz'; name a file, a folder, or a scenario of the library"),
        (
            "scheduled/first_campaign --provider xtremepush",
            "scheduled/first_campaign is for textlocal only; for xtremepush try scheduled/",
        ),
        (
            "scheduled/first_campaign --provider texlocal",
            "--provider: expected textlocal, delivyr, smtp or xtremepush, got 'texlocal'; did you mean \"textlocal\"?",
        ),
    ],
)
def test_wrong_scenario_is_refused_with_the_nearest_one(refused: Refused, words: str, message: str) -> None:
    assert refused("run", *words.split()).startswith(message)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nope", "this folder holds 2 runs; name one, such as results/first_campaign"),
        ("results", "results holds 2 runs; name one, such as results/first_campaign"),
        ("results/history.ndjson", "results holds 2 runs; name one, such as results/first_campaign"),
        ("results/frst_campaign", "results holds 2 runs; did you mean results/first_campaign?"),
    ],
)
@pytest.mark.parametrize("command", ["judge {}", "explain {} C0000001", "new --run {}"])
def test_path_without_a_run_is_refused_with_the_runs_nearby(
    refused: Refused, command: str, path: str, message: str
) -> None:
    for name in ("first_campaign", "second", "second/earlier/1"):
        Path("results", name).mkdir(parents=True)
        Path("results", name, "history.ndjson").touch()
    assert refused(*command.format(path).split()) == f"{path}: no run; {message}"


@pytest.mark.parametrize("command", ["judge {}", "explain {} C0000001", "new --run {}"])
def test_runs_nearby_of_a_mistyped_absolute_path_are_next_to_it(
    refused: Refused, command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its nearest folder may be that of the whole file system."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "project" / "run").mkdir(parents=True)
    (elsewhere / "project" / "run" / "history.ndjson").touch()
    path = elsewhere / "results" / "run"
    assert refused(*command.format(path).split()) == (
        f"{path}: expected the results folder of a run, or its history.ndjson, got none; `sendproof run` writes one"
    )
    (elsewhere / "project" / "history.ndjson").touch()
    assert refused(*command.format(path).split()).endswith(
        f"no run; {elsewhere} holds 1 run; name one, such as {elsewhere}/project"
    )


def test_runs_nearby_are_looked_for_among_the_first_folders_only(refused: Refused) -> None:
    for number in range(2_000):
        Path(f"data/{number}").mkdir(parents=True)
    Path("data/1/deep").mkdir()
    Path("data/1/deep/history.ndjson").touch()
    assert refused("judge", "data").endswith("got none; `sendproof run` writes one")


def test_folder_without_any_run_is_refused_with_the_command_that_writes_one(refused: Refused) -> None:
    assert refused("judge", "nope") == (
        "nope: expected the results folder of a run, or its history.ndjson, got none; `sendproof run` writes one"
    )


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("{x}", "text that is not JSON, at line 1, column 2"),
        ('{\n"a": 1', "text that is not JSON, at line 2, column 7"),
    ],
)
def test_file_that_is_no_load_result_is_refused_with_the_place(refused: Refused, content: str, got: str) -> None:
    Path("result.json").write_text(content)
    assert f"got: {got}; name the result.json of a load test" in refused("load", "judge", "result.json")


def test_missing_load_result_is_refused_with_the_expected_file(refused: Refused) -> None:
    assert refused("load", "judge", "nope").startswith(
        "nope: no load result (No such file or directory); expected the result.json of a load test"
    )


@pytest.mark.parametrize("option", ["--contracts", "--simulators-path"])
def test_folder_that_does_not_exist_is_refused_with_its_option(refused: Refused, option: str) -> None:
    command = "operations" if option == "--contracts" else "simulators"
    message = f"sendproof: {option}: expected a folder, got 'nope', which is no folder"
    assert refused(command, option, "nope") == message


def test_earlier_runs_are_named_if_there_is_no_other(refused: Refused) -> None:
    """A run that could not start has moved them."""
    for number in (1, 2):
        Path(f"results/small/earlier/{number}").mkdir(parents=True)
        Path(f"results/small/earlier/{number}/history.ndjson").touch()
    message = "results/small: no run; results/small holds 2 runs; name one, such as results/small/earlier/2"
    assert refused("judge", "results/small") == message
