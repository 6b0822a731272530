"""Making attributes and giving customers new values: begun by a call, ended about half a minute later by a callback.

documented: https://developer.optimove.com/reference/post_customers-addcustomerattribute and
https://developer.optimove.com/reference/post_customers-updatecustomerattributes (names of errors, forms of callbacks,
"within about a minute"). Assumed: when anything of a call is wrong, nothing of it is taken in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sendproof_simulators.core.clock.wall_clock import SECOND, Instant
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.optimove.auth import ApiKey
from sendproof_simulators.services.optimove.customers.records import (
    MAX_ADDED,
    Attribute,
    Change,
    Records,
    fits,
    type_of,
)
from sendproof_simulators.services.optimove.dialects.events import retries
from sendproof_simulators.services.optimove.errors import bad_request

if TYPE_CHECKING:
    from sendproof_simulators.services.optimove.state import State

ATTRIBUTE_ADDED, ATTRIBUTES_UPDATED = "attribute_added", "attributes_updated"
CALLBACK_AFTER_MS = 30 * SECOND

_encode = msgspec.json.Encoder().encode
_ERRORS: Mapping[str, str] = {
    "1": f"no more than {MAX_ADDED} attributes can be added",
    "2": "an attribute of this name exists",
    "3": "the type is none of DECIMAL(19,4), INT, BIGINT, DATE, VARCHAR(X), NVARCHAR(X)",
    "4": "the default value does not fit the type",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttribute:
    """An attribute that is being made."""

    name: str
    type: str
    default: str | None
    callback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """New values that are on their way. `unready` are attributes that were still being made when they came."""

    request: str
    changes: tuple[Change, ...]
    unready: frozenset[str]
    key: ApiKey | None
    callback: str | None
    source: str = "api"
    makes_customers: bool = False


class Done(NamedTuple):
    """How an update ended."""

    errors: list[dict[str, object]]
    entries: tuple[JournalEntry, ...] = ()
    webhooks: tuple[Webhook, ...] = ()


def checked_url(context: SandboxContext, text: str, member: str) -> str:
    """An address that may be called back."""
    try:
        return check_webhook_url(text, context.allow_remote_webhooks)
    except ValueError as problem:
        raise bad_request(f"{member}: {problem}") from problem


def as_text(value: object) -> str | None:
    """A value as it is kept: JSON's true is 1, as the consent of a customer is written (assumed)."""
    if value is None or isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, bool) else str(value)


# -- attributes --------------------------------------------------------------------------------------


def begin_attribute(state: "State", wanted: NewAttribute, now: Instant) -> Timer:
    """Note that an attribute is being made."""
    state.pending_attributes.add(wanted.name.lower())
    return Timer(at=now + CALLBACK_AFTER_MS, name=ATTRIBUTE_ADDED, payload=wanted)


def finish_attribute(context: SandboxContext, state: "State", wanted: NewAttribute, now: Instant) -> Effects:
    """Make it, and tell whether that was possible."""
    state.pending_attributes.discard(wanted.name.lower())
    error, type_ = _wrong_with(state.records, wanted), type_of(wanted.type)
    entries: tuple[JournalEntry, ...] = ()
    if error is None and type_ is not None:
        state.records.add(Attribute(wanted.name, type_, wanted.default, now))
        entries = (
            JournalEntry(kind="attribute", fields={"name": wanted.name, "type": type_, "default": wanted.default}),
        )
    said = {"attributeName": wanted.name, "isSuccess": error is None}
    told = said if error is None else {**said, "errorId": error, "errorMsg": _ERRORS[error]}
    webhook = _callback(context, wanted.callback, ATTRIBUTE_ADDED, f"attribute:{wanted.name}:{now}", told)
    return Effects(entries=entries, webhooks=(webhook,))


def _wrong_with(records: Records, wanted: NewAttribute) -> str | None:
    type_ = type_of(wanted.type)
    if records.attribute(wanted.name) is not None:
        return "2"
    if records.added >= MAX_ADDED:
        return "1"
    if type_ is None:
        return "3"
    return None if fits(type_, wanted.default) else "4"


# -- values ------------------------------------------------------------------------------------------


def begin_update(
    context: SandboxContext,
    state: "State",
    changes: tuple[Change, ...],
    key: ApiKey | None,
    callback: str | None,
    *,
    makes_customers: bool = False,
) -> Update:
    """Note what is to change, and give it a number."""
    state.requests += 1
    drawn = context.random.token(32, "optimove", "request", state.requests)
    return Update(
        request=f"{drawn[:8]}-{drawn[8:12]}-{drawn[12:16]}-{drawn[16:20]}-{drawn[20:]}",
        changes=changes,
        unready=frozenset(state.pending_attributes),
        key=key,
        callback=callback,
        makes_customers=makes_customers,
    )


def timer_of(update: Update, now: Instant) -> Timer:
    """When the update ends."""
    return Timer(at=now + CALLBACK_AFTER_MS, name=ATTRIBUTES_UPDATED, payload=update)


def end_update(context: SandboxContext, state: "State", update: Update, now: Instant) -> Effects:
    """The instant has come."""
    done = finish_update(context, state, update, now)
    return Effects(entries=done.entries, webhooks=done.webhooks)


def finish_update(context: SandboxContext, state: "State", update: Update, now: Instant) -> Done:
    """Take all of it in, or nothing, and tell which."""
    errors = list(_errors(state.records, update))
    entries = () if errors else (take_in(state.records, update.changes, update.source, now, update.request),)
    if update.callback is None:
        return Done(errors, entries)
    told: dict[str, object] = {"isSuccess": not errors, "requestId": update.request}
    if errors:
        told["errors"] = errors
    key = f"update:{update.request}"
    return Done(errors, entries, (_callback(context, update.callback, ATTRIBUTES_UPDATED, key, told),))


def take_in(
    records: Records, changes: tuple[Change, ...], source: str, now: Instant, request: str | None = None
) -> JournalEntry:
    """Give customers the values; all of them must fit."""
    taken = []
    for change in changes:
        attribute = records.attribute(change.field)
        name = change.field if attribute is None else attribute.name
        records.set(records.find_or_make(change.customer), name, change.value, now)
        taken.append({"customer": change.customer, "field": name, "value": change.value})
    return JournalEntry(kind="attributes", fields={"source": source, "request": request, "changes": taken})


def _errors(records: Records, update: Update) -> Iterator[dict[str, object]]:
    for change in update.changes:
        error = _wrong(records, update, change)
        if error is not None:
            yield {"error": error, "customerId": change.customer, "realFieldName": change.field}


def _wrong(records: Records, update: Update, change: Change) -> str | None:
    if change.field.lower() in update.unready:
        return "UPDATE_FIELD_TEMPORARY_UNAVAILABLE"
    attribute = records.attribute(change.field)
    if attribute is None or not (update.key is None or update.key.sees(attribute.name)):
        return "INVALID_FIELD"
    if records.find(change.customer) is None and not update.makes_customers:
        return "INVALID_CUSTOMER"
    return None if fits(attribute.type, change.value) else "INVALID_VALUE"


def _callback(context: SandboxContext, url: str, event: str, key: str, told: Mapping[str, object]) -> Webhook:
    return Webhook(url=url, key=key, event=event, body=_encode(told), about=dict(told), retry=retries(context))
