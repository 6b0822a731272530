"""The commands `sendproof log ...`: the requests to the services of a running sandbox."""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
import typer
from rich.console import Console

from sendproof_harness.cli.drive.groups import listing_group
from sendproof_harness.cli.drive.opened import open_sandbox, print_result
from sendproof_harness.cli.drive.pages import Before, Limit
from sendproof_harness.cli.drive.request_log import RequestLog
from sendproof_harness.cli.drive.tables import print_facts, print_heading, print_lines, time_text
from sendproof_harness.cli.options import CONTROL_URL, AsJson, RunningControlUrl, SandboxName, print_json
from sendproof_harness.interruption import enter_stage, is_interrupted
from sendproof_harness.output import echo, reader_has_gone

Json = Mapping[str, Any]

# The longest long poll of the control API, in real seconds.
_POLL_S = 25.0
# The shortest time between two looks.
_PAUSE_S = 0.25
_FORM = "application/x-www-form-urlencoded"

group = listing_group("List or follow the requests to the services of a running sandbox.")


@group.command("list")
def list_(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more requests, until Ctrl-C.")] = False,
    service: Annotated[str | None, typer.Option(help="Only requests to this service.")] = None,
    operation: Annotated[
        str | None, typer.Option(help="Only requests for this operation: with its service or without.")
    ] = None,
    status: Annotated[str | None, typer.Option(help="Only this status or class: 404 or 4xx.")] = None,
    method: Annotated[str | None, typer.Option(help="Only this method, such as POST.")] = None,
    text: Annotated[str | None, typer.Option(help="Only requests with this text in their journal entry.")] = None,
    problems: Annotated[
        bool, typer.Option("--problems", help="Only requests that were refused, or not served as intended.")
    ] = False,
    limit: Limit = 20,
    before: Before = None,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """List the newest requests, one in a line, the newest last.

    A request without a known credential belongs to no sandbox. It has no number, and the time of the machine. With
    --json, each line is one JSON object.

    Example: sendproof log list --problems --limit 50
    """
    named_service, _, name = (operation or "").rpartition(".")
    filters = {
        "service": service or named_service or None,
        "operation": name or None,
        "status": status,
        "method": None if method is None else method.upper(),
        "text": text,
        "problems": "true" if problems else None,
    }
    print_entry = print_json if json else _print_line
    with open_sandbox(control_url, sandbox) as opened:
        opened.check_service("--service", filters["service"])
        log = RequestLog(opened.control, sandbox, filters)
        if follow:
            # Ctrl-C is the usual end.
            with suppress(KeyboardInterrupt):
                _follow(log, limit, print_entry)
        else:
            entries = log.newest(limit, before)
            _print_all(entries, print_entry)
            if not entries and not json:
                echo("There are no such requests yet.", err=True)


@group.command()
def show(
    number: Annotated[int, typer.Argument(help="Number of the request, as in the list.", min=1, show_default=False)],
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Show one request with its response, and what it caused.

    Example: sendproof log show 12
    """
    with open_sandbox(control_url, sandbox) as opened:
        print_result(opened.control.request(sandbox, number), _print_exchange, json=json)


def _follow(log: RequestLog, limit: int, print_entry: Callable[[Json], None]) -> None:
    """Print the newest requests and then each further one; end when nothing reads the output any more."""
    enter_stage("following the log")
    log.wait(0)
    _print_all(log.newest(limit), print_entry)
    pause = threading.Event()
    # The exception of a signal can be lost in a destructor.
    while not (reader_has_gone() or is_interrupted()):
        log.wait(_POLL_S)
        _print_all(log.further(), print_entry)
        # Under load, each look would find something new.
        pause.wait(_PAUSE_S)


def _print_all(entries: Iterable[Json], print_entry: Callable[[Json], None]) -> None:
    for entry in entries:
        print_entry(entry)


def _print_line(entry: Json) -> None:
    echo(entry_text(entry))


def entry_text(entry: Json) -> str:
    """Return a request as one line: number, time, status, call, duration, and what was wrong with it."""
    duration = "" if entry["ms"] is None else f"  {entry['ms']:.0f} ms"
    notes = "; ".join(_notes(entry))
    number = "-" if entry["n"] is None else entry["n"]
    return f"{number:>5}  {time_text(entry['at'])}  {entry['status']}  {_call_text(entry)}{duration}" + (
        f"  {notes}" if notes else ""
    )


def _call_text(entry: Json) -> str:
    """Return the operation, as faults name it, or what came instead of one."""
    service = entry["service"]
    return f"{service}.{entry['operation']}" if entry["operation"] else f"{service} {entry['method']} {entry['path']}"


def _notes(entry: Json) -> list[str]:
    fault = [] if entry["fault"] is None else [f"fault {entry['fault']}"]
    near_miss = [] if entry["near_miss"] is None else [entry["near_miss"]]
    violations = entry["violations"]
    # A near miss without a better name for the difference is the first violation.
    if near_miss and violations and near_miss[0].endswith(f": {violations[0]['message']}"):
        violations = violations[1:]
    notes = [*fault, *near_miss, *map(_violation_text, violations)]
    return notes or ([] if entry["error"] is None else [" ".join(entry["error"].split())])


def _violation_text(violation: Json) -> str:
    return ": ".join(str(violation[name]) for name in ("where", "message") if violation.get(name))


def _print_exchange(exchange: Json, console: Console) -> None:
    caused = ", ".join(f"{message}" for message in exchange["messages"])
    facts = (
        ("request", f"{exchange['n']:,}"),
        ("time", time_text(exchange["at"])),
        ("call", _call_text(exchange)),
        ("status", str(exchange["status"])),
        ("took", "" if exchange["ms"] is None else f"{exchange['ms']:.1f} ms"),
        ("client", exchange["client"] or ""),
        ("notes", "\n".join(_notes(exchange))),
        ("messages", caused),
    )
    print_facts(console, facts)
    query = "&".join(f"{name}={value}" for name, value in exchange["query"])
    _print_part(console, f"{exchange['method']} {exchange['path']}{'?' if query else ''}{query}", exchange, "request")
    _print_part(console, f"Response {exchange['status']}", exchange, "response")


def _print_part(console: Console, title: str, exchange: Json, part: str) -> None:
    print_heading(console, title)
    headers = exchange[f"{part}_headers"] or {}
    print_lines(console, [f"{name}: {value}" for name, value in headers.items()])
    body = exchange[f"{part}_body"]
    if body:
        print_lines(console, ["", *_readable(body, headers.get("content-type", "")).splitlines()])


def _readable(body: str, content_type: str) -> str:
    """Return a body for people: the fields of a form are decoded, and JSON is indented."""
    if content_type.startswith(_FORM):
        return "\n".join(f"{name}={value}" for name, value in parse_qsl(body, keep_blank_values=True))
    try:
        return msgspec.json.format(body, indent=2)
    except msgspec.DecodeError:
        return body
