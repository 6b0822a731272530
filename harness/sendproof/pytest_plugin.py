"""The pytest plugin: a sandbox for each test, and `@pytest.mark.scenario`, which runs a scenario against the bridge.

pytest imports this module in every project where Sendproof is installed, so it imports the rest only when a test needs
it. Each worker of pytest-xdist has simulators of its own.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from sendproof.client import Sandbox, Simulators
    from sendproof.control_types import NewSandbox
    from sendproof.scenario_run import ScenarioResult

_MARK = "scenario"
_RESULTS = "sendproof_results"
_SANDBOX = "sendproof_sandbox"
_SIMULATORS = "sendproof_simulators"
_CONTROL_URL = "SENDPROOF_CONTROL_URL"
_SHOWN_REQUESTS = 20
_NAME_LENGTH = 100
#: The options, each also a key of the configuration file.
OPTIONS = {
    "sendproof_command": "Command that starts your bridge, for the tests with @pytest.mark.scenario.",
    "sendproof_bridge": "URL of a running bridge, instead of a command.",
    "sendproof_results": "Folder for reports, histories and logs of the scenarios. Default: a temporary folder.",
}
_MARK_HELP = (
    "scenario(*names, provider=None, seed=None, allow_unknown=(), options=()): run scenarios against the bridge of "
    "sendproof_command or sendproof_bridge; the test fails with their findings unless all pass."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options to the command line and the ini file."""
    group = parser.getgroup("sendproof", "Sendproof")
    for name, text in OPTIONS.items():
        group.addoption(f"--{name.replace('_', '-')}", dest=name, help=text)
        parser.addini(name, text)


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line("markers", _MARK_HELP)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each test with the mark use the fixture that runs the scenario, after its other fixtures."""
    for item in items:
        if item.get_closest_marker(_MARK) is not None:
            names = getattr(item, "fixturenames", None)
            if names is None:
                raise pytest.UsageError(f"{item.nodeid}: expected a test function with @pytest.mark.{_MARK}")
            if _RESULTS not in names:
                names.append(_RESULTS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose scenario did not pass, before its function is called."""
    results: list[ScenarioResult] = getattr(item, "funcargs", {}).get(_RESULTS, [])
    failed = [result.text() for result in results if not result.passed]
    if failed:
        pytest.fail("\n\n".join(failed), pytrace=False)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last requests of the sandbox to the report of a failed test."""
    report = yield
    fixtures = getattr(item, "funcargs", {})
    sandbox = fixtures.get(_SANDBOX)
    if report.when == "call" and report.failed and sandbox is not None:
        report.sections.append((f"Requests in the sandbox {sandbox.name}", _request_log(sandbox)))
        others = _unauthenticated_log(fixtures[_SIMULATORS], call.start)
        if others:
            report.sections.append(("Requests without a known credential, to no sandbox", others))
    return report


@pytest.fixture(scope="session")
def sendproof_simulators() -> Iterator[Simulators]:
    """Return the simulators of this worker, or those at SENDPROOF_CONTROL_URL."""
    from sendproof.client import Simulators, start_simulators  # noqa: PLC0415 - see the docstring of this module

    url = os.environ.get(_CONTROL_URL)
    with Simulators(url) if url else start_simulators() as simulators:
        yield simulators


@pytest.fixture
def sendproof_settings() -> NewSandbox:
    """Return the settings of the sandbox, as for `createSandbox`; define a fixture of this name to change them."""
    return {
        "seed": 1,
        "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"},
        "audience": {"customers": 100},
    }


@pytest.fixture
def sendproof_sandbox(sendproof_simulators: Simulators, sendproof_settings: NewSandbox) -> Iterator[Sandbox]:
    """Return a new sandbox, which no other test uses."""
    sandbox = sendproof_simulators.create_sandbox(sendproof_settings)
    yield sandbox
    sandbox.delete()


@pytest.fixture
def sendproof_results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[ScenarioResult]:
    """Run the scenarios of the test's marks, and return their results; all passed if the function is called."""
    from sendproof.scenario_run import ScenarioRunError, run_scenarios  # noqa: PLC0415

    marks = list(request.node.iter_markers(_MARK))
    if not marks:
        pytest.fail(f"{_RESULTS}: expected a test with @pytest.mark.{_MARK}, got one without", pytrace=False)
    bridge = _bridge_options(request.config)
    folder = _results_folder(request, tmp_path_factory, is_running="--bridge" in bridge)
    results: list[ScenarioResult] = []
    for number, mark in enumerate(marks):
        place = folder / str(number) if number else folder
        place.mkdir(parents=True, exist_ok=True)
        arguments = [*_mark_options(mark), *bridge]
        reason = ""
        try:
            results += run_scenarios(arguments, place, place / "sendproof.log", request.config.rootpath)
        except ScenarioRunError as error:
            reason = str(error)
        if reason:
            pytest.fail(f"Sendproof could not run:\n{reason}", pytrace=False)
    return results


