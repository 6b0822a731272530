"""Messages about channels with a provider that knows the customers by their ids."""

import pytest

from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.load import parse_scenarios
from sendproof_harness.scenario.model import Translations

WHOLE = """\
sendproof: 1
name: Groups of customer ids
seed: 7
starts: 2026-03-02T05:00:00Z
audience: {customers: 100}
channels:
  - {id: 505, provider: textlocal, recipients: customer_ids}
templates:
  - provider: textlocal
    title: Offer
    body: "Hello {{FIRST_NAME}}"
    translations: {attribute: LANGUAGE, bodies: {de: "Hallo {{FIRST_NAME}}"}}
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits:
      - {share: 100%, template: Offer, send_at: 2026-03-02T09:00:00Z}
customer_import: {at: "04:00", new_customers: [{customer: 7, day: 2026-03-03}]}
dialects: {textlocal.template_send: brochure}
steps:
  - wait_for: {listeners: 1, synchronised: true}
  - plan: 7001
  - advance: 2 days
"""
IMPORT = 'customer_import: {at: "04:00", new_customers: [{customer: 7, day: 2026-03-03}]}\n'

BROKEN = [
    (IMPORT, "", "the provider only knows imported customers"),
    ("dialects: {textlocal.template_send: brochure}\n", "", "dialects: {textlocal.template_send: brochure}"),
    ("provider: textlocal", "provider: xtremepush", "xtremepush does not know customers by their ids"),
    (", recipients: customer_ids", "", "no channel has `recipients: customer_ids`"),
    (", recipients: customer_ids", "", "no channel of textlocal has `recipients: customer_ids`"),
    ("customer_ids}", "customer_ids}\n  - {id: 506, provider: textlocal}", "give every channel of textlocal this key"),
    ("customer_ids}", "customer_ids, kind: triggered}", "triggered messages go to numbers"),
    ("customer: 7", "customer: 100", "expected at most 99"),
    ("day: 2026-03-03", "day: 2026-02-30", "expected a day"),
    ('at: "04:00"', 'at: "07:00"', "the import at 2026-03-02T07:00:00Z comes between the announcement"),
    ("send_at: 2026-03-02T09", "send_at: 2026-03-03T09", "the import at 2026-03-03T04:00:00Z comes between"),
    ("attribute: LANGUAGE", "attribute: LANGUAGES", 'did you mean "LANGUAGE"?'),
    ("Hallo {{FIRST_NAME}}", "Hallo {{FIRST}}", "FIRST_NAME"),
]


def test_file_becomes_scenario_with_import_and_translations() -> None:
    (scenario,) = parse_scenarios(WHOLE, "my.yaml")
    assert scenario.templates[0].translations == Translations(
        attribute="LANGUAGE", bodies={"de": "Hallo {{FIRST_NAME}}"}
    )
    assert scenario.customer_import is not None
    assert [*scenario.customer_import.new_customers] == [7]


@pytest.mark.parametrize(("right", "wrong", "message"), BROKEN)
def test_file_that_does_not_fit_together_is_refused(right: str, wrong: str, message: str) -> None:
    with pytest.raises(InvalidFileError) as raised:
        parse_scenarios(WHOLE.replace(right, wrong), "my.yaml")
    assert message in str(raised.value)
