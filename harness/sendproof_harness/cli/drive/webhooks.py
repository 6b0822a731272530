"""The commands `sendproof webhooks ...`: what the services sent to the bridge."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from sendproof_harness.cli.drive.groups import listing_group
from sendproof_harness.cli.drive.opened import OpenedSandbox, open_sandbox, print_result
from sendproof_harness.cli.drive.tables import print_facts, print_lines, print_table, time_text
from sendproof_harness.cli.options import CONTROL_URL, AsJson, RunningControlUrl, SandboxName

Json = Mapping[str, Any]

_SUCCESS = range(200, 300)

group = listing_group("List the webhooks of a running sandbox, and send one again.")


@group.command("list")
def list_(
    service: Annotated[str | None, typer.Option(help="Only those of one service.")] = None,
    event: Annotated[str | None, typer.Option(help="Only those of one event, such as 13, 11 or receipt.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those without a successful attempt.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest ones to list.")] = 20,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """List the newest webhooks with their attempts, the oldest first.

    Example: sendproof webhooks list --event 13
    """
    with open_sandbox(control_url, sandbox) as opened:
        opened.check_service("--service", service)
        found = opened.control.webhooks(sandbox, service, event)
        wanted = sorted((webhook for webhook in found if not (failed and _is_delivered(webhook))), key=_first_attempt)
        print_result(wanted[-limit:], _print_webhooks, json=json)


@group.command()
def resend(
    key: Annotated[str, typer.Argument(help="Key of the webhook, as in the list.", show_default=False)],
    service: Annotated[str | None, typer.Option(help="Service of the webhook; optional if only one has this key.")] = (
        None
    ),
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Send a webhook again.

    Example: sendproof webhooks resend 13:7001:505
    """
    with open_sandbox(control_url, sandbox) as opened:
        sent = opened.control.resend_webhook(sandbox, service or _service_of(opened, key), key)
        print_result(sent, _print_resent, json=json)


def _service_of(opened: OpenedSandbox, key: str) -> str:
    services = {webhook["service"] for webhook in opened.control.webhooks(opened.name) if webhook["key"] == key}
    if len(services) != 1:
        found = ", ".join(sorted(services)) or "no webhook with it"
        raise ValueError(f"expected the key of one webhook, got {key!r} ({found}); list them: sendproof webhooks")
    return str(services.pop())


def _first_attempt(webhook: Json) -> tuple[bool, str]:
    """Return the place of a webhook in the list: by its first attempt, and those without one last."""
    return not webhook["attempts"], webhook["attempts"][0]["at"] if webhook["attempts"] else ""


def _is_delivered(webhook: Json) -> bool:
    return any(attempt["status"] in _SUCCESS for attempt in webhook["attempts"])


def _print_webhooks(webhooks: Sequence[Json], console: Console) -> None:
    if not webhooks:
        print_lines(console, ["There are no such webhooks yet."])
        return
    rows = [
        (
            time_text(webhook["attempts"][-1]["at"] if webhook["attempts"] else None) or "not yet",
            webhook["service"],
            webhook["event"],
            webhook["key"],
            attempts_text(webhook["attempts"]),
        )
        for webhook in webhooks
    ]
    print_table(console, ("last attempt", "service", "event", "key"), rows, text="responses")


def attempts_text(attempts: Sequence[Json]) -> str:
    """Return how each attempt ended; equal ones in a row are counted: `503 (3 times), 200`."""
    ends: list[list[Any]] = []
    for attempt in attempts:
        end = attempt["error"] or str(attempt["status"])
        if ends and ends[-1][0] == end:
            ends[-1][1] += 1
        else:
            ends.append([end, 1])
    return ", ".join(end if count == 1 else f"{end} ({count} times)" for end, count in ends) or "none yet"


def _print_resent(sent: Json, console: Console) -> None:
    print_facts(console, (("service", sent["service"]), ("key", sent["key"]), ("copy", f"{sent['copy']:,}")))
