"""A preview of a template, as users of Optimove see it before they run a campaign.

documented, in the brochure Textlocal x Optimove: users view a preview of the message from within Optimove. assumed:
that it can be that of a customer; its form.
"""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.simulator import SandboxContext, Template
from sendproof_simulators.services.textlocal.account.imported_customers import (
    imported_customers,
    known_customer,
    translated,
)
from sendproof_simulators.services.textlocal.account.templates import render
from sendproof_simulators.services.textlocal.state import State


async def preview(
    context: SandboxContext, state: State, now: Instant, arguments: Mapping[str, Any]
) -> Mapping[str, object]:
    """Return the text of a template, its language versions, and its sender.

    `arguments` are the `template` (its id), and optionally a `customer` (an id) whose text it is. Without a customer,
    the placeholders remain. Raise `ValueError` if one is invalid.
    """
    unknown = sorted(arguments.keys() - {"template", "customer"})
    id_ = arguments.get("template")
    template = state.templates.get(id_) if isinstance(id_, int) else None
    if unknown or template is None:
        known = ", ".join(map(str, state.templates)) or "none"
        raise ValueError(
            f"expected an object with the id of a template ({known}) as `template`, and a `customer` at most"
        )
    sender = {"sender": state.settings.default_sender}
    if "customer" not in arguments:
        return {"text": template.body, "translations": _translations(state, template), **sender}
    return {**_customer_text(context, state, template, str(arguments["customer"]), now), **sender}


def _translations(state: State, template: Template) -> Mapping[str, str]:
    translations = state.settings.translations.get(int(template.id))
    known = {} if translations is None else translations.templates
    return {value: state.templates[id_].body for value, id_ in known.items() if id_ in state.templates}


def _customer_text(
    context: SandboxContext, state: State, template: Template, customer: str, now: Instant
) -> Mapping[str, object]:
    found = known_customer(context, state, customer, now) or imported_customers(context, state, now).find(customer)
    if found is None:
        raise ValueError(f"customer: expected the id of an imported customer, got {customer!r}")
    chosen = translated(state, int(template.id), found.attributes)
    text = render(state.templates[chosen].body, found.attributes)
    return {"text": text, "template": chosen, "number": found.number}
