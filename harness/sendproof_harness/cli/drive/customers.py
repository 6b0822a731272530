"""The commands `sendproof customers ...`: the customers of a running sandbox, each with its story."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from sendproof_harness.cli.drive.groups import listing_group
from sendproof_harness.cli.drive.opened import OpenedSandbox, open_sandbox, print_result
from sendproof_harness.cli.drive.tables import print_facts, print_heading, print_lines, print_table, time_text
from sendproof_harness.cli.options import CONTROL_URL, AsJson, RunningControlUrl, SandboxName

Json = Mapping[str, Any]

#: A number or an e-mail address: a customer can also be named by these.
_ADDRESS = re.compile(r"\+?[0-9]{7,15}|[^@\s]+@[^@\s]+")

group = listing_group("List the customers of a running sandbox, and show what happened to one.")


@group.command("list")
def list_(
    search: Annotated[
        str | None, typer.Option(help="Only customers with this text in their id, name, number or e-mail address.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Number of customers to list.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Number of customers to leave out before them.")] = 0,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """List customers in the order of the audience.

    Example: sendproof customers list --search C000001
    """
    with open_sandbox(control_url, sandbox) as opened:
        page = opened.control.customers(sandbox, search=search, offset=offset, limit=limit)
        print_result(page, _print_customers, json=json)


@group.command()
def show(
    customer: Annotated[
        str, typer.Argument(help="Id such as C0000042, phone number, or e-mail address.", show_default=False)
    ],
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Show a customer: attributes, consent, due messages, timeline.

    Example: sendproof customers show C0000018
    """
    with open_sandbox(control_url, sandbox) as opened:
        known = _id_of_address(opened, customer) if _ADDRESS.fullmatch(customer) else customer
        print_result(opened.control.customer(sandbox, known), _print_customer, json=json)


def _id_of_address(opened: OpenedSandbox, address: str) -> str:
    """Return the id of the only customer with a number or e-mail address; what belongs to no customer may be an id."""
    found = [customer["customer"] for customer in opened.control.customers(opened.name, search=address)["items"]]
    if len(found) > 1:
        raise ValueError(
            f"expected a number or an address of one customer, got {address} of {', '.join(found[:3])}; name the id"
        )
    return found[0] if found else address


def _print_customers(page: Json, console: Console) -> None:
    rows = [
        (customer["customer"], customer["name"], customer["phone"] or "-", ", ".join(customer["opted_out_of"]) or "-")
        for customer in page["items"]
    ]
    if not rows:
        print_lines(console, ["There are no such customers."])
        return
    print_table(console, ("customer", "name", "phone", "opted out of"), rows)
    if page["total"] is not None and page["total"] > len(rows):
        print_lines(console, ["", f"{len(rows):,} of {page['total']:,} customers; --search finds others."])


def _consents(place: Json) -> str:
    return "yes" if place["consents"] else "no"


def _print_customer(customer: Json, console: Console) -> None:
    facts = (
        ("customer", customer["customer"]),
        ("name", customer["name"]),
        ("phone", customer["phone"] or "-"),
        ("email", customer["email"] or "-"),
        ("opted out of", ", ".join(customer["opted_out_of"]) or "-"),
    )
    print_facts(console, facts)
    print_heading(console, "Attributes")
    print_facts(console, [(name, value) for name, value in customer["attributes"].items() if value is not None])
    print_heading(console, "Consent")
    consent = [
        (f"{place['channel']}", place["provider"], place["message"], _consents(place), place["by"] or "")
        for place in customer["consent"]
    ]
    print_table(console, ("channel", "provider", "message", "consents"), consent, text="source")
    print_heading(console, "Messages that are due")
    obligations = [
        (
            time_text(obligation["due"]),
            f"{obligation['campaign']}",
            f"{obligation['channel']}",
            obligation["state"],
            obligation["message"] or "-",
            obligation["text"] if obligation["owed"] else f"none is due: {obligation['reason']}",
        )
        for obligation in customer["obligations"]
    ]
    if obligations:
        print_table(console, ("due", "campaign", "channel", "state", "message"), obligations, text="text")
    else:
        print_lines(console, ["none"])
    print_heading(console, "Story")
    lines = [f"{time_text(entry['at'])}  {entry['text']}" for entry in customer["story"]]
    print_lines(console, lines or ["Nothing happened yet."])
    if customer["story_truncated"]:
        print_lines(console, ["Only the newest entries are shown; `sendproof explain` shows all of them."])
