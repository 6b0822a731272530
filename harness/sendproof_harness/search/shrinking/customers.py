"""Edits of the audience: some customers, spelled out, or the first ones only.

Customers are computed from the seed and their position. A customer who moves to another position is spelled out, with
the values of the old one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sendproof_harness.control_client import ControlClient
from sendproof_harness.handover.format import Listen
from sendproof_harness.run.sandboxes import SandboxOptions, create_sandboxes
from sendproof_harness.scenario.customer_selection import CustomerIds, usual_id
from sendproof_harness.scenario.document import Document
from sendproof_harness.scenario.model import PAGE_SIZE, Scenario
from sendproof_harness.search.shrinking.edits import edited

#: A customer as the control API shows it, with the position in the audience.
Record = Mapping[str, Any]

_SELECTING_STEPS = ("events", "opt_out", "opt_in", "change_attributes")
_PROTECTIONS = {"attribute": "no_consent", "provider": "provider_list"}
# Nobody listens there: the sandbox only answers who its customers are.
_NOWHERE = Listen(host="127.0.0.1", port=9)


def records(control_url: str, scenario: Scenario, positions: Sequence[int]) -> list[Record]:
    """Return the records of the customers at these positions, before anything has happened; `ControlError` if none."""
    ids = CustomerIds.of(scenario.audience)
    with ControlClient(control_url) as control:
        options = SandboxOptions(control=control, name=None, listen=_NOWHERE, rate=None)
        sandboxes = [handover["sandbox"] for handover in create_sandboxes(options, scenario)]
        try:
            return [_record(control.customer(sandboxes[0], ids.at(index)), index, scenario) for index in positions]
        finally:
            for sandbox in reversed(sandboxes):
                control.delete_sandbox(sandbox)


def _record(customer: Mapping[str, Any], index: int, scenario: Scenario) -> Record:
    """Return an individual of a scenario file like the customer, still with the old position."""
    special = {scenario.audience.name_of("PHONENUMBER"), scenario.audience.name_of("SMS_OPT_IN")}
    number = customer["attributes"].get(scenario.audience.name_of("PHONENUMBER"))
    by = customer["opted_out_by"]
    protection = "unusable_number" if customer["phone"] is None else _PROTECTIONS.get(by, "none")
    own = {} if customer["phone"] is None else {"number": number}
    id_ = {} if customer["customer"] == usual_id(index) else {"id": customer["customer"]}
    attributes = {name: value for name, value in customer["attributes"].items() if name not in special}
    return {"customer": index, **id_, "protection": protection, **own, "attributes": attributes}


def with_individuals(document: Document, people: Sequence[Record]) -> dict[str, Any]:
    """Return the document with these customers only, spelled out at the positions from 0 on."""
    places = {record["customer"]: place for place, record in enumerate(people)}

    def replace(content: dict[str, Any]) -> None:
        audience = content["audience"]
        audience["customers"] = len(people)
        audience["individuals"] = [{**record, "customer": places[record["customer"]]} for record in people]
        for campaign in content.get("campaigns", ()):
            for key in ("customers", "first_customer"):
                campaign.pop(key, None)
        _move_positions(content, places)
        content["steps"] = [step for step in content["steps"] if _select(step, places)]

    return edited(document, replace)


def _move_positions(content: dict[str, Any], places: Mapping[int, int]) -> None:
    """Let segments and the import of new customers name the new positions."""
    imported = content.get("customer_import", {})
    if "new_customers" in imported:
        rows = [row for row in imported["new_customers"] if row["customer"] in places]
        imported["new_customers"] = [{**row, "customer": places[row["customer"]]} for row in rows]
        if not rows:
            del imported["new_customers"]
    for template in content["templates"]:
        segment = template.get("segment", {})
        if "customers" in segment:
            segment["customers"] = [places[index] for index in segment["customers"] if index in places]
            if not segment["customers"]:
                del segment["customers"]
            if not segment:
                del template["segment"]


def _select(step: dict[str, Any], places: Mapping[int, int]) -> bool:
    """Let a step select the new positions of its customers; return False if it has none of them."""
    ((key, value),) = step.items()
    if key not in _SELECTING_STEPS or "visitors" in value:
        return True
    selected = [place for index, place in places.items() if _is_selected(index, value)]
    for name in ("share", "customers", "first_customer", "customer"):
        value.pop(name, None)
    if selected and len(selected) < len(places):
        value["first_customer"] = min(selected)
        value["customers"] = max(selected) - min(selected) + 1
    return bool(selected)


def _is_selected(index: int, selection: Mapping[str, Any]) -> bool:
    """Return True if a step selects a position. A share is taken for everyone: only the seed knows its customers."""
    if "share" in selection:
        return True
    if "customer" in selection:
        return bool(index == selection["customer"])
    first = selection.get("first_customer", 0)
    return bool(first <= index and ("customers" not in selection or index < first + selection["customers"]))


def first_customers(document: Document, number: int) -> dict[str, Any]:
    """Return the document with this number of customers: those who were first."""

    def limit(content: dict[str, Any]) -> None:
        audience = content["audience"]
        audience["customers"] = number
        if "individuals" in audience:
            audience["individuals"] = [person for person in audience["individuals"] if person["customer"] < number]
        for campaign in content.get("campaigns", ()):
            _limit(campaign, number)
        content["steps"] = [step for step in content["steps"] if _limit_step(step, number)]

    return edited(document, limit)


def _limit_step(step: dict[str, Any], number: int) -> bool:
    """Let a step select none but the first customers; return False if it is about a single other one."""
    ((key, value),) = step.items()
    if key in _SELECTING_STEPS:
        _limit(value, number)
        return bool(value.get("customer", 0) < number)
    return True


def _limit(selection: dict[str, Any], number: int) -> None:
    """Let a campaign or step select none but the first customers."""
    first = selection.get("first_customer", 0)
    if first >= number:
        selection.pop("first_customer")
        first = 0
    if "customers" in selection and first + selection["customers"] > number:
        selection["customers"] = number - first
        if not first:
            del selection["customers"]


def whole_pages(customers: int) -> Iterator[int]:
    """Yield numbers of customers below `customers` that fill whole pages of Optimove, ascending."""
    yield from range(PAGE_SIZE, customers, PAGE_SIZE)


def round_numbers(customers: int) -> Iterator[int]:
    """Yield numbers of customers below `customers`, ascending: 1, 3, 10, 30 and so on."""
    yield from (number for power in range(7) for number in (10**power, 3 * 10**power) if number < customers)


def with_few_due(document: Document, due: Collection[int]) -> dict[str, Any]:
    """Return the document with all customers opted out, except those at these positions."""

    def opt_out(content: dict[str, Any]) -> None:
        audience = content["audience"]
        audience.pop("unusable_numbers", None)
        audience["opted_out"] = "100%"
        known = {person["customer"]: person for person in audience.get("individuals", ())}
        people = {index: {"customer": index, **known.get(index, {}), "protection": "none"} for index in due}
        audience["individuals"] = [people[index] for index in sorted(people)]

    return edited(document, opt_out)
