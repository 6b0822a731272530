"""Optimove: what the key may do, which channels there are, which attributes it sees, and the numbers in them.

assumed: that a key is told of as in openapi/optimove.yaml, ApiKeyInfo. Where it is not, a harmless function is tried.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import product
from urllib.parse import quote

import phonenumbers

from sendproof_harness.handover.format import Channel
from sendproof_harness.preflight.context import (
    BAD_REQUEST,
    FORBIDDEN,
    NO_CONTENT,
    NOT_FOUND,
    OK,
    PreflightContext,
    rows,
)
from sendproof_harness.preflight.http import HttpResponse
from sendproof_harness.preflight.results import PreflightResult, ok, unknown, wrong

# Without these no bridge can do its work. documented: "Supported functions" for third parties, sandbox guide of
# https://github.com/optimove-tech/Optimove-APIs
_ALWAYS = ("RegisterEventListener", "AddChannelTemplates")
_SCHEDULED = ("GetCustomerSendDetailsByChannel",)
_METRICS = "UpdateCampaignMetrics"
# Which then need no function: reports go there. documented:
# https://developer.optimove.com/docs/external-vendors-campaign-engagement-metrics
_METRICS_SERVICE = "optimove-metrics"
_SAMPLE, _DAYS_BACK, _SHOWN = 100, 7, 20
_NO_LIST = "Optimove does not say what the key may do"


def functions(patient: PreflightContext) -> Iterator[PreflightResult]:
    """The functions that a bridge needs are in the scope of the key."""
    listed = _texts(patient, "functions")
    wanted = _wanted(patient)
    for function in wanted:
        about, expected = f"scope of the key: {function}", f"{function} in the scope of the key"
        if listed is None:
            yield unknown(about, expected, _NO_LIST, "look at the key where it was made")
        elif function.lower() in listed:
            yield ok(about, expected, "the key has it")
        else:
            yield wrong(
                about, expected, f"{len(listed)} functions without it", "have it added to the key, or use another"
            )


def _wanted(patient: PreflightContext) -> tuple[str, ...]:
    handed = patient.handed
    scheduled = _SCHEDULED if any(channel.kind == "scheduled" for channel in handed.channels) else ()
    return *_ALWAYS, *scheduled, *(() if _METRICS_SERVICE in handed.services else (_METRICS,))


def channels(patient: PreflightContext) -> Iterator[PreflightResult]:
    """Each channel exists at Optimove, and the key may use it."""
    for channel in patient.handed.channels:
        yield _exists(patient, channel)
        yield _in_scope(patient, channel)


def _exists(patient: PreflightContext, channel: Channel) -> PreflightResult:
    """By the list of all, which few keys may ask for; else by that the key is for it, or that it has templates."""
    about, expected = f"channel {channel.id}", f"a channel {channel.id} at Optimove"
    todo = "correct the id, or have the channel made"
    listed = rows(patient.optimove("actions/GetExecutionChannels"))
    if listed is not None:
        # observed: ChannelID in PyPI optimove, ChannelId in a PHP client.
        known = {str(row.get("channelid")) for row in listed}
        there = str(channel.id) in known
        return ok(about, expected, "it is there") if there else wrong(about, expected, _listed(known), todo)
    answer = _templates(patient, channel)
    if str(channel.id) in (_texts(patient, "channels") or ()) or answer.status in {OK, NO_CONTENT}:
        return ok(about, expected, "the key can use it")
    if answer.status in {BAD_REQUEST, NOT_FOUND}:
        return wrong(about, expected, f"GetChannelTemplates answered {answer.said}", todo)
    return unknown(about, expected, f"GetChannelTemplates answered {answer.said}", "ask Optimove's support for its id")


def _in_scope(patient: PreflightContext, channel: Channel) -> PreflightResult:
    about, expected = f"scope of the key: channel {channel.id}", "a channel in the scope of the key"
    todo = f"have channel {channel.id} added to the key, or use another key"
    listed = _texts(patient, "channels")
    if listed is not None:
        there = str(channel.id) in listed
        return ok(about, expected, "the key is for it") if there else wrong(about, expected, _listed(listed), todo)
    answer = _templates(patient, channel)
    if answer.status in {OK, NO_CONTENT}:
        return ok(about, expected, "its templates can be listed")
    if answer.status == FORBIDDEN:
        return wrong(about, expected, f"GetChannelTemplates answered {answer.said}", todo)
    return unknown(about, expected, f"GetChannelTemplates answered {answer.said}", "look at the key where it was made")


def _templates(patient: PreflightContext, channel: Channel) -> HttpResponse:
    return patient.optimove("integrations/GetChannelTemplates", ChannelID=str(channel.id))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:_SHOWN]) or "none"


def attributes(patient: PreflightContext) -> Iterator[PreflightResult]:
    """The attributes that hold the phone number and the consent exist, and the key may see them."""
    seen = _attributes(patient)
    for key, name in (("phone", patient.handed.phone), ("consent", patient.handed.consent)):
        if name is None:
            continue
        about, expected = f"attribute {name}", f"{name} among the attributes that the key sees"
        if seen is None:
            yield unknown(about, expected, "no function that lists them can be called", "look at the key's attributes")
        elif name.lower() in {one.lower() for one in seen}:
            yield ok(about, expected, "the key sees it")
        else:
            todo = f"correct attributes.{key}, or have {name} added to the key"
            yield wrong(about, expected, _listed(seen), todo)


def _attributes(patient: PreflightContext) -> Iterable[str] | None:
    """observed: the form of GetCustomerAttributeList, in PyPI optimove. Else what is said of the key itself."""
    listed = rows(patient.optimove("model/GetCustomerAttributeList"))
    if listed is not None:
        return [str(row.get("realfieldname")) for row in listed]
    said = (patient.key or {}).get("customerattributes")
    return [str(one) for one in said] if isinstance(said, list) else None


def _texts(patient: PreflightContext, member: str) -> set[str] | None:
    """A list in what Optimove says of the key, in lower case; None when there is none."""
    said = (patient.key or {}).get(member)
    return {str(one).lower() for one in said} if isinstance(said, list) else None


# -- numbers -----------------------------------------------------------------------------------------


def numbers(patient: PreflightContext) -> Iterator[PreflightResult]:
    """The phone attribute holds numbers that can be sent to: of the customers that were named, or of a campaign."""
    phone, country = patient.handed.phone, patient.handed.country
    about, expected = f"numbers in {phone}", f"phone numbers, those without a country code of {country}"
    values = _of_named(patient) or _of_a_campaign(patient)
    if not values:
        todo = "name a customer whom the key sees with --customer, or look again when a campaign has run"
        yield unknown(about, expected, "no customer whose number can be looked at", todo)
        return
    usable = sum(_usable(value, country) for value in values)
    got = f"{usable} of {len(values)} are usable"
    if usable:
        yield ok(about, expected, got)
    else:
        todo = "correct attributes.phone and country"
        # No value is shown: it is a person's number.
        yield wrong(about, expected, f"{got}; the first has {_form(values[0])}", todo)


def _of_named(patient: PreflightContext) -> list[str]:
    """documented: https://developer.optimove.com/docs/sending-real-time-event-triggered-campaigns, for a customer."""
    values = []
    for customer in patient.customers:
        found = rows(patient.optimove(f"customers/{quote(customer, safe='')}/Attributes")) or []
        values += [str(row.get("value") or "") for row in found if _is(row.get("realfieldname"), patient.handed.phone)]
    return values


