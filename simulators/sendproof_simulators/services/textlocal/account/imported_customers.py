"""The customers that the client imported into its account, for sends to groups of customer ids.

documented, in the brochure Textlocal x Optimove: the client imports customer id, first name, last name and phone
number, and refreshes them every day, so that new customers are known. assumed: the time of day; that an import replaces
all records; that it has every attribute of the client's records, which the custom fields of translations need.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_simulators.core.audience.audience import Customer
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, Instant, first_instant
from sendproof_simulators.core.plans import ExpectedMessage
from sendproof_simulators.core.simulator import SandboxContext, Template
from sendproof_simulators.services.textlocal.account.contacts import placeholder_values
from sendproof_simulators.services.textlocal.account.templates import render
from sendproof_simulators.services.textlocal.state import State

BROCHURE = ("template_send", "brochure")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCustomers:
    """The customers of one import, which happened at `imported_at`."""

    records: CustomerRecords
    imported_at: Instant
    first_known: Mapping[str, str]

    def find(self, customer: str) -> Customer | None:
        """Return a customer by id; None if the import did not have it."""
        if self.imported_at < self._known_since(customer):
            return None
        return self.records.find(customer, self.imported_at)

    def _known_since(self, customer: str) -> Instant:
        day = self.first_known.get(customer)
        return 0 if day is None else first_instant(day)


def takes_customer_ids(context: SandboxContext) -> bool:
    """Return True if groups can hold customer ids in this sandbox."""
    name, option = BROCHURE
    return context.dialects[name] == option


def imported_customers(context: SandboxContext, state: State, at: Instant) -> ImportedCustomers:
    """Return the customers of the last import until an instant; without a daily import, those of the instant."""
    settings = state.settings.customer_import
    imported_at = _last_import(settings.at, at) if settings.at else at
    return ImportedCustomers(records=context.customers, imported_at=imported_at, first_known=settings.first_known)


def known_customer(context: SandboxContext, state: State, customer: str, at: Instant) -> Customer | None:
    """Return a customer by id: of the client's last import, or else a contact that has the id as custom1.

    None in sandboxes whose groups hold numbers only. observed: contacts have three custom fields; that the id is in the
    first one is assumed.
    """
    if not takes_customer_ids(context):
        return None
    imported = imported_customers(context, state, at).find(customer)
    contact = state.contacts.find_customer(customer) if imported is None else None
    if contact is None:
        return imported
    number, details = contact
    values = placeholder_values(details)
    return Customer(id=customer, number=number, recorded_number=number, opted_out_by=None, attributes=values)


def translated(state: State, template: int, attributes: Mapping[str, str | None]) -> int:
    """Return the id of the template in the language that the attributes choose; the template itself without one."""
    translations = state.settings.translations.get(template)
    if translations is None:
        return template
    translation = translations.templates.get(attributes.get(translations.field) or "", template)
    return translation if translation in state.templates else template


def expected_message(
    context: SandboxContext, state: State, template: Template, customer: str, at: Instant
) -> ExpectedMessage:
    """Return the message that a customer is due at an instant, from the import before it."""
    found = imported_customers(context, state, at).find(customer)
    if found is None:
        return ExpectedMessage(number=None, text=None, reason="unknown_customer")
    if found.number is None:
        return ExpectedMessage(number=None, text=None, reason="unusable_number")
    translation = translated(state, int(template.id), found.attributes)
    body = template.body if translation == template.id else state.templates[translation].body
    return ExpectedMessage(number=found.number, text=render(body, found.attributes))


def _last_import(time_of_day: str, at: Instant) -> Instant:
    hours, minutes = map(int, time_of_day.split(":"))
    today = at - at % DAY + hours * HOUR + minutes * MINUTE
    return today if today <= at else today - DAY
