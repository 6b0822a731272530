"""The webhook app matches its contract, openapi/bridge.yaml."""

import json

import jsonschema_rs
import pytest
import yaml

from repository import ROOT
from sendproof_bridge.clock import MINUTE
from sendproof_bridge.inbound import status
from sendproof_bridge.inbound.app import WebhookApp
from sendproof_bridge.inbound.events import read_event
from sendproof_bridge.inbound.operator import OperatorRoutes
from small_bridge import KEY, NOON, recipient_row
from stand_in import Reply

CONTRACT = yaml.safe_load((ROOT / "openapi" / "bridge.yaml").read_text())


def is_valid(name, value):
    """Validate a value against a schema of the contract."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": CONTRACT["components"]}
    return jsonschema_rs.validator_for(schema).is_valid(value)


@pytest.fixture
def reported(bridge, services):
    """Run a campaign of two customers until its first report."""
    services.respond(
        "GetCustomerSendDetailsByChannel", Reply([recipient_row("C1"), recipient_row("C2", consent="0")]), Reply([])
    )
    bridge.start_campaign()
    bridge.run(until=NOON + 15 * MINUTE)
    return bridge


def test_status_and_campaign_match_the_contract(reported):
    assert is_valid("Status", status.status(reported.context))
    assert is_valid("Campaign", status.campaign_status(reported.context, KEY))


def test_routes_are_the_paths_of_the_contract(bridge):
    app = WebhookApp(bridge.context, lambda: None, OperatorRoutes(bridge.context))
    app.close()
    routes = {route.path.replace(":int", "") for route in app.router().routes}

    assert routes == set(CONTRACT["paths"])


def test_event_examples_of_the_contract_are_accepted():
    operation = CONTRACT["paths"]["/webhooks/optimove/{client}/{token}"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    events = {name: read_event("acme", json.dumps(example["value"]).encode()) for name, example in examples.items()}

    assert {name: event.type for name, event in events.items()} == {
        "executed": 13,
        "processed": 1,
        "camelCase": 13,
        "cancelled": 4,
        "onHold": 5,
        "triggered": 11,
    }