def _is(name: object, wanted: str) -> bool:
    return str(name).lower() == wanted.lower()


def _of_a_campaign(patient: PreflightContext) -> list[str]:
    """The numbers of the newest campaign of this week that went to a channel that we know."""
    today = _today(patient)
    days = [] if today is None else [today - timedelta(days=back) for back in range(_DAYS_BACK)]
    for day, channel in product(days, patient.handed.channels):
        campaign = _campaign(patient, channel.id, day)
        if campaign is not None:
            return _sample(patient, channel.id, campaign)
    return []


def _today(patient: PreflightContext) -> date | None:
    """Of the sandbox if there is a clock of one, else of Optimove."""
    try:
        if patient.handed.clock_url is not None:
            return datetime.fromisoformat(patient.clock.json["now"]).date()
        return parsedate_to_datetime(patient.optimove("apikey/ApiKeyInfo").date).date()
    except (TypeError, KeyError, ValueError):
        return None


def _campaign(patient: PreflightContext, channel: int, day: date) -> str | None:
    query = {"ChannelID": str(channel), "Date": day.isoformat()}
    found = rows(patient.optimove("actions/GetExecutedCampaignsByChannel", **query), none_is_404=True)
    return str(found[-1].get("campaignid")) if found else None


def _sample(patient: PreflightContext, channel: int, campaign: str) -> list[str]:
    answer = patient.optimove(
        "customers/GetCustomerSendDetailsByChannel",
        **{
            "ChannelID": str(channel),
            "CampaignID": campaign,
            "CustomerAttributes": patient.handed.phone,
            "$top": str(_SAMPLE),
            "$skip": "0",
        },
    )
    return [_first(row.get("customerattributes", row.get("customerattribute"))) for row in rows(answer) or []]


def _first(values: object) -> str:
    """observed: a list, or one joined text (github larvit/optimove_mocker)."""
    first = values[0] if isinstance(values, list) and values else values
    return first if isinstance(first, str) else ""


def _usable(value: str, country: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(_international(value), country))
    except phonenumbers.NumberParseException:
        return False


def _international(value: str) -> str:
    return f"+{value[2:]}" if value.startswith("00") else value


def _form(value: str) -> str:
    return f"{len(value)} characters, {sum(map(str.isdigit, value))} of them digits"