def _mark_options(mark: pytest.Mark) -> list[str]:
    try:
        return _scenario_options(*mark.args, **mark.kwargs)
    except TypeError as error:
        reason = str(error)
    return pytest.fail(f"expected @pytest.mark.{_MARK_HELP.partition(':')[0]}, got {reason}", pytrace=False)


def _scenario_options(
    *names: str, provider: str | None = None, seed: int | None = None, allow_unknown: Any = (), options: Any = ()
) -> list[str]:
    """Return the arguments of `sendproof run` for a mark; `options` are more of them, such as `["--strict"]`."""
    if not names:
        pytest.fail(f'@pytest.mark.{_MARK}: expected a scenario such as "scheduled/first_campaign"', pytrace=False)
    unknown = [word for check in allow_unknown for word in ("--allow-unknown", check)]
    wanted = {"--provider": provider, "--seed": seed}
    given = [word for name, value in wanted.items() if value is not None for word in (name, str(value))]
    return [*names, *given, *unknown, *options]


def _bridge_options(config: pytest.Config) -> list[str]:
    """Return the option that names the bridge. Without one, the reference bridge would pass for that of the project."""
    chosen = {name: config.getoption(name) for name in ("sendproof_command", "sendproof_bridge")}
    if not any(chosen.values()):
        chosen = {name: config.getini(name) for name in chosen}
    match chosen:
        case {"sendproof_command": str(command), "sendproof_bridge": None | ""} if command:
            return ["--command", command]
        case {"sendproof_command": None | "", "sendproof_bridge": str(url)} if url:
            if getattr(config, "workerinput", {}).get("workercount", 1) > 1:
                pytest.fail(
                    "sendproof_bridge: expected one worker of pytest-xdist, got several; one running bridge cannot "
                    "serve several scenarios at once. Use sendproof_command, or run without -n",
                    pytrace=False,
                )
            return ["--bridge", url]
    return pytest.fail(
        "expected your bridge in sendproof_command or sendproof_bridge, got none or both; "
        "set one in the ini file of pytest, or with --sendproof-command",
        pytrace=False,
    )


def _results_folder(request: pytest.FixtureRequest, factory: pytest.TempPathFactory, *, is_running: bool) -> Path:
    """Return the folder for the results of a test, which no other test uses.

    A bridge that is running reads the handover file, so it must know the path: there, the folder is the same for all.
    """
    config = request.config
    chosen: str = config.getoption("sendproof_results") or config.getini("sendproof_results")
    if is_running:
        return config.rootpath / (chosen or "results")
    if not chosen:
        return factory.mktemp("sendproof")
    test: str = request.node.nodeid
    digest = hashlib.sha256(test.encode()).hexdigest()[:8]
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", test)[-_NAME_LENGTH:].strip("-")
    return config.rootpath / chosen / f"{name}-{digest}"


def _request_log(sandbox: Sandbox) -> str:
    from sendproof.client import ControlError  # noqa: PLC0415

    try:
        requests = sandbox.requests()
    except ControlError as error:
        return str(error)
    lines = [
        f"{entry['n']:>5}  {entry['at']}  {entry['status']}  {entry['service']}.{entry['operation'] or entry['path']}"
        f"  {entry['error'] or entry['near_miss'] or ''}".rstrip()
        for entry in requests[-_SHOWN_REQUESTS:]
    ]
    return "\n".join(lines) or "none"


def _unauthenticated_log(simulators: Simulators, since_s: float) -> str:
    """Return the requests since the start of the test, in seconds since the epoch, that no sandbox has a key for."""
    from sendproof.client import ControlError  # noqa: PLC0415

    try:
        requests = simulators.control.unauthenticated_requests()
    except ControlError as error:
        return str(error)
    lines = [
        f"{request['status']}  {request['service']}.{request['operation'] or request['path']}"
        f"  {request.get('differs') or request['credential'] + ' credential'}"
        for request in requests
        if request["real"] >= since_s
    ]
    return "\n".join(lines[-_SHOWN_REQUESTS:])
