"""The recipient of a message of some type: the address of a customer, or the reason why it is missing."""

from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_simulators.core.audience import addresses
from sendproof_simulators.core.audience.audience import BY_ATTRIBUTE, BY_PROVIDER, Audience, Customer
from sendproof_simulators.core.audience.devices import DEVICES, UNSUBSCRIBED, Devices
from sendproof_simulators.core.messaging.addresses import read_address
from sendproof_simulators.core.messaging.delivery_outcomes import BY_CODE, name_of_test_number
from sendproof_simulators.core.messaging.message_types import EMAIL, INBOX, PUSH, SMS, WEB_PUSH

_OPTED_IN = "1"
#: Reasons why no message is due.
UNUSABLE_NUMBER, NO_DEVICE, NOT_SUBSCRIBED = "unusable_number", "no_device", "unsubscribed"
UNUSABLE_ADDRESS = "unusable_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The address of a customer for one type of messages, or the `reason` why there is none.

    `opted_out_by` is where the customer's opt-out is kept, if there is one. `facts` explain an obligation.
    """

    address: str | None
    reason: str | None = None
    opted_out_by: str | None = None
    facts: Mapping[str, object]

    @property
    def withheld(self) -> str | None:
        """The reason why the customer gets no message, or None."""
        return "opted_out" if self.opted_out_by is not None else self.reason


def recipient(audience: Audience, index: int, customer: Customer, message: str) -> Recipient:
    """Return the recipient of a message of this type to a customer, in the customer's present state."""
    if message == SMS:
        reason = UNUSABLE_NUMBER if customer.number is None else None
        return Recipient(
            address=customer.number, reason=reason, opted_out_by=customer.opted_out_by, facts=customer_facts(customer)
        )
    if message == EMAIL:
        return _of_email(audience, index, customer)
    if message == INBOX:
        return _of_inbox(audience, customer)
    if message == PUSH:
        return _of_push(audience, index, customer, audience.devices, audience.push_consent_attribute)
    return _of_push(audience, index, customer, audience.browsers, audience.web_push_consent_attribute)


def consent_attribute(audience: Audience, message: str) -> str | None:
    """Return the attribute that contains the consent to a type of messages; None if these customers have none."""
    consents = {
        SMS: audience.consent_attribute,
        PUSH: None if audience.devices is None else audience.push_consent_attribute,
        WEB_PUSH: None if audience.browsers is None else audience.web_push_consent_attribute,
        EMAIL: None if audience.addresses is None else audience.email_consent_attribute,
    }
    return consents.get(message)


def customer_facts(customer: Customer) -> dict[str, object]:
    """Return the facts about a customer that explain an obligation, without those that most customers share.

    `opted_out_by` is where the opt-out is kept: attribute or provider. `raw_number` is the number as the client's
    records spell it, unless that is + and the digits. `outcome` names the test number.
    """
    number = customer.number or ""
    raw = customer.recorded_number
    facts = {
        "opted_out_by": customer.opted_out_by,
        "raw_number": None if raw == f"+{number}" else raw,
        "outcome": name_of_test_number(number),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _of_inbox(audience: Audience, customer: Customer) -> Recipient:
    """Return the recipient of an inbox message: the user, because a profile at the provider is enough.

    assumed: that a customer cannot unsubscribe from the inbox; no document names a subscription to it.
    """
    index = audience.index_of(customer.id)
    code = None if index is None else audience.outcome_code(index)
    return Recipient(address=customer.id, facts={} if code is None else {"outcome": BY_CODE[code].name})


def _of_email(audience: Audience, index: int, customer: Customer) -> Recipient:
    """Return the recipient of an e-mail: the address in the client's records, if it is one.

    A provider lists those who unsubscribed, so it keeps their opt-outs.
    `raw_number` is the address as the records spell it, unless that is the address itself.
    """
    recorded = customer.attributes.get(audience.email_attribute)
    address, found = read_address(recorded), audience.addresses
    is_known = found is not None and index < audience.recipe.customers
    is_unsubscribed = is_known and found is not None and found.group(index) == addresses.UNSUBSCRIBED
    opted_out_by = BY_PROVIDER if is_unsubscribed else None
    opted_out_by = opted_out_by or _opted_out_by(audience, customer, audience.email_consent_attribute)
    code = audience.outcome_code(index) if is_known and address is not None else None
    facts = {
        "opted_out_by": opted_out_by,
        "raw_number": None if recorded == address else recorded,
        "outcome": None if code is None else BY_CODE[code].name,
    }
    return Recipient(
        address=address,
        reason=UNUSABLE_ADDRESS if address is None else None,
        opted_out_by=opted_out_by,
        facts={name: value for name, value in facts.items() if value is not None},
    )


def _opted_out_by(audience: Audience, customer: Customer, attribute: str) -> str | None:
    """Return where an opt-out is kept; the attribute only counts where the client keeps opt-outs in it."""
    refuses = customer.attributes.get(attribute) != _OPTED_IN
    return BY_ATTRIBUTE if audience.recipe.consent == BY_ATTRIBUTE and refuses else None


def _of_push(
    audience: Audience, index: int, customer: Customer, devices: Devices | None, consent_attribute: str
) -> Recipient:
    """Return the recipient of a push notification: the user, if any device or browser accepts notifications."""
    group = "none" if devices is None or index >= audience.recipe.customers else devices.group(index)
    is_reachable = devices is not None and group != "none" and devices.is_reachable(index)
    opted_out_by = _opted_out_by(audience, customer, consent_attribute)
    code = audience.outcome_code(index) if is_reachable else None
    facts = {
        "opted_out_by": opted_out_by,
        (DEVICES if devices is None else devices.kind): None if group == "one" else group,
        "outcome": None if code is None else BY_CODE[code].name,
    }
    reason = None if is_reachable else NOT_SUBSCRIBED if group == UNSUBSCRIBED else NO_DEVICE
    return Recipient(
        address=customer.id if is_reachable else None,
        reason=reason,
        opted_out_by=opted_out_by,
        facts={name: value for name, value in facts.items() if value is not None},
    )
