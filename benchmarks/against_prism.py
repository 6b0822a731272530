"""The simulators beside Prism, the mock server that people take today, under the same load in the same minutes.

Run it with `make benchmark`; README.md tells how to read what it prints. Figures of one run on one machine
count only against each other, so both servers take turns and the ratio is what is reported.
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
    """One load. `paths` are asked in turn by every connection; `target` is the ratio to Prism that we want, if any."""

    name: str
    paths: tuple[str, ...]
    target: float | None = None
    body: bytes = b""
    rows: int | None = None


def page_path(skip: int) -> str:
    """A page of rows with the three attributes that an SMS bridge needs."""
    query = f"ChannelID={CHANNEL}&CampaignID={CAMPAIGN}&CustomerAttributes=PHONENUMBER;FIRST_NAME;SMS_OPT_IN"
    return f"{PAGE}?{query}&$top={ROWS}&$skip={skip}"


def cases() -> list[Case]:
    """What is measured, and the ratio that each case should reach."""
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


# -- the contestants ---------------------------------------------------------------------------------


@contextmanager
def simulators() -> Iterator[tuple[str, Server]]:
    """`sendproof up`: the address of its control API, and Optimove with the default sandbox's key."""
    with running([sys.executable, "-m", "sendproof_simulators", "up", "--json", "--port", "0"]) as process:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise BenchmarkError("`sendproof up --json --port 0` ended without a word; run it by hand to see why.")
        found = json.loads(line)
        optimove = found["services"]["optimove"]
        headers = {"X-API-KEY": optimove["credentials"]["api_key"]}
        yield found["control"]["url"] + "/control", Server(name="Sendproof", url=optimove["url"], headers=headers)


def fill(control: str, optimove: Server) -> Server:
    """A sandbox with a million customers, one announced campaign for all of them, five templates, and no rate limit."""
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
    made = _post(
        f"{base}/providers/textlocal/templates",
        [{"title": t, "body": f"{t} for {{{{FIRST_NAME}}}}"} for t in TEMPLATES],
    )
    known = [{"TemplateID": int(t["id"]), "TemplateName": t["title"]} for t in made]
    _post(f"{optimove.url}{ROOT}/integrations/AddChannelTemplates?ChannelID={CHANNEL}", known, headers)
    splits = [{"share": 0.2, "template": title, "send_at": "2026-03-02T09:00:00Z"} for title in TEMPLATES]
    plan = {"campaign": CAMPAIGN, "channel": CHANNEL, "name": "All", "customers": CUSTOMERS, "splits": splits}
    _post(f"{base}/campaigns", plan)
    _post(f"{base}/clock/advance", {"by_ms": 1000})
    return Server(name=optimove.name, url=optimove.url, headers=headers)


