"""The commands `sendproof messages ...`: what the providers accepted, with its texts, states and receipts."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console

from sendproof_harness.cli.drive.groups import listing_group
from sendproof_harness.cli.drive.opened import open_sandbox, print_result
from sendproof_harness.cli.drive.pages import Before, Limit, newest
from sendproof_harness.cli.drive.tables import print_facts, print_heading, print_lines, print_table, time_text
from sendproof_harness.cli.drive.webhooks import attempts_text
from sendproof_harness.cli.options import CONTROL_URL, AsJson, RunningControlUrl, SandboxName

Json = Mapping[str, Any]

group = listing_group("List the messages that the providers of a running sandbox accepted.")


@group.command("list")
def list_(
    provider: Annotated[str | None, typer.Option(help="Only messages of this provider.")] = None,
    campaign: Annotated[int | None, typer.Option(help="Only messages of this campaign.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only messages to this customer, such as C0000042.")] = None,
    number: Annotated[str | None, typer.Option(help="Only messages to this number, or to numbers with this part.")] = (
        None
    ),
    state: Annotated[str | None, typer.Option(help="Only messages in this state, such as delivered.")] = None,
    text: Annotated[str | None, typer.Option(help="Only messages with this text.")] = None,
    limit: Limit = 20,
    before: Before = None,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """List the newest messages with their texts, the newest last.

    Example: sendproof messages list --customer C0000018
    """
    filters = {
        "provider": provider,
        "campaign": campaign,
        "customer": customer,
        "number": number,
        "state": state,
        "text": text,
    }
    with open_sandbox(control_url, sandbox) as opened:
        opened.check_service("--provider", provider)
        fetch = partial(opened.control.messages, sandbox, **filters)
        page = newest(lambda start, count: fetch(before=start, limit=count), limit, before)
        print_result(page, _print_messages, json=json)


@group.command()
def show(
    message: Annotated[str, typer.Argument(help="Id of the message, as in the list.", show_default=False)],
    provider: Annotated[
        str | None, typer.Option(help="Provider of the message; optional if the channels have only one.")
    ] = None,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Show one message, its states and its receipts.

    Example: sendproof messages show 886019493176879
    """
    with open_sandbox(control_url, sandbox) as opened:
        found = opened.control.message(sandbox, opened.provider(provider), message)
        print_result(found, _print_message, json=json)


def _print_messages(page: Json, console: Console) -> None:
    messages = page["items"]
    if not messages:
        print_lines(console, ["There are no such messages yet."])
        return
    providers = {message["provider"] for message in messages}
    rows = [
        (
            time_text(message["at"]),
            *([message["provider"]] if len(providers) > 1 else []),
            message["id"],
            message["number"],
            message["state"] or "-",
            message["customer"] or "-",
            message["text"],
        )
        for message in reversed(messages)
    ]
    columns = ("accepted", *(["provider"] if len(providers) > 1 else []), "message", "number", "state", "customer")
    print_table(console, columns, rows, text="text")
    if page["next"] is not None:
        print_lines(console, ["", f"There are more; list them with --limit or with --before {page['next']}."])


def _print_message(message: Json, console: Console) -> None:
    is_sms = message["message_type"] == "sms"
    facts = (
        ("message", message["id"]),
        ("provider", message["provider"]),
        ("state", message["state"] or ""),
        ("number" if is_sms else "address", message["number"]),
        ("type", message["message_type"]),
        ("customer", message["customer"] or ""),
        ("campaign", "" if message["campaign"] is None else f"{message['campaign']}, channel {message['channel']}"),
        ("sender", message["sender"] or ""),
        ("parts", f"{message['parts']}, {message['encoding']}") if is_sms else ("title", message["heading"] or ""),
        ("accepted", time_text(message["at"])),
        ("test number", message["test_number"] or ""),
        ("request", "" if message["request"] is None else f"{message['request']}"),
        ("text", message["text"]),
    )
    print_facts(console, facts)
    print_heading(console, "States")
    print_table(console, ("time", "state"), [(time_text(state["at"]), state["state"]) for state in message["states"]])
    print_heading(console, "Receipts")
    receipts = [
        (time_text(receipt["at"]), receipt["key"], attempts_text(receipt["attempts"]))
        for receipt in message["receipts"]
    ]
    if receipts:
        print_table(console, ("time", "key"), receipts, text="responses")
    else:
        print_lines(console, ["none"])
