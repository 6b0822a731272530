"""Functions about attributes: their list, one customer's values, changed customers, and changes."""

import re
from dataclasses import replace

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Response
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.customers import attribute_updates
from sendproof_simulators.services.optimove.customers.attribute_updates import Change
from sendproof_simulators.services.optimove.errors import bad_request, not_found
from sendproof_simulators.services.optimove.handlers.paging import (
    attribute_delimiter,
    requested_attributes,
    requested_page,
    visible_attributes,
)
from sendproof_simulators.services.optimove.permissions import authorized


@authorized
def get_customer_attribute_list(call: Call) -> Effects:
    """Return the attributes in the scope of the key."""
    names = [attribute.name for attribute in visible_attributes(call)]
    rows = [{"RealFieldName": name, "Description": _display_name(name)} for name in names]
    return Effects(response=responses.list_response(call.state.options, rows))


@authorized
def get_customer_attributes(call: Call) -> Effects:
    """Return the attributes of one customer."""
    index = call.state.records.index_of(call.params["CustomerID"])
    if index is None:
        raise not_found(f"CustomerID {call.params['CustomerID']} is not known")
    rows = [
        {
            "RealFieldName": attribute.name,
            "Alias": _display_name(attribute.name),
            "FieldType": re.split(r"\(", attribute.type)[0].capitalize(),
            "Value": call.state.records.value(index, attribute.name, call.now),
        }
        for attribute in visible_attributes(call)
    ]
    return Effects(
        response=responses.object_response(call.state.options, rows), summary={"customer": call.params["CustomerID"]}
    )


@authorized
def get_customer_attribute_changers(call: Call) -> Effects:
    """Return the customers with another value of an attribute than a day ago."""
    records, name = call.state.records, call.params["ChangedCustomerAttribute"]
    attribute = next((known for known in visible_attributes(call) if known.name.lower() == name.lower()), None)
    if attribute is None:
        raise bad_request(f"ChangedCustomerAttribute: {name} is not known")
    names, rows = requested_attributes(call), []
    for index in sorted(records.changes_of(attribute.name)):
        since = call.now - call.state.limits.change_age_ms
        before, after = (records.value(index, attribute.name, at) for at in (since, call.now))
        if before != after:
            values = [records.value(index, name, call.now) for name in names]
            row = {
                "CustomerID": records.id_of(index),
                "InitialCustomerAttribute": before,
                "FinalCustomerAttribute": after,
            }
            rows.append(row | responses.attribute_member(call.state.options, values, attribute_delimiter(call)))
    return Effects(response=responses.list_response(call.state.options, rows[requested_page(call).slice()]))


@authorized
def add_customer_attribute(call: Call) -> Effects:
    """Start to add an attribute. The callback receives the result."""
    requested = attribute_updates.NewAttribute(
        name=call.body["Name"],
        type=call.body["Type"],
        default=attribute_updates.attribute_text(call.body.get("DefaultValue")),
        callback=attribute_updates.check_callback_url(call.context, call.body["CallbackURL"], "CallbackURL"),
    )
    timer = attribute_updates.start_attribute(call.state, requested, call.now)
    return Effects(response=responses.success_response(call.state.options), timers=(timer,))


@authorized
def update_customer_attributes(call: Call) -> Effects:
    """Start to change values of customers. The callback receives the result."""
    items, limit = call.body["CustomerNewAttributesValuesList"], call.state.limits.customers_per_update
    if len(items) > limit:
        raise bad_request(f"CustomerNewAttributesValuesList: expected at most {limit} customers, got {len(items)}")
    changes = tuple(change for item in items for change in _changes(item["CustomerID"], item["Attributes"]))
    callback = _optional_callback(call, "CallbackURL")
    update = attribute_updates.new_update(call.context, call.state, changes, call.key, callback)
    timer = attribute_updates.update_timer(update, call.now)
    return Effects(response=_accepted_response(call, update.request), timers=(timer,))


@authorized
def upsert_customer(call: Call) -> Effects:
    """Create a customer, or change values of one, at once."""
    callback = _optional_callback(call, "CallbackUrl")
    changes = tuple(_changes(call.body["CustomerId"], call.body["Attributes"]))
    update = attribute_updates.new_update(call.context, call.state, changes, call.key, callback, creates_customers=True)
    result = attribute_updates.apply_update(call.state, update, call.now)
    response = responses.object_response(call.state.options, {"errors": result.errors})
    return Effects(response=response, entries=result.entries, webhooks=result.webhooks)


def _optional_callback(call: Call, member: str) -> str | None:
    """Return the callback URL in the body, or None."""
    url = call.body.get(member)
    return None if url is None else attribute_updates.check_callback_url(call.context, url, member)


def _changes(customer: str, items: list[dict[str, object]]) -> list[Change]:
    return [
        Change(customer, str(item["RealFieldName"]), attribute_updates.attribute_text(item["Value"])) for item in items
    ]


def _accepted_response(call: Call, request: str) -> Response:
    """Return the response to an accepted update. Status and body are open questions."""
    options = call.state.options
    if options.attribute_update_body_empty:
        return replace(responses.success_response(options), status=options.attribute_update_status)
    return responses.object_response(options, {"requestId": request}, options.attribute_update_status)


def _display_name(name: str) -> str:
    return name.replace("_", " ").capitalize()