def _post(url: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    answer = requests.post(url, json=body, headers=headers, timeout=60)
    if not answer.ok:
        raise BenchmarkError(f"POST {url}: expected success, got {answer.status_code} {answer.text[:500]}")
    return answer.json() if answer.content else None


# -- measuring ---------------------------------------------------------------------------------------


def ask(server: Server, case: Case, path: str) -> requests.Response:
    """One request of a case."""
    headers = server.headers | ({"Content-Type": "application/json"} if case.body else {})
    return requests.request(
        "POST" if case.body else "GET", server.url + path, data=case.body, headers=headers, timeout=60
    )


def check(server: Server, case: Case) -> None:
    """Refuse to measure wrong answers: the status, and the number of rows of the first and the last path."""
    for path in (case.paths[0], case.paths[-1]):
        answer = ask(server, case, path)
        rows = len(answer.json()) if case.rows is not None and answer.ok else None
        if not answer.ok or rows != case.rows:
            raise BenchmarkError(
                f"{server.name}, {case.name}: expected {case.rows} rows, got {answer.status_code} {answer.text[:300]}"
            )


def rate(server: Server, case: Case, seconds: float) -> float:
    """Successful answers a second under the load of a case."""
    headers = {**server.headers, "Content-Type": "application/json"}
    asked = requests_of(server.url, "POST" if case.body else "GET", case.paths, headers, case.body)
    return load(server.url, asked, seconds)


def measure(servers: tuple[Server, ...]) -> dict[str, dict[str, list[float]]]:
    """Rates by case and server: the servers take turns within every round, after one warming second each."""
    found: dict[str, dict[str, list[float]]] = {case.name: {s.name: [] for s in servers} for case in cases()}
    for case in cases():
        for server in servers:
            check(server, case)
            rate(server, case, 1)
    for number in track(range(ROUNDS), description="Measuring", console=console, transient=True):
        for case in cases():
            for server in servers if number % 2 == 0 else servers[::-1]:
                found[case.name][server.name].append(rate(server, case, SECONDS))
    return found


def start_up(start: Callable[[], Any], server_of: Callable[[Any], Server]) -> float:
    """Seconds from starting a server to its first right answer, the median of a few."""
    times = []
    for _ in range(STARTS):
        began = time.perf_counter()
        with start() as started:
            _first_answer(server_of(started), began)
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def _first_answer(server: Server, began: float) -> None:
    small, pause = cases()[0], threading.Event()
    while time.perf_counter() - began < START_TIMEOUT:
        try:
            if ask(server, small, small.paths[0]).ok:
                return
        except requests.ConnectionError:
            pause.wait(0.005)
    raise BenchmarkError(f"{server.name} did not answer {small.paths[0]} within {START_TIMEOUT} s")


# -- the report --------------------------------------------------------------------------------------


def report(rates: dict[str, dict[str, list[float]]], starts: dict[str, float], version: str) -> None:
    """Medians, ratios, and which targets hold: against Prism as it comes, which keeps a log as we keep a journal."""
    columns = ("", "Sendproof", PRISM, "ratio", "wanted", "", PRISM_SILENT, "ratio")
    table = Table(*columns, box=None, pad_edge=False, title=f"Prism {version}")
    for case in cases():
        ours, theirs, silent = (
            statistics.median(rates[case.name][name]) for name in ("Sendproof", PRISM, PRISM_SILENT)
        )
        ratio = ours / theirs
        wanted = (f">= {case.target}", _held(good=ratio >= case.target)) if case.target else ("", "")
        beside = (f"{silent:,.0f}/s", f"{ours / silent:.1f}")
        table.add_row(case.name, f"{ours:,.0f}/s", f"{theirs:,.0f}/s", f"{ratio:.1f}", *wanted, *beside)
    ours, theirs = starts["Sendproof"], starts[PRISM]
    table.add_row(
        "start to first answer",
        f"{ours:.2f} s",
        f"{theirs:.2f} s",
        "",
        f"< {START_TARGET} s",
        _held(good=ours < START_TARGET),
    )
    for column in (*table.columns[1:5], *table.columns[6:]):
        column.justify = "right"
    console.print(table)
    console.print(f"\nMedians of {ROUNDS} rounds of {SECONDS} s with {CONNECTIONS} connections.")
    console.print("How to read them: benchmarks/README.md")


def _held(*, good: bool) -> str:
    return "[green]holds[/]" if good else "[red]missed[/]"


def run(folder: Path) -> None:
    """The whole benchmark."""
    version = install(console)
    with ExitStack() as stack:
        control, default = stack.enter_context(simulators())
        console.print(f"Making a sandbox of {CUSTOMERS:,} customers")
        ours = fill(control, default)
        small, page = (ask(ours, case, case.paths[0]).json() for case in cases()[:2])
        contract = folder / "prism.json"
        contract.write_text(json.dumps(contract_for_prism({SMALL: small, PAGE: page}, [POST])))
        console.print(f"Measuring the start of both, {STARTS} times")
        starts = {
            "Sendproof": start_up(simulators, lambda started: started[1]),
            PRISM: start_up(lambda: prism(contract, log=True), lambda started: started),
        }
        theirs = [stack.enter_context(prism(contract, log=log)) for log in (True, False)]
        for peer in theirs:
            _first_answer(peer, time.perf_counter())
        report(measure((ours, *theirs)), starts, version)


def main() -> int:
    """Exit status 0 unless something broke: a slow machine is no failure."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            run(Path(folder))
    except (BenchmarkError, LoadError, requests.RequestException, subprocess.CalledProcessError) as error:
        console.print(f"[red]benchmark:[/] {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
