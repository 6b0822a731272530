"""Adding attributes and changing values: started by a call, finished about half a minute later by a callback.

documented: https://developer.optimove.com/reference/post_customers-addcustomerattribute and
https://developer.optimove.com/reference/post_customers-updatecustomerattributes (names of errors, forms of callbacks,
"within about a minute"). Assumed: if any part of a call is wrong, none of it is applied.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from sendproof_simulators.core.audience.attribute_types import fits, normalize_type
from sendproof_simulators.core.audience.records import Attribute, CustomerRecords
from sendproof_simulators.core.clock.wall_clock import SECOND, Instant
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.optimove.auth import ApiKey
from sendproof_simulators.services.optimove.dialects.options import OptimoveOptions
from sendproof_simulators.services.optimove.errors import invalid_url
from sendproof_simulators.services.optimove.state import State

# documented: https://developer.optimove.com/reference/post_customers-addcustomerattribute
ATTRIBUTE_ADDED, ATTRIBUTES_UPDATED = "attribute_added", "attributes_updated"
CALLBACK_AFTER_MS = 30 * SECOND

_encode = msgspec.json.Encoder().encode
_ATTRIBUTE_ERRORS: Mapping[str, str] = {
    "1": "no more attributes can be added",
    "2": "an attribute of this name exists",
    "3": "the type is not DECIMAL(19,4), INT, BIGINT, DATE, VARCHAR(X) or NVARCHAR(X)",
    "4": "the default value does not fit the type",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttribute:
    """A requested attribute. `callback` is the URL that receives the result."""

    name: str
    type: str
    default: str | None
    callback: str


class Change(NamedTuple):
    """One new value of one attribute of one customer."""

    customer: str
    field: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A requested change of values. `unready` are attributes that were still being added at the time of the call."""

    request: str
    changes: tuple[Change, ...]
    unready: frozenset[str]
    key: ApiKey | None
    callback: str | None
    creates_customers: bool = False


class UpdateResult(NamedTuple):
    """The result of an update: its errors, or a journal entry."""

    errors: list[dict[str, object]]
    entries: tuple[JournalEntry, ...] = ()
    webhooks: tuple[Webhook, ...] = ()


def check_callback_url(context: SandboxContext, url: str, member: str) -> str:
    """Return a callback URL in decoded form; raise `ApiError` if the sandbox does not allow it."""
    try:
        return check_webhook_url(url, context.allow_remote_webhooks)
    except ValueError as error:
        raise invalid_url(member, error) from error


def attribute_text(value: object) -> str | None:
    """Return a value as stored text. JSON's true becomes 1, as in the attribute for consent (assumed)."""
    if value is None or isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, bool) else str(value)


# -- attributes --------------------------------------------------------------------------------------


def start_attribute(state: State, requested: NewAttribute, now: Instant) -> Timer:
    """Mark an attribute as being added, and return the timer of its end."""
    state.pending_attributes.add(requested.name.lower())
    return Timer(at=now + CALLBACK_AFTER_MS, name=ATTRIBUTE_ADDED, payload=requested)


def finish_attribute(context: SandboxContext, state: State, requested: NewAttribute, now: Instant) -> Effects:
    """Add an attribute if possible, and send the result to the callback."""
    del context
    state.pending_attributes.discard(requested.name.lower())
    type_ = normalize_type(requested.type, state.limits.text_type_length)
    error = _attribute_error(state, requested, type_)
    entries: tuple[JournalEntry, ...] = ()
    if error is None and type_ is not None:
        state.records.add_attribute(Attribute(requested.name, type_, requested.default, now, registered=False))
        fields = {"name": requested.name, "type": type_, "default": requested.default}
        entries = (JournalEntry(kind="attribute", fields=fields),)
    result: dict[str, object] = {"attributeName": requested.name, "isSuccess": error is None}
    if error is not None:
        result |= {"errorId": error, "errorMsg": _ATTRIBUTE_ERRORS[error]}
    key = f"attribute:{requested.name}:{now}"
    return Effects(
        entries=entries, webhooks=(_callback_webhook(state.options, requested.callback, ATTRIBUTE_ADDED, key, result),)
    )


