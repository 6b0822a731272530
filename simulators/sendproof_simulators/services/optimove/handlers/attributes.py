"""Functions about attributes: their list, one customer's values, changed customers, and changes."""

import re
from dataclasses import dataclass, replace

from sendproof_simulators.core.clock.wall_clock import DAY, YEARS, Instant, parse_iso
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Response
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.customers import attribute_updates
from sendproof_simulators.services.optimove.customers.attribute_updates import Change
from sendproof_simulators.services.optimove.errors import bad_request, not_found
from sendproof_simulators.services.optimove.handlers.paging import (
    attribute_delimiter,
    hidden_from_key,
    is_visible,
    requested_attributes,
    requested_page,
    visible_attributes,
)
from sendproof_simulators.services.optimove.permissions import authorized

# observed: PyPI optimove 2.0.0, in which the value of a new customer is the text NULL
_NULL_TEXT = "NULL"
_FIRST_DAY, _LAST_DAY = f"{YEARS.start}-01-01", f"{YEARS.stop - 1}-12-31"


@authorized
def get_customer_attribute_list(call: Call) -> Effects:
    """Return the attributes in the scope of the key."""
    rows = [
        {"RealFieldName": attribute.name, "Description": attribute.display_name}
        for attribute in visible_attributes(call)
    ]
    return Effects(response=responses.list_response(call.state.options, rows))


@authorized
def get_customer_attributes(call: Call) -> Effects:
    """Return the attributes of one customer."""
    index = call.state.records.index_of(call.params["CustomerID"])
    if index is None:
        hint = "; escape an id once, as a part of the path, and keep its case" if call.context.audience.own_ids else ""
        raise not_found(f"CustomerID {call.params['CustomerID']} is not known{hint}")
    rows = [
        {
            "RealFieldName": attribute.name,
            "Alias": attribute.display_name,
            "FieldType": re.split(r"\(", attribute.type)[0].capitalize(),
            "Value": call.state.records.value(index, attribute.name, call.now),
        }
        for attribute in visible_attributes(call)
    ]
    hidden = [attribute.name for attribute in call.state.records.attributes if not is_visible(call, attribute)]
    summary = {"customer": call.params["CustomerID"]} | ({"outside_scope": hidden} if hidden else {})
    return Effects(response=responses.object_response(call.state.options, rows), summary=summary)


@authorized
def get_customer_attribute_changers(call: Call) -> Effects:
    """Return the customers with a changed attribute: since a day ago or, in the older form, within some days."""
    records, form = call.state.records, _changers_form(call)
    name = _visible_name(call, "ChangedCustomerAttribute")
    names, rows = requested_attributes(call), []
    for index in sorted(records.changes_of(name)):
        before, after = (records.value(index, name, at) for at in (form.since, form.until))
        if before != after:
            values = [records.value(index, name, call.now) for name in names]
            row = {"CustomerID": records.id_of(index)} | form.members(before, after)
            rows.append(row | responses.attribute_member(call.state.options, values, attribute_delimiter(call)))
    return Effects(response=responses.list_response(call.state.options, rows[requested_page(call).slice()]))


@dataclass(frozen=True, slots=True)
class _ChangersForm:
    """One form of GetCustomerAttributeChangers, and the instants it compares."""

    is_older: bool
    since: Instant
    until: Instant

    def members(self, before: str | None, after: str | None) -> dict[str, object]:
        """Return the members of a row with the two values."""
        if not self.is_older:
            return {"InitialCustomerAttribute": before, "FinalCustomerAttribute": after}
        older = (_NULL_TEXT if value is None else value for value in (before, after))
        return dict(zip(("InitialCustomerAttributes", "FinalCustomerAttributes"), older, strict=True))


def _changers_form(call: Call) -> _ChangersForm:
    """Return the form of a request: the older one if it names a day."""
    first, last = (call.params.get(name) for name in ("StartDate", "EndDate"))
    if first is None and last is None:
        return _ChangersForm(is_older=False, since=call.now - call.state.limits.change_age_ms, until=call.now)
    since = 0 if first is None else _start_of(first) - 1
    return _ChangersForm(
        is_older=True, since=since, until=call.now if last is None else min(call.now, _start_of(last) + DAY - 1)
    )


def _start_of(day: str) -> Instant:
    """Return the first instant of a day, or of the nearest one that a clock can show."""
    return parse_iso(f"{min(max(day, _FIRST_DAY), _LAST_DAY)}T00:00:00Z")


def _visible_name(call: Call, parameter: str) -> str:
    """Return the name of the attribute in a parameter, as it is spelled in the records."""
    name = call.params[parameter]
    found = next((known.name for known in visible_attributes(call) if known.name.lower() == name.lower()), None)
    if found is None:
        raise not_found(f"{parameter}: {name} is not known", hidden_from_key(call, [name]))
    return found


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
