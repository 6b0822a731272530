"""Checks of Optimove: the functions of the key, the channels, the attributes and the phone numbers.

assumed: Optimove describes a key as in openapi/optimove.yaml, ApiKeyInfo. Otherwise the checks try harmless functions.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import product
from urllib.parse import quote

from sendproof_harness.handover.format import ADMIN_KEY, Channel
from sendproof_harness.preflight.context import (
    BAD_REQUEST,
    FORBIDDEN,
    NO_CONTENT,
    NOT_FOUND,
    OK,
    PreflightContext,
    list_rows,
)
from sendproof_harness.preflight.http import HttpResponse
from sendproof_harness.preflight.results import PreflightResult, ok, unknown, wrong

# Every bridge needs these. documented: "Supported functions" for third parties, sandbox guide of
# https://github.com/optimove-tech/Optimove-APIs
_ALWAYS = ("RegisterEventListener", "AddChannelTemplates")
_SCHEDULED = ("GetCustomerSendDetailsByChannel",)
_METRICS = "UpdateCampaignMetrics"
# With this service, reports need no function of the key. documented:
# https://developer.optimove.com/docs/external-vendors-campaign-engagement-metrics
_METRICS_SERVICE = "optimove-metrics"
_SAMPLE_SIZE, _DAYS_BACK, _MAX_NAMES = 100, 7, 20
_CHECK_KEY = "check the key where it was created"
ADMIN, INTEGRATIONS = "Admin", "Integrations"
# What is wrong with an access type, if the bridge needs another one.
_ACCESS_REASONS = {
    "admin": "this one may read and change everything at the client",
    "integrations": "this one may not call the functions that the client's wishes need",
    "transactional": "all functions that a bridge needs refuse this one",
}


# -- functions ---------------------------------------------------------------------------------------


def check_functions(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that the functions that the bridge needs are in the scope of the key."""
    functions = _key_info_set(context, "functions")
    for function in _required_functions(context):
        subject, expected = f"scope of the key: {function}", f"{function} in the scope of the key"
        if functions is None:
            yield unknown(subject, expected, "Optimove does not list the functions of the key", _CHECK_KEY)
        elif function.lower() in functions:
            yield ok(subject, expected, "in the scope")
        else:
            action = "have it added to the key, or use another key"
            yield wrong(subject, expected, f"{len(functions)} other functions", action)


def _required_functions(context: PreflightContext) -> tuple[str, ...]:
    handover = context.handover
    scheduled = _SCHEDULED if any(channel.kind == "scheduled" for channel in handover.channels) else ()
    return *_ALWAYS, *scheduled, *(() if _METRICS_SERVICE in handover.services else (_METRICS,))


