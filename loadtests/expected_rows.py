"""What the simulators must answer: the customers of a seed, as the recipe of the audience makes them."""

from collections.abc import Sequence
from typing import Any

from sendproof_harness.load.scenarios import ORDER_TEMPLATE_BODY, LoadOptions, load_audience
from sendproof_harness.load.trigger_tracker import ORDER_PARAMETER, ExpectedMessage, format_order
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.randomness import KeyedRandom

# Those that a bridge asks for, and one that may be null.
ATTRIBUTES = ("PHONENUMBER", "FIRST_NAME", "SMS_OPT_IN", "CITY")


def people(wanted: LoadOptions) -> Audience:
    """The customers of the sandbox of a load test."""
    asked = load_audience(wanted)
    recipe = AudienceRecipe(
        customers=asked.customers,
        opted_out=float(asked.opted_out),
        unusable_numbers=float(asked.unusable_numbers),
        country=asked.country,
    )
    return Audience(KeyedRandom(wanted.seed), recipe)


def rows(everybody: Audience, skip: int, top: int, template: int | str, send_at: str) -> list[dict[str, Any]]:
    """The rows of one page of a campaign for everybody, as JSON has them."""
    stop = min(skip + top, everybody.recipe.customers)
    columns = zip(*everybody.columns(skip, stop, ATTRIBUTES), strict=True)
    return [
        {
            "CustomerID": everybody.id_of(index),
            "TemplateID": template,
            "ScheduledTime": send_at,
            "CustomerAttributes": list(values),
        }
        for index, values in zip(range(skip, stop), columns, strict=True)
    ]


def expected_order(everybody: Audience, number: int) -> ExpectedMessage:
    """What the trigger of this number owes to its customer."""
    customer = everybody.customer(number % everybody.recipe.customers)
    if customer.opted_out or customer.number is None:
        return ExpectedMessage(customer.id, customer.number, None)
    first_name = str(customer.attributes["FIRST_NAME"])
    text = ORDER_TEMPLATE_BODY.replace("{{FIRST_NAME}}", first_name).replace(
        "{{" + ORDER_PARAMETER + "}}", format_order(number)
    )
    return ExpectedMessage(customer.id, customer.number, text)


def differing(got: Sequence[Any], expected: Sequence[Any], skip: int) -> list[tuple[str, str]]:
    """By row: the name of the loss, and an example in words. Rows are compared in their order."""
    if got == expected:
        return []
    known = {row["CustomerID"] for row in expected}
    seen: set[str] = set()
    found = []
    for place, row in enumerate(got):
        id_ = row.get("CustomerID") if isinstance(row, dict) else None
        if id_ in seen:
            found.append(("repeated rows", f"{id_}: again in row {skip + place:,}"))
        elif place >= len(expected) or row != expected[place]:
            wanted = expected[place] if place < len(expected) else "the end of the list"
            found.append(("wrong rows", f"row {skip + place:,}: expected {wanted}, got {row}"))
        seen.add(str(id_))
    return found + [("missing rows", f"{id_}: on none of its page's rows") for id_ in sorted(known - seen)]
