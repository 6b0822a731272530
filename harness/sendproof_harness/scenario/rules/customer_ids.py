"""Rules about channels with a provider that knows the customers by their ids: the import, and the translations."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from datetime import time as time_of_day

from sendproof_harness.providers import provider as provider_record
from sendproof_harness.scenario.diagnostics import Diagnostic, expected_got, unknown_name
from sendproof_harness.scenario.model import CUSTOMER_IDS, Scenario
from sendproof_harness.scenario.rules.step_state import announcement_time, attribute_names, campaign_parts
from sendproof_harness.scenario.values import iso_utc
from sendproof_harness.scenario.yaml_source import Document

_DAY = timedelta(days=1)


def customer_ids_are_supported(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the provider of such a channel knows customers, and that all of its channels are alike."""
    for index, channel in enumerate(scenario.channels):
        if channel.recipients != CUSTOMER_IDS:
            continue
        path, option = ("channels", index, "recipients"), provider_record(channel.provider).customer_ids_option
        name, _, value = (option or "").partition("=")
        if option is None:
            yield document.diagnostic(path, f"{channel.provider} does not know customers by their ids; remove this key")
        elif scenario.dialects.get(name) != value:
            yield document.diagnostic(path, f"add the dialect option that allows this: `dialects: {{{name}: {value}}}`")
        if channel.kind != "scheduled":
            yield document.diagnostic(path, "triggered messages go to numbers; remove this key")
        if any(c.provider == channel.provider and c.recipients != CUSTOMER_IDS for c in scenario.channels):
            yield document.diagnostic(path, f"give every channel of {channel.provider} this key, or none")
        if scenario.customer_import is None:
            message = 'the provider only knows imported customers; add `customer_import: {at: "04:00"}` to the file'
            yield document.diagnostic(path, message)


def imports_are_needed_and_clear(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that a channel needs the import, that its customers exist, and that no campaign spans an import."""
    imported = scenario.customer_import
    if imported is None:
        return
    by_ids = {channel.id for channel in scenario.channels if channel.recipients == CUSTOMER_IDS}
    if not by_ids:
        yield document.diagnostic(("customer_import",), "no channel has `recipients: customer_ids`; remove this key")
    for index, position in enumerate(imported.new_customers):
        if position >= scenario.audience.customers:
            expected = f"at most {scenario.audience.customers - 1} (positions begin at 0)"
            message = expected_got(expected, position)
            yield document.diagnostic(("customer_import", "new_customers", index, "customer"), message)
    for path, campaign, part in campaign_parts(scenario, document):
        announced = announcement_time(scenario, campaign)
        for number, split in enumerate(part.splits):
            if part.channel not in by_ids or announced is None or split.send_at < announced:
                continue
            last = _last_import(imported.at, split.send_at)
            if last > announced:
                message = (
                    f"the import at {iso_utc(last)} comes between the announcement ({iso_utc(announced)}) and this "
                    "message, so what the provider knows depends on the bridge; change one of the times"
                )
                yield document.diagnostic((*path, "splits", number, "send_at"), message)


def translations_are_possible(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the provider has translations, and that the attribute exists."""
    by_ids = {channel.provider for channel in scenario.channels if channel.recipients == CUSTOMER_IDS}
    for index, template in enumerate(scenario.templates):
        if template.translations is None:
            continue
        path = ("templates", index, "translations")
        if template.provider not in by_ids:
            message = f"no channel of {template.provider} has `recipients: customer_ids`; remove this key"
            yield document.diagnostic(path, message)
        known = attribute_names(scenario)
        if template.translations.attribute not in known:
            message = unknown_name("attribute", template.translations.attribute, known)
            yield document.diagnostic((*path, "attribute"), message)


def _last_import(at: time_of_day, instant: datetime) -> datetime:
    today = datetime.combine(instant.date(), at, tzinfo=instant.tzinfo)
    return today if today <= instant else today - _DAY


RULES = (customer_ids_are_supported, imports_are_needed_and_clear, translations_are_possible)
