"""The door keeps to its contract, openapi/bridge.yaml."""

import json

import jsonschema_rs
import pytest
import yaml

from repository import ROOT
from sendproof_bridge.clock import MINUTE
from sendproof_bridge.inbound import status
from sendproof_bridge.inbound.app import WebhookApp
from sendproof_bridge.inbound.events import read_event
from small_bridge import KEY, NOON, row
from stand_in import Says

CONTRACT = yaml.safe_load((ROOT / "openapi" / "bridge.yaml").read_text())


def fits(name, value):
    """Whether a value is one of the contract's schema."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": CONTRACT["components"]}
    return jsonschema_rs.validator_for(schema).is_valid(value)


@pytest.fixture
def reported(small, outside):
    """A campaign of two customers after its first report."""
    outside.say("GetCustomerSendDetailsByChannel", Says([row("C1"), row("C2", consent="0")]), Says([]))
    small.announce()
    small.work(until=NOON + 15 * MINUTE)
    return small


def test_health_and_campaign_fit_the_contract(reported):
    """Nothing more and nothing less is told."""
    assert fits("Health", status.health(reported.bridge))
    assert fits("Campaign", status.campaign_status(reported.bridge, KEY))


def test_the_contract_has_every_route(small):
    """And the door has every path of the contract."""
    door = WebhookApp(small.bridge, lambda: None)
    door.close()
    routes = {route.path.replace(":int", "") for route in door.router().routes}

    assert routes == set(CONTRACT["paths"])


def test_examples_of_events_are_understood():
    """Every example of the contract is one that the door takes."""
    operation = CONTRACT["paths"]["/webhooks/optimove/{client}/{token}"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    read = {name: read_event("acme", json.dumps(example["value"]).encode()) for name, example in examples.items()}

    assert {name: event.type for name, event in read.items()} == {
        "executed": 13,
        "processed": 1,
        "camelCase": 13,
        "cancelled": 4,
        "onHold": 5,
        "triggered": 11,
    }
