"""The dialects that traffic shows: those of the simulators that it was recorded with."""

import json
from collections.abc import Callable, Iterator

import pytest

from limit_probes import add_campaigns, change_city
from local_simulators import LocalSandbox
from recorded_traffic import ADDRESSES, RecordingSimulators, event, recording_simulators
from sendproof_simulators.recordings.dialect_signs import SIGNS, Observation, changed_dialects, observe
from sendproof_simulators.recordings.known_contracts import KnownContracts
from sendproof_simulators.services.discovery import discover

DECLARED = {
    (service, dialect.name): [option.value for option in dialect.options]
    for service, known in discover().items()
    for dialect in known.dialects
}


@pytest.fixture(scope="module")
def known() -> KnownContracts:
    return KnownContracts(ADDRESSES)


@pytest.fixture(scope="module")
def simulators() -> Iterator[RecordingSimulators]:
    with recording_simulators() as running:
        yield running


def read_page(sandbox: LocalSandbox) -> None:
    add_campaigns(sandbox)
    attributes = {"CustomerAttributes": "CITY;COUNTRY", "CustomerAttributesDelimiter": ","}
    page = {"ChannelID": 505, "CampaignID": 7001, "$top": 3, **attributes}
    sandbox.send("optimove", "GET", "/current/customers/GetCustomerSendDetailsByChannel", page)


def read_details(sandbox: LocalSandbox) -> None:
    add_campaigns(sandbox)
    sandbox.optimove("actions/GetCampaignDetails", CampaignID=7001)


def register_general(sandbox: LocalSandbox) -> None:
    sandbox.optimove("general/RegisterEventListener", {"EventTypeID": 2, "ListenerURL": "http://127.0.0.1:9/"})
    sandbox.optimove("general/GetRegisteredEventListeners")


CALLS: dict[str, Callable[[LocalSandbox], object]] = {
    "optimove.success_body": lambda box: box.optimove(
        "integrations/AddChannelTemplates", [{"TemplateID": 1, "TemplateName": "A"}], ChannelID=505
    ),
    "optimove.empty_result": lambda box: box.optimove("integrations/GetChannelTemplates", ChannelID=505),
    "optimove.id_type": read_page,
    "optimove.row_order": read_page,
    "optimove.attributes_shape": read_page,
    "optimove.flag_type": read_details,
    "optimove.listener_channel": register_general,
    "optimove.attribute_update_status": lambda box: change_city(box, "C0000001"),
    "optimove.attribute_update_body": lambda box: change_city(box, "C0000001"),
    "optimove.api_key_info": lambda box: box.optimove("apikey/ApiKeyInfo"),
    "optimove.unknown_path": lambda box: box.optimove("general/Nowhere"),
    "textlocal.error_status": lambda box: box.textlocal("send", message="Hi"),
    "textlocal.scheduled_status": lambda box: box.textlocal("get_scheduled"),
    "textlocal.optouts_reply": lambda box: box.textlocal("get_optouts"),
    "textlocal.shorturl_reply": lambda box: box.textlocal("create_shorturl", url="https://example.org"),
    "textlocal.test_ids": lambda box: box.textlocal("send", message="Hi", numbers="447700900123", test="true"),
    "textlocal.bulk_ids": lambda box: box.textlocal(
        "bulk_json", data='{"messages": [{"number": "447700900123", "text": "Hi"}]}'
    ),
    "textlocal.warning_numbers": lambda box: box.textlocal("send", message="Hi", numbers="447700900123,123"),
    "delivyr.reply": lambda box: box.delivyr(variables={"TEXT": "Hi"}),
    "xtremepush.http_status": lambda box: box.xtremepush("info/campaign", id=999999),
}
CASES = [(name, option) for name in CALLS for option in DECLARED[tuple(name.split("."))]]


def observed(known: KnownContracts, calls: list, dialect: str) -> Observation:
    return next(found for found in observe(known, calls) if found.dialect == dialect)


@pytest.mark.parametrize(("dialect", "option"), CASES)
def test_traffic_shows_the_option_of_its_sandbox(known, simulators, dialect: str, option: str) -> None:
    sandbox = simulators.shared_sandbox(**{dialect.replace(".", "__"): option})
    simulators.calls.clear()
    CALLS[dialect](sandbox)
    found = observed(known, simulators.calls, dialect)
    if (dialect, option) == ("optimove.empty_result", "not_found"):
        # A 404 can also mean an unknown channel.
        assert found.calls == 0
        return
    assert found.option == option


def test_every_sign_belongs_to_a_declared_dialect() -> None:
    assert {(service, name) for service, signs in SIGNS.items() for name in signs} <= DECLARED.keys()


@pytest.mark.parametrize(
    ("bodies", "options"),
    [
        ([{"EventTypeID": 13, "CampaignID": 7}], ("as_seen", "pascal")),
        ([{"EventTypeID": 13, "CampaignID": 7}, {"eventTypeID": 11, "campaignID": "7"}], ("as_seen",)),
        ([{"EventTypeID": 13, "CampaignID": 7}, {"EventTypeID": 11, "CampaignID": "7"}], ("pascal",)),
        ([{"eventTypeId": 13, "campaignId": 7}], ("camel",)),
        ([{"EventTypeID": 13, "CampaignID": 7}, {"eventTypeId": 13, "campaignId": 7}], ()),
        ([{"EventTypeID": 3}], ()),
    ],
)
def test_events_together_decide_how_their_members_are_spelled(known, bodies: list, options: tuple) -> None:
    calls = [event(json.dumps(body).encode(), number=number) for number, body in enumerate(bodies, 1)]
    found = observed(known, calls, "optimove.event_keys")
    assert found.options == options
    assert found.is_contradictory == (len(bodies) == 2 and not options)


def test_other_options_than_the_default_are_known_to_the_judge() -> None:
    seen = Observation(dialect="optimove.row_order", default="ascending", options=("descending",), calls=1)
    undecided = Observation(dialect="optimove.event_keys", default="as_seen", options=("as_seen", "pascal"), calls=1)
    silent = Observation(dialect="optimove.id_type", default="numbers")
    assert changed_dialects([seen, undecided, silent]) == {"optimove": {"row_order"}}
