"""Rules about customers whom a provider leaves out: by a segment of its own, or by its suppression attribute."""

from collections.abc import Iterator

from sendproof_harness.providers import provider as provider_record
from sendproof_harness.scenario.diagnostics import Diagnostic, expected_got, unknown_name
from sendproof_harness.scenario.model import ANY, Scenario
from sendproof_harness.scenario.rules.names import provider_list
from sendproof_harness.scenario.rules.step_state import attribute_names
from sendproof_harness.scenario.yaml_source import Document


def segments_are_supported(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the provider of each template with a segment has segments, and that their customers exist."""
    last = scenario.audience.customers - 1
    for index, template in enumerate(scenario.templates):
        path = ("templates", index, "segment")
        if template.segment is None:
            continue
        for name in provider_list(document) if template.provider == ANY else [template.provider]:
            if provider_record(name).segment_settings is None:
                yield document.diagnostic(path, f"{name} has no segments of its own; remove this key")
        for number, customer in enumerate(template.segment.customers):
            if customer > last:
                expected = f"at most {last} (the audience has {last + 1} customers, from 0)"
                yield document.diagnostic((*path, "customers", number), expected_got(expected, customer))


def suppression_is_supported(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that a channel has a provider with a suppression attribute, and that the attribute exists."""
    if scenario.suppression is None:
        return
    providers = {channel.provider for channel in scenario.channels} | set(provider_list(document))
    if not any(provider_record(name).suppression_settings for name in providers):
        yield document.diagnostic(
            ("suppression",), "no channel has a provider with a suppression attribute; remove this key"
        )
    known = attribute_names(scenario)
    if scenario.suppression.attribute not in known:
        message = unknown_name("attribute", scenario.suppression.attribute, known)
        yield document.diagnostic(("suppression", "attribute"), message)


RULES = (segments_are_supported, suppression_is_supported)
