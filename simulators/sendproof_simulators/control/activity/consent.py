"""Whether a customer consents to the messages of a channel: each type of messages has its own consent."""

from collections.abc import Sequence

from sendproof_simulators.control.activity.pages import Entry
from sendproof_simulators.core.audience.audience import BY_PROVIDER, Customer
from sendproof_simulators.core.audience.recipients import NOT_SUBSCRIBED, recipient
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.messaging.message_types import SMS
from sendproof_simulators.core.simulator import Channel


def opted_out_by(records: CustomerRecords, index: int, customer: Customer, message: str) -> str | None:
    """Return where the records keep the opt-out from messages of a type: attribute or provider; None without one."""
    found = recipient(records.audience, index, customer, message)
    return BY_PROVIDER if found.reason == NOT_SUBSCRIBED else found.opted_out_by


def consent_on(channel: Channel, customer: str, by: str | None, found: Sequence[Entry]) -> dict[str, object]:
    """Return the consent by the newest change at the provider, else by the records; and the reported preference.

    `by` is where the records keep an opt-out from messages of the channel's type, and `found` are the entries of the
    journal about the customer.
    """
    reported: bool | None = None
    for entry in found:
        if entry["kind"] in {"opt_out", "opt_in"} and _is_about(entry, channel):
            by = entry["source"] if entry["kind"] == "opt_out" else None
        elif entry["kind"] == "preference" and entry["channel"] == channel.id and customer in entry["customers"]:
            reported = entry["opted_out"]
    return {
        "channel": channel.id,
        "provider": channel.provider,
        "message": channel.message,
        "consents": by is None,
        "by": by,
        "reported_opted_out": reported,
    }


def _is_about(entry: Entry, channel: Channel) -> bool:
    return (entry["service"], entry.get("message_type", SMS)) == (channel.provider, channel.message)