def check_access_type(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that the key has the access type that the bridge needs, and no more rights.

    documented: https://docs.delivyr.net/docs/optimove ("Do NOT use Admin or Transaction Access Types"), and for bridges
    that change attributes https://developer.optimove.com/docs/integrate-your-service-with-optimove.
    """
    wanted = ADMIN if context.handover.key == ADMIN_KEY else INTEGRATIONS
    subject, expected = "access type of the key", f"a key of type {wanted}"
    found = (context.key_info or {}).get("accesstype")
    if not isinstance(found, str):
        yield unknown(subject, expected, "Optimove does not name the access type of the key", _CHECK_KEY)
    elif found.lower() == wanted.lower():
        yield ok(subject, expected, found)
    elif found.lower() in _ACCESS_REASONS:
        reason = _ACCESS_REASONS[found.lower()]
        yield wrong(subject, expected, found, f"have a key of type {wanted} created: {reason}")
    else:
        yield unknown(subject, expected, found, _CHECK_KEY)


# -- channels ----------------------------------------------------------------------------------------


def check_channels(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that each channel exists in Optimove, and that it is in the scope of the key."""
    for channel in context.handover.channels:
        yield _channel_exists(context, channel)
        yield _channel_in_scope(context, channel)


def _channel_exists(context: PreflightContext, channel: Channel) -> PreflightResult:
    """Use the list of all channels, which few keys may read; otherwise the scope of the key, or its templates."""
    subject, expected = f"channel {channel.id}", f"a channel {channel.id} in Optimove"
    action = "correct the id, or have the channel created"
    rows = list_rows(context.optimove("actions/GetExecutionChannels"))
    if rows is not None:
        # observed: ChannelID in PyPI optimove, ChannelId in a PHP client.
        known = {str(row.get("channelid")) for row in rows}
        if str(channel.id) in known:
            return ok(subject, expected, "exists")
        return wrong(subject, expected, _names_text(known), action)
    response = _channel_templates(context, channel)
    if str(channel.id) in (_key_info_set(context, "channels") or ()) or response.status in {OK, NO_CONTENT}:
        return ok(subject, expected, "the key can use it")
    got = f"GetChannelTemplates: {response.summary}"
    if response.status in {BAD_REQUEST, NOT_FOUND}:
        return wrong(subject, expected, got, action)
    return unknown(subject, expected, got, "ask Optimove's support for the channel's id")


def _channel_in_scope(context: PreflightContext, channel: Channel) -> PreflightResult:
    subject, expected = f"scope of the key: channel {channel.id}", "a channel in the scope of the key"
    action = f"have channel {channel.id} added to the key, or use another key"
    channels = _key_info_set(context, "channels")
    if channels is not None:
        if str(channel.id) in channels:
            return ok(subject, expected, "in the scope")
        return wrong(subject, expected, _names_text(channels), action)
    response = _channel_templates(context, channel)
    got = f"GetChannelTemplates: {response.summary}"
    if response.status in {OK, NO_CONTENT}:
        return ok(subject, expected, "the key can list its templates")
    if response.status == FORBIDDEN:
        return wrong(subject, expected, got, action)
    return unknown(subject, expected, got, _CHECK_KEY)


def _channel_templates(context: PreflightContext, channel: Channel) -> HttpResponse:
    return context.optimove("integrations/GetChannelTemplates", ChannelID=str(channel.id))


def _names_text(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:_MAX_NAMES]) or "none"


# -- attributes --------------------------------------------------------------------------------------


