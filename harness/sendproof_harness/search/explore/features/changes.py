"""Changes during the run: opt-outs, records of customers, keys, and webhooks that come again."""

from datetime import timedelta

from sendproof_harness.scenario.model import CONSENT_BY_ATTRIBUTE
from sendproof_harness.search.explore.builder import SCHEDULED, TRIGGERED, Content, ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature

_HOUR = timedelta(hours=1)
# Numbers that are assigned, one in each country of the scenarios.
_NEW_NUMBERS = {"GB": "+447400123456", "US": "+12025550143"}


def _selection(builder: ScenarioBuilder, by: str) -> Content:
    channel = {"channel": builder.channels[0]["id"]} if by == "preference" else {}
    return {"by": by, "customers": 1, "first_customer": 0, **channel}


def _opt_out(builder: ScenarioBuilder, by: str, after: timedelta) -> None:
    builder.bridge["consent"] = CONSENT_BY_ATTRIBUTE
    builder.at(after, {"opt_out": _selection(builder, by)})


def _out_by_attribute(builder: ScenarioBuilder) -> None:
    builder.contact_again()
    _opt_out(builder, "attribute", builder.sent + 6 * _HOUR)


def _out_by_preference(builder: ScenarioBuilder) -> None:
    builder.contact_again()
    _opt_out(builder, "preference", builder.sent + 6 * _HOUR)


def _out_before(builder: ScenarioBuilder) -> None:
    _opt_out(builder, "attribute", builder.announced / 2)


def _out_and_in(builder: ScenarioBuilder) -> None:
    builder.contact_again()
    _opt_out(builder, "attribute", builder.sent + 6 * _HOUR)
    builder.at(builder.sent + 12 * _HOUR, {"opt_in": _selection(builder, "attribute")})


def stop_between_messages(builder: ScenarioBuilder) -> None:
    """Add a customer who replies STOP to the first message, and further messages."""
    builder.contact_again()
    builder.add_customer(protection="none", outcome="delivered, replies STOP")
    builder.bridge.setdefault("opt_outs", "preference")


def _stop_from_shared_phone(builder: ScenarioBuilder) -> None:
    stop_between_messages(builder)
    _share_phone(builder)


def _stop_and_start(builder: ScenarioBuilder) -> None:
    builder.contact_again()
    if SCHEDULED in builder.flows:
        builder.add_campaign(7009, builder.next_day + 24 * _HOUR)
    builder.add_customer(protection="none", outcome="delivered, replies STOP, then START")
    builder.bridge.setdefault("opt_outs", "preference")


def _both_from_shared_phone(builder: ScenarioBuilder) -> None:
    _stop_and_start(builder)
    _share_phone(builder)


def _share_phone(builder: ScenarioBuilder) -> None:
    """Give the last customer's number to another one, too."""
    builder.add_customer(protection="none", same_number_as=len(builder.individuals) - 1)


def _new_city(builder: ScenarioBuilder) -> None:
    builder.at(builder.between, {"change_attributes": {"customer": 0, "values": {"CITY": "Leeds"}}})


def _new_number(builder: ScenarioBuilder) -> None:
    builder.contact_again()
    _change_number(builder, 0)


def _first_number(builder: ScenarioBuilder) -> None:
    builder.contact_again()
    _change_number(builder, builder.add_customer(protection="unusable_number"))


def _change_number(builder: ScenarioBuilder, customer: int) -> None:
    values = {builder.name_of("PHONENUMBER"): _NEW_NUMBERS[builder.country]}
    builder.at(builder.sent + 8 * _HOUR, {"change_attributes": {"customer": customer, "values": values}})


def _add_attribute(builder: ScenarioBuilder) -> None:
    builder.at(_HOUR, {"add_attribute": {"name": "VIP", "type": "VARCHAR(5)", "default": "no"}})


def _rotate_key(builder: ScenarioBuilder) -> None:
    builder.at(builder.between, {"key": {"action": "rotate", "overlap": "1 hour"}})


def _replace_key(builder: ScenarioBuilder) -> None:
    builder.at(builder.sent + 2 * _HOUR, {"key": {"action": "rotate"}})


def _disable_key(builder: ScenarioBuilder) -> None:
    disabled = builder.sent + 3 * _HOUR
    builder.at(disabled, {"key": {"action": "disable"}})
    builder.at(disabled + 4 * _HOUR, {"key": {"action": "enable"}})


def _resend_announcement(builder: ScenarioBuilder) -> None:
    builder.at(builder.sent + 5 * _HOUR, {"resend": {"webhook": "optimove.13"}})


def _resend_trigger(builder: ScenarioBuilder) -> None:
    builder.at(builder.announced + 3 * _HOUR, {"resend": {"webhook": "optimove.11", "count": 3}})


_IN_CAMPAIGN, _IN_TRIGGER = frozenset({SCHEDULED}), frozenset({TRIGGERED})
_SYNCED = "requirement R701"

FEATURES = (
    Feature(name="opt-out by attribute between messages", topic="opt-out", apply=_out_by_attribute),
    Feature(name="opt-out by preference between messages", topic="opt-out", apply=_out_by_preference),
    Feature(name="opt-out before the first message", topic="opt-out", apply=_out_before),
    Feature(name="opt-out and opt-in between messages", topic="opt-out", apply=_out_and_in),
    Feature(name="STOP between messages", topic="opt-out", apply=stop_between_messages, shows=_SYNCED),
    Feature(name="STOP from a shared phone", topic="opt-out", apply=_stop_from_shared_phone, shows=_SYNCED),
    Feature(name="STOP and START between messages", topic="opt-out", apply=_stop_and_start, shows=_SYNCED),
    Feature(name="STOP and START from a shared phone", topic="opt-out", apply=_both_from_shared_phone, shows=_SYNCED),
    Feature(name="new city before the message", topic="change", apply=_new_city, flows=_IN_CAMPAIGN),
    Feature(name="new number between messages", topic="change", apply=_new_number),
    Feature(name="first usable number between messages", topic="change", apply=_first_number),
    Feature(name="attribute added", topic="change", apply=_add_attribute),
    Feature(name="key rotated with an overlap", topic="key", apply=_rotate_key),
    Feature(name="key rotated at once", topic="key", apply=_replace_key),
    Feature(name="key disabled for hours", topic="key", apply=_disable_key),
    Feature(name="announcement again", topic="webhook", apply=_resend_announcement, flows=_IN_CAMPAIGN),
    Feature(name="events of a trigger again", topic="webhook", apply=_resend_trigger, flows=_IN_TRIGGER),
)
