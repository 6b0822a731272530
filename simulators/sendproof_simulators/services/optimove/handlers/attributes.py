"""Functions about attributes: which there are, what one customer has, who changed, and changing them."""

import re
from dataclasses import replace

from sendproof_simulators.core.clock.wall_clock import DAY
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Response
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.customers import attribute_updates
from sendproof_simulators.services.optimove.customers.records import Attribute, Change
from sendproof_simulators.services.optimove.errors import bad_request, not_found
from sendproof_simulators.services.optimove.handlers.paging import attribute_names, page_of
from sendproof_simulators.services.optimove.permissions import function, key_of


@function
def get_customer_attribute_list(call: Call) -> Effects:
    """List the attributes that the key may see."""
    rows = [{"RealFieldName": one.name, "Description": _alias(one.name)} for one in _visible(call)]
    return Effects(response=responses.listed(call.context, rows))


@function
def get_customer_attributes(call: Call) -> Effects:
    """List the attributes of one customer."""
    index = call.state.records.find(call.params["CustomerID"])
    if index is None:
        raise not_found(f"CustomerID {call.params['CustomerID']} is not known")
    rows = [
        {
            "RealFieldName": one.name,
            "Alias": _alias(one.name),
            "FieldType": re.split(r"\(", one.type)[0].capitalize(),
            "Value": call.state.records.value(index, one.name, call.now),
        }
        for one in _visible(call)
    ]
    return Effects(response=responses.details(call.context, rows))


@function
def get_customer_attribute_changers(call: Call) -> Effects:
    """List those whose attribute is another one than 24 hours ago."""
    records, wanted = call.state.records, call.params["ChangedCustomerAttribute"]
    attribute = next((one for one in _visible(call) if one.name.lower() == wanted.lower()), None)
    if attribute is None:
        raise bad_request(f"ChangedCustomerAttribute: {wanted} is not known")
    names, rows = attribute_names(call), []
    for index in sorted(records.changed(attribute.name)):
        before, after = (records.value(index, attribute.name, at) for at in (call.now - DAY, call.now))
        if before != after:
            values = [records.value(index, name, call.now) for name in names]
            asked = responses.attributes(call.context, values, call.params.get("CustomerAttributesDelimiter", ","))
            row = {"CustomerID": records.id_of(index), "InitialCustomerAttribute": before}
            rows.append({**row, "FinalCustomerAttribute": after, **asked})
    return Effects(response=responses.listed(call.context, rows[page_of(call)]))


@function
def add_customer_attribute(call: Call) -> Effects:
    """Begin to make an attribute; the callback tells the end."""
    wanted = attribute_updates.NewAttribute(
        name=call.body["Name"],
        type=call.body["Type"],
        default=attribute_updates.as_text(call.body.get("DefaultValue")),
        callback=attribute_updates.checked_url(call.context, call.body["CallbackURL"], "CallbackURL"),
    )
    timer = attribute_updates.begin_attribute(call.state, wanted, call.now)
    return Effects(response=responses.done(call.context), timers=(timer,))


@function
def update_customer_attributes(call: Call) -> Effects:
    """Begin to give customers new values; the callback tells the end."""
    given, most = (
        call.body["CustomerNewAttributesValuesList"],
        int(call.context.dialects["attribute_update_limit"]),
    )
    if len(given) > most:
        raise bad_request(f"CustomerNewAttributesValuesList: expected at most {most} customers, got {len(given)}")
    changes = tuple(change for one in given for change in _changes(one["CustomerID"], one["Attributes"]))
    callback = call.body.get("CallbackURL")
    if callback is not None:
        callback = attribute_updates.checked_url(call.context, callback, "CallbackURL")
    update = attribute_updates.begin_update(call.context, call.state, changes, key_of(call), callback)
    timer = attribute_updates.timer_of(update, call.now)
    return Effects(response=_accepted(call, update.request), timers=(timer,))


@function
def upsert_customer(call: Call) -> Effects:
    """Make a customer, or give one new values, at once."""
    callback = call.body.get("CallbackUrl")
    if callback is not None:
        callback = attribute_updates.checked_url(call.context, callback, "CallbackUrl")
    changes = tuple(_changes(call.body["CustomerId"], call.body["Attributes"]))
    update = attribute_updates.begin_update(
        call.context, call.state, changes, key_of(call), callback, makes_customers=True
    )
    done = attribute_updates.finish_update(call.context, call.state, update, call.now)
    response = responses.details(call.context, {"errors": done.errors})
    return Effects(response=response, entries=done.entries, webhooks=done.webhooks)


def _changes(customer: str, values: list[dict[str, object]]) -> list[Change]:
    return [Change(customer, str(one["RealFieldName"]), attribute_updates.as_text(one["Value"])) for one in values]


def _accepted(call: Call, request: str) -> Response:
    """The answer to an update that is under way: status and body are open questions."""
    status = int(call.context.dialects["attribute_update_status"])
    if call.context.dialects["attribute_update_body"] == "empty":
        return replace(responses.done(call.context), status=status)
    return responses.details(call.context, {"requestId": request}, status)


def _visible(call: Call) -> list[Attribute]:
    key = key_of(call)
    return [one for one in call.state.records.attributes if key is None or key.sees(one.name)]


def _alias(name: str) -> str:
    return name.replace("_", " ").capitalize()