def _attribute_error(state: State, requested: NewAttribute, type_: str | None) -> str | None:
    """Return the errorId of the reason why the attribute cannot be added, or None. `type_` is None without a type."""
    records = state.records
    if records.find_attribute(requested.name) is not None:
        return "2"
    if records.added_count >= state.limits.added_attributes:
        return "1"
    if type_ is None:
        return "3"
    return None if fits(type_, requested.default) else "4"


# -- values ------------------------------------------------------------------------------------------


def new_update(
    context: SandboxContext,
    state: State,
    changes: tuple[Change, ...],
    key: ApiKey | None,
    callback: str | None,
    *,
    creates_customers: bool = False,
) -> Update:
    """Return an update with a new request id."""
    state.update_count += 1
    token = context.random.token(32, "optimove", "request", state.update_count)
    return Update(
        request=f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:]}",
        changes=changes,
        unready=frozenset(state.pending_attributes),
        key=key,
        callback=callback,
        creates_customers=creates_customers,
    )


def update_timer(update: Update, now: Instant) -> Timer:
    """Return the timer of the end of an update."""
    return Timer(at=now + CALLBACK_AFTER_MS, name=ATTRIBUTES_UPDATED, payload=update)


def finish_update(context: SandboxContext, state: State, update: Update, now: Instant) -> Effects:
    """Apply an update at the instant of its timer."""
    del context
    result = apply_update(state, update, now)
    return Effects(entries=result.entries, webhooks=result.webhooks)


def apply_update(state: State, update: Update, now: Instant) -> UpdateResult:
    """Apply all changes of an update, or none, and send the result to the callback."""
    errors = list(_update_errors(state.records, update))
    entries = () if errors else (apply_changes(state.records, update.changes, "api", now, update.request),)
    if update.callback is None:
        return UpdateResult(errors, entries)
    result: dict[str, object] = {"isSuccess": not errors, "requestId": update.request}
    if errors:
        result["errors"] = errors
    key = f"update:{update.request}"
    webhook = _callback_webhook(state.options, update.callback, ATTRIBUTES_UPDATED, key, result)
    return UpdateResult(errors, entries, (webhook,))


def apply_changes(
    records: CustomerRecords, changes: tuple[Change, ...], source: str, now: Instant, request: str | None = None
) -> JournalEntry:
    """Set the values, and return the journal entry. All values must fit. `source`: api or batch_file."""
    applied = []
    for change in changes:
        attribute = records.find_attribute(change.field)
        name = change.field if attribute is None else attribute.name
        records.set_value(records.index_or_create(change.customer), name, change.value, now)
        applied.append({"customer": change.customer, "field": name, "value": change.value})
    return JournalEntry(kind="attributes", fields={"source": source, "request": request, "changes": applied})


def _update_errors(records: CustomerRecords, update: Update) -> Iterator[dict[str, object]]:
    for change in update.changes:
        error = _change_error(records, update, change)
        if error is not None:
            yield {"error": error, "customerId": change.customer, "realFieldName": change.field}


def _change_error(records: CustomerRecords, update: Update, change: Change) -> str | None:
    """Return Optimove's name of the reason why the change is not possible, or None."""
    if change.field.lower() in update.unready:
        return "UPDATE_FIELD_TEMPORARY_UNAVAILABLE"
    attribute = records.find_attribute(change.field)
    if attribute is None or not (update.key is None or update.key.may_see(attribute.name)):
        return "INVALID_FIELD"
    if records.index_of(change.customer) is None and not update.creates_customers:
        return "INVALID_CUSTOMER"
    return None if fits(attribute.type, change.value) else "INVALID_VALUE"


def _callback_webhook(
    options: OptimoveOptions, url: str, event: str, key: str, result: Mapping[str, object]
) -> Webhook:
    return Webhook(url=url, key=key, event=event, body=_encode(result), about=dict(result), retry=options.retry_policy)
