"""Benchmark of the simulators against the mock server Prism, under the same load at the same time.

Run it with `make benchmark`. README.md explains the results. Rates are only comparable within one run on one machine,
so both servers take turns, and the result is the ratio.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.progress import track
from rich.table import Table

from load import CONNECTIONS, LoadError, load, requests_of
from peers import PRISM, PRISM_SILENT, BenchmarkError, Server, contract_for_prism, install, prism, running

ROUNDS = 5
SECONDS = 2
STARTS = 3
START_TIMEOUT = 60
START_TARGET = 1.5

CUSTOMERS = 1_000_000
ROWS = 10_000
CHANNEL, CAMPAIGN = 505, 7001
TEMPLATES = [f"Template {number}" for number in range(1, 6)]
ROOT = "/current"
SMALL = f"{ROOT}/integrations/GetChannelTemplates"
PAGE = f"{ROOT}/customers/GetCustomerSendDetailsByChannel"
POST = f"{ROOT}/integrations/UpdateCampaignInteractions"

console = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One load. Every connection requests the `paths` in turn. `target` is our target ratio to Prism, if any."""

    name: str
    paths: tuple[str, ...]
    target: float | None = None
    body: bytes = b""
    rows: int | None = None


def page_path(skip: int) -> str:
    """Return the path of a page of rows with the three attributes that an SMS bridge needs."""
    query = f"ChannelID={CHANNEL}&CampaignID={CAMPAIGN}&CustomerAttributes=PHONENUMBER;FIRST_NAME;SMS_OPT_IN"
    return f"{PAGE}?{query}&$top={ROWS}&$skip={skip}"


def cases() -> list[Case]:
    """Return all cases with their target ratios."""
    interactions = {
        "CampaignID": CAMPAIGN,
        "ChannelID": CHANNEL,
        "InteractionDate": "2026-03-02",
        "TemplateID": 1,
        "EventID": 1,
        "CustomerIDs": [f"C{number:07}" for number in range(ROWS)],
    }
    walk = tuple(page_path(skip) for skip in range(0, CUSTOMERS, ROWS))
    return [
        Case(name="GET 5 templates", paths=(f"{SMALL}?ChannelID={CHANNEL}",), target=4, rows=len(TEMPLATES)),
        Case(name="GET one page of 10,000", paths=walk[:1], target=10, rows=ROWS),
        Case(name="GET 100 pages of 10,000 in turn", paths=walk, rows=ROWS),
        Case(name="POST 10,000 customer ids", paths=(POST,), target=1.2, body=json.dumps(interactions).encode()),
    ]


# -- the servers ---------------------------------------------------------------------------------


@contextmanager
def simulators() -> Iterator[tuple[str, Server]]:
    """Run `sendproof up`. Yield the URL of its control API, and Optimove with the key of the default sandbox."""
    with running([sys.executable, "-m", "sendproof_simulators", "up", "--json", "--port", "0"]) as process:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise BenchmarkError(
                "expected a line of JSON from `sendproof up --json --port 0`, got nothing; run it by hand."
            )
        addresses = json.loads(line)
        optimove = addresses["services"]["optimove"]
        headers = {"X-API-KEY": optimove["credentials"]["api_key"]}
        yield addresses["control"]["url"] + "/control", Server(name="Sendproof", url=optimove["url"], headers=headers)


def fill(control: str, optimove: Server) -> Server:
    """Create a sandbox: a million customers, an announced campaign for all, five templates, no rate limit."""
    settings = {
        "seed": 1,
        "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"},
        "audience": {"customers": CUSTOMERS, "opted_out": 0.04, "unusable_numbers": 0.02},
        "channels": [{"id": CHANNEL, "provider": "textlocal", "kind": "scheduled"}],
        "rate_limits": False,
    }
    sandbox = _post(f"{control}/sandboxes", settings)
    base = f"{control}/sandboxes/{sandbox['sandbox']}"
    headers = {"X-API-KEY": sandbox["services"]["optimove"]["credentials"]["api_key"]}
    created = _post(
        f"{base}/providers/textlocal/templates",
        [{"title": t, "body": f"{t} for {{{{FIRST_NAME}}}}"} for t in TEMPLATES],
    )
    known = [{"TemplateID": int(t["id"]), "TemplateName": t["title"]} for t in created]
    _post(f"{optimove.url}{ROOT}/integrations/AddChannelTemplates?ChannelID={CHANNEL}", known, headers)
    splits = [{"share": 0.2, "template": title, "send_at": "2026-03-02T09:00:00Z"} for title in TEMPLATES]
    plan = {"campaign": CAMPAIGN, "channel": CHANNEL, "name": "All", "customers": CUSTOMERS, "splits": splits}
    _post(f"{base}/campaigns", plan)
    _post(f"{base}/clock/advance", {"by_ms": 1000})
    return Server(name=optimove.name, url=optimove.url, headers=headers)