def check_attributes(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that the attributes for phone number and consent exist, and that the key can read them."""
    readable = _readable_attributes(context)
    for setting, name in (("phone", context.handover.phone), ("consent", context.handover.consent)):
        if name is None:
            continue
        subject, expected = f"attribute {name}", f"{name} among the attributes that the key can read"
        if readable is None:
            got, action = "the key cannot list attributes", "check the key's attributes where it was created"
            yield unknown(subject, expected, got, action)
        elif name.lower() in {attribute.lower() for attribute in readable}:
            yield ok(subject, expected, "the key can read it")
        else:
            action = f"correct attributes.{setting}, or have {name} added to the key"
            yield wrong(subject, expected, _names_text(readable), action)


def _readable_attributes(context: PreflightContext) -> Iterable[str] | None:
    """Return the attributes that the key can read, or None if they are unknown.

    observed: the form of GetCustomerAttributeList, in PyPI optimove.
    """
    rows = list_rows(context.optimove("model/GetCustomerAttributeList"))
    if rows is not None:
        return [str(row.get("realfieldname")) for row in rows]
    attributes = (context.key_info or {}).get("customerattributes")
    return [str(name) for name in attributes] if isinstance(attributes, list) else None


def _key_info_set(context: PreflightContext, member: str) -> set[str] | None:
    """Return a list of Optimove's key information as a lowercase set, or None if there is no such list."""
    names = (context.key_info or {}).get(member)
    return {str(name).lower() for name in names} if isinstance(names, list) else None


# -- numbers -----------------------------------------------------------------------------------------


def check_numbers(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that the phone attribute contains usable numbers, for the named customers or for a campaign."""
    phone, country = context.handover.phone, context.handover.country
    subject = f"numbers in {phone}"
    expected = f"phone numbers, in {country} if they have no country code"
    named = {customer: _numbers_of_customer(context, customer) for customer in context.customers}
    for customer, numbers in named.items():
        if not numbers:
            action = "check the id of the customer, and the scope of the key"
            yield unknown(f"customer {customer}", f"a customer with {phone}", f"no readable {phone}", action)
    values = [number for numbers in named.values() for number in numbers] or _numbers_of_campaign(context)
    if not values:
        action = "name a customer in the scope of the key with --customer, or check again after a campaign"
        yield unknown(subject, expected, "no customer with a readable number", action)
        return
    usable = sum(_is_usable(value, country) for value in values)
    got = f"{usable} of {len(values)} are usable"
    if usable:
        yield ok(subject, expected, got)
    else:
        action = "correct attributes.phone and country"
        # Personal data: the value itself must not be shown.
        yield wrong(subject, expected, f"{got}; the first has {_form(values[0])}", action)


def _numbers_of_customer(context: PreflightContext, customer: str) -> list[str]:
    """Return the phone number of a named customer, or no number if it cannot be read.

    documented: https://developer.optimove.com/docs/sending-real-time-event-triggered-campaigns
    """
    phone = context.handover.phone.lower()
    rows = list_rows(context.optimove(f"customers/{quote(customer, safe='')}/Attributes")) or []
    return [str(row.get("value") or "") for row in rows if str(row.get("realfieldname")).lower() == phone]


def _numbers_of_campaign(context: PreflightContext) -> list[str]:
    """Return phone numbers of the newest campaign of this week on one of the channels."""
    today = _today(context)
    days = [] if today is None else [today - timedelta(days=back) for back in range(_DAYS_BACK)]
    for day, channel in product(days, context.handover.channels):
        campaign = _newest_campaign(context, channel.id, day)
        if campaign is not None:
            return _sample_numbers(context, channel.id, campaign)
    return []


def _today(context: PreflightContext) -> date | None:
    """Return the date of the sandbox's clock, or without one, of Optimove; None if it is unknown."""
    try:
        if context.handover.clock_url is not None:
            return datetime.fromisoformat(context.clock.json["now"]).date()
        return parsedate_to_datetime(context.optimove("apikey/ApiKeyInfo").date).date()
    except (TypeError, KeyError, ValueError):
        return None


def _newest_campaign(context: PreflightContext, channel: int, day: date) -> str | None:
    query = {"ChannelID": str(channel), "Date": day.isoformat()}
    rows = list_rows(context.optimove("actions/GetExecutedCampaignsByChannel", **query), empty_is_404=True)
    return str(rows[-1].get("campaignid")) if rows else None


def _sample_numbers(context: PreflightContext, channel: int, campaign: str) -> list[str]:
    response = context.optimove(
        "customers/GetCustomerSendDetailsByChannel",
        **{
            "ChannelID": str(channel),
            "CampaignID": campaign,
            "CustomerAttributes": context.handover.phone,
            "$top": str(_SAMPLE_SIZE),
            "$skip": "0",
        },
    )
    rows = list_rows(response) or []
    return [_first_value(row.get("customerattributes", row.get("customerattribute"))) for row in rows]


def _first_value(values: object) -> str:
    """Return the first attribute of a row. observed: a list, or one joined text (github larvit/optimove_mocker)."""
    first = values[0] if isinstance(values, list) and values else values
    return first if isinstance(first, str) else ""


def _is_usable(value: str, country: str) -> bool:
    import phonenumbers  # noqa: PLC0415 - a run, which only checks the handover, starts faster without it

    international = f"+{value[2:]}" if value.startswith("00") else value
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(international, country))
    except phonenumbers.NumberParseException:
        return False


def _form(value: str) -> str:
    return f"{len(value)} characters, {sum(map(str.isdigit, value))} of them digits"
