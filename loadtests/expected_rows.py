"""Expected responses of the simulators, computed from the seed and the settings of the audience."""

from collections.abc import Sequence
from typing import Any

from sendproof_harness.load.scenarios import ORDER_TEMPLATE_BODY, LoadOptions, load_audience
from sendproof_harness.load.tracking.trigger_tracker import ORDER_PARAMETER, ExpectedMessage, format_order
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.randomness import KeyedRandom

# The attributes that a bridge reads, and one that can be null.
ATTRIBUTES = ("PHONENUMBER", "FIRST_NAME", "SMS_OPT_IN", "CITY")


def create_audience(options: LoadOptions) -> Audience:
    """Return the audience of a load test's sandbox."""
    settings = load_audience(options)
    recipe = AudienceRecipe(
        customers=settings.customers,
        opted_out=float(settings.opted_out),
        unusable_numbers=float(settings.unusable_numbers),
        country=settings.country,
    )
    return Audience(KeyedRandom(options.seed), recipe)


def expected_page(customers: Audience, skip: int, top: int, template: int | str, send_at: str) -> list[dict[str, Any]]:
    """Return the rows of one page of a campaign for all customers, as decoded JSON."""
    stop = min(skip + top, customers.recipe.customers)
    columns = zip(*customers.columns(skip, stop, ATTRIBUTES), strict=True)
    return [
        {
            "CustomerID": customers.id_of(index),
            "TemplateID": template,
            "ScheduledTime": send_at,
            "CustomerAttributes": list(values),
        }
        for index, values in zip(range(skip, stop), columns, strict=True)
    ]


def expected_order(customers: Audience, number: int) -> ExpectedMessage:
    """Return the message that the trigger with this number must cause."""
    customer = customers.customer(number % customers.recipe.customers)
    if customer.opted_out or customer.number is None:
        return ExpectedMessage(customer.id, customer.number, None)
    first_name = str(customer.attributes["FIRST_NAME"])
    text = ORDER_TEMPLATE_BODY.replace("{{FIRST_NAME}}", first_name).replace(
        "{{" + ORDER_PARAMETER + "}}", format_order(number)
    )
    return ExpectedMessage(customer.id, customer.number, text)


def compare_rows(got: Sequence[Any], expected: Sequence[Any], skip: int) -> list[tuple[str, str]]:
    """Compare rows in order. Return for each wrong row the name of the loss and an example as text."""
    if got == expected:
        return []
    known = {row["CustomerID"] for row in expected}
    seen: set[str] = set()
    losses = []
    for position, row in enumerate(got):
        id_ = row.get("CustomerID") if isinstance(row, dict) else None
        if id_ in seen:
            losses.append(("repeated rows", f"{id_}: repeated in row {skip + position:,}"))
        elif position >= len(expected) or row != expected[position]:
            expected_row = expected[position] if position < len(expected) else "the end of the list"
            losses.append(("wrong rows", f"row {skip + position:,}: expected {expected_row}, got {row}"))
        seen.add(str(id_))
    return losses + [("missing rows", f"{id_}: missing from its page") for id_ in sorted(known - seen)]