def _post(url: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    response = requests.post(url, json=body, headers=headers, timeout=60)
    if not response.ok:
        raise BenchmarkError(f"POST {url}: expected success, got {response.status_code} {response.text[:500]}")
    return response.json() if response.content else None


# -- measuring ---------------------------------------------------------------------------------------


def send_request(server: Server, case: Case, path: str) -> requests.Response:
    """Send one request of a case."""
    headers = server.headers | ({"Content-Type": "application/json"} if case.body else {})
    return requests.request(
        "POST" if case.body else "GET", server.url + path, data=case.body, headers=headers, timeout=60
    )


def check(server: Server, case: Case) -> None:
    """Check status and number of rows of the first and the last path, so that no wrong responses are measured."""
    for path in (case.paths[0], case.paths[-1]):
        response = send_request(server, case, path)
        rows = len(response.json()) if case.rows is not None and response.ok else None
        if not response.ok or rows != case.rows:
            got = f"{response.status_code} {response.text[:300]}"
            raise BenchmarkError(f"{server.name}, {case.name}: expected {case.rows} rows, got {got}")


def rate(server: Server, case: Case, seconds: float) -> float:
    """Return the successful responses per second under the load of a case."""
    headers = {**server.headers, "Content-Type": "application/json"}
    encoded = requests_of(server.url, "POST" if case.body else "GET", case.paths, headers, case.body)
    return load(server.url, encoded, seconds)


def measure(servers: tuple[Server, ...]) -> dict[str, dict[str, list[float]]]:
    """Return rates by case and server. The servers take turns in every round, after a second of warm-up each."""
    rates: dict[str, dict[str, list[float]]] = {case.name: {server.name: [] for server in servers} for case in cases()}
    for case in cases():
        for server in servers:
            check(server, case)
            rate(server, case, 1)
    for number in track(range(ROUNDS), description="Measuring", console=console, transient=True):
        for case in cases():
            for server in servers if number % 2 == 0 else servers[::-1]:
                rates[case.name][server.name].append(rate(server, case, SECONDS))
    return rates


def start_up(start: Callable[[], Any], server_of: Callable[[Any], Server]) -> float:
    """Return the median time from the start of a server to its first correct response, in seconds."""
    times = []
    for _ in range(STARTS):
        began = time.perf_counter()
        with start() as started:
            _wait_for_response(server_of(started), began)
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def _wait_for_response(server: Server, began: float) -> None:
    small, pause = cases()[0], threading.Event()
    while time.perf_counter() - began < START_TIMEOUT:
        try:
            if send_request(server, small, small.paths[0]).ok:
                return
        except requests.ConnectionError:
            pause.wait(0.005)
    raise BenchmarkError(f"{server.name} expected a response to {small.paths[0]} within {START_TIMEOUT} s, got none")


# -- the report --------------------------------------------------------------------------------------


def report(rates: dict[str, dict[str, list[float]]], starts: dict[str, float], version: str) -> None:
    """Print medians, ratios and targets. Targets compare with Prism's default, which has a log as we have a journal."""
    columns = ("", "Sendproof", PRISM, "ratio", "target", "", PRISM_SILENT, "ratio")
    table = Table(*columns, box=None, pad_edge=False, title=f"Prism {version}")
    for case in cases():
        ours, theirs, silent = (
            statistics.median(rates[case.name][name]) for name in ("Sendproof", PRISM, PRISM_SILENT)
        )
        ratio = ours / theirs
        target = (f">= {case.target}", _target_text(good=ratio >= case.target)) if case.target else ("", "")
        silent_cells = (f"{silent:,.0f}/s", f"{ours / silent:.1f}")
        table.add_row(case.name, f"{ours:,.0f}/s", f"{theirs:,.0f}/s", f"{ratio:.1f}", *target, *silent_cells)
    ours, theirs = starts["Sendproof"], starts[PRISM]
    table.add_row(
        "start to first response",
        f"{ours:.2f} s",
        f"{theirs:.2f} s",
        "",
        f"< {START_TARGET} s",
        _target_text(good=ours < START_TARGET),
    )
    for column in (*table.columns[1:5], *table.columns[6:]):
        column.justify = "right"
    console.print(table)
    console.print(f"\nMedians of {ROUNDS} rounds of {SECONDS} s with {CONNECTIONS} connections.")
    console.print("See benchmarks/README.md for an explanation.")


def _target_text(*, good: bool) -> str:
    return "[green]reached[/]" if good else "[red]missed[/]"


def run(folder: Path) -> None:
    """Run the benchmark and print its results."""
    version = install(console)
    with ExitStack() as stack:
        control, default = stack.enter_context(simulators())
        console.print(f"Creating a sandbox of {CUSTOMERS:,} customers")
        ours = fill(control, default)
        small, page = (send_request(ours, case, case.paths[0]).json() for case in cases()[:2])
        contract = folder / "prism.json"
        contract.write_text(json.dumps(contract_for_prism({SMALL: small, PAGE: page}, [POST])))
        console.print(f"Measuring the start of both, {STARTS} times")
        starts = {
            "Sendproof": start_up(simulators, lambda started: started[1]),
            PRISM: start_up(lambda: prism(contract, log=True), lambda started: started),
        }
        theirs = [stack.enter_context(prism(contract, log=log)) for log in (True, False)]
        for peer in theirs:
            _wait_for_response(peer, time.perf_counter())
        report(measure((ours, *theirs)), starts, version)


def main() -> int:
    """Run the benchmark. Return 1 if something broke, else 0: a slow machine is not a failure."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            run(Path(folder))
    except (BenchmarkError, LoadError, requests.RequestException, subprocess.CalledProcessError) as error:
        console.print(f"[red]benchmark:[/] {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
