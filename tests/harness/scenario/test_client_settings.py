"""What one of several clients has of its own."""

import pytest

from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.load import parse_scenarios
from sendproof_harness.scenario.model import scenario_of_client

WHOLE = """\
sendproof: 1
name: Two clients
seed: 7
starts: 2026-03-02T06:00:00Z
clients: [north, south]
client_settings:
  south: {sender: Southshop, country: US, attribute_names: {PHONENUMBER: MobileNo}, opt_outs: attribute}
audience: {customers: 100}
channels: [{id: 505, provider: textlocal}]
templates: [{provider: textlocal, title: News, body: "Hello {{FIRST_NAME}} of {{CITY}}"}]
bridge: {consent: attribute, opt_outs: preference, reports_a_day: 2}
sender: Northshop
steps: [{wait_for: {listeners: 1}}, {advance: 1 day}]
"""


def test_client_has_its_own_settings_and_the_others_have_those_of_the_file():
    (scenario,) = parse_scenarios(WHOLE, "my.yaml")
    north, south = (scenario_of_client(scenario, client) for client in scenario.clients)
    assert (north.sender, north.audience.country, north.bridge.opt_outs) == ("Northshop", "GB", "preference")
    assert (south.sender, south.audience.country, south.bridge.opt_outs) == ("Southshop", "US", "attribute")
    assert [own.audience.name_of("PHONENUMBER") for own in (north, south)] == ["PHONENUMBER", "MobileNo"]
    assert north.bridge.reports_a_day == south.bridge.reports_a_day == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("west: {sender: Westshop}", 'unknown client "west"'),
        ("south: {attribute_names: {PHONENUMBER: city}}", "an attribute city exists already"),
        ("south: {attribute_names: {CITY: Town}}", "CITY"),
        ("south: {sendr: Southshop}", "sender"),
    ],
)
def test_settings_that_do_not_fit_are_refused(wrong, message):
    own = next(line for line in WHOLE.splitlines() if line.startswith("  south"))
    with pytest.raises(InvalidFileError, match=message):
        parse_scenarios(WHOLE.replace(own, f"  {wrong}"), "my.yaml")


def test_setting_of_a_client_that_does_not_fit_is_reported_where_it_stands():
    """The file has no `audience.attribute_names`."""
    with pytest.raises(InvalidFileError) as refused:
        parse_scenarios(WHOLE.replace("{PHONENUMBER: MobileNo}", "{PHONENUMBER: city}"), "my.yaml")
    (diagnostic,) = refused.value.diagnostics

    assert (diagnostic.line, diagnostic.where) == (7, "client_settings.south.attribute_names.PHONENUMBER")
