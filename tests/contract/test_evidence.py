"""The counts of documented, observed and assumed statements."""

import json

import pytest

from command_line import sendproof
from repository import CONTRACTS
from sendproof_simulators.core.messaging.message_types import MESSAGE_TYPES
from sendproof_simulators.reference.evidence import (
    Statement,
    evidence_counts,
    message_evidence,
    statements,
    statements_about,
)

TOY = {
    "info": {"title": "Toy"},
    "paths": {
        "/a": {
            "get": {
                "operationId": "readA",
                "x-evidence": "documented",
                "parameters": [
                    {"name": "n", "in": "query", "schema": {"type": "integer", "maximum": 9}},
                    {
                        "name": "m",
                        "in": "query",
                        "x-evidence": "observed",
                        "schema": {
                            "type": "integer",
                            "minimum": 1,
                            "x-limits": {"minimum": {"x-evidence": "assumed", "x-source": "-"}},
                        },
                    },
                ],
            }
        }
    },
}


def test_statement_inherits_the_evidence_of_its_parent() -> None:
    """A rule can have evidence of its own."""
    assert [(statement.part, statement.level, statement.about) for statement in statements(TOY)] == [
        ("operations", "documented", "readA"),
        ("fields", "documented", "readA.n"),
        ("rules", "documented", "readA.maximum"),
        ("fields", "observed", "readA.m"),
        ("rules", "assumed", "readA.minimum"),
    ]


def test_each_service_contract_is_counted() -> None:
    """Our own interfaces need no evidence."""
    counts = evidence_counts()
    assert set(counts) == {path.name for path in CONTRACTS.glob("*.yaml")} - {"bridge.yaml", "control.yaml"}
    assert counts["optimove.yaml"]["operations"]["documented"] > counts["optimove.yaml"]["operations"]["assumed"]
    assert all(sum(levels.values()) for levels in counts["optimove.yaml"].values())


def test_statement_is_about_the_message_types_of_its_part() -> None:
    """A part without own types has those of the component that it refers to, or of its parent."""
    content = {"x-message-types": ["push"], "properties": {"title": {}}}
    campaign = {"properties": {"push": {"$ref": "#/components/schemas/Content"}, "name": {}}}
    toy = {"x-message-types": ["sms", "push"], "components": {"schemas": {"Campaign": campaign, "Content": content}}}
    assert {statement.about: statement.messages for statement in statements(toy)} == {
        "Campaign.push": ("push",),
        "Campaign.name": ("sms", "push"),
        "Content.title": ("push",),
    }


def test_behaviour_is_a_statement() -> None:
    behaviour = {
        "text": "No user can unsubscribe",
        "x-message-types": ["inbox"],
        "x-evidence": "assumed",
        "x-source": "-",
    }
    toy = {"x-message-types": ["sms", "inbox"], "x-behaviour": [behaviour]}
    assert list(statements(toy)) == [Statement("behaviour", "assumed", "No user can unsubscribe", "-", ("inbox",))]


def test_each_message_type_of_each_provider_is_counted() -> None:
    """Statements about all types of a contract count apart, so that the types can be compared."""
    found = {(entry.message, entry.contract) for entry in message_evidence()}
    xtremepush = {(message, "xtremepush.yaml") for message in ("sms", "push", "web_push", "inbox", "email", "all")}
    assert xtremepush <= found
    assert {
        ("email", "smtp.yaml"),
        ("sms", "textlocal.yaml"),
        ("sms", "delivyr.yaml"),
        ("push", "optimove.yaml"),
    } <= found
    assert ("all", "smtp.yaml") not in found


@pytest.mark.parametrize("message", MESSAGE_TYPES)
def test_statements_about_a_message_type_agree_with_their_number(message: str) -> None:
    counts = [counts for entry in message_evidence() if entry.message == message for counts in entry.counts.values()]
    assert sum(sum(levels.values()) for levels in counts) == len(list(statements_about(message))) > 0


def test_unknown_message_type_is_an_error() -> None:
    output = sendproof("evidence", "inbx")
    assert output.status != 0
    assert "MESSAGE: expected a type of messages, got 'inbx'; did you mean 'inbox'?" in output.err


def test_command_prints_json_and_tables() -> None:
    output = sendproof("evidence", "--json")
    assert (output.status, json.loads(output.out)["contracts"]) == (0, evidence_counts())
    table = sendproof("evidence").out
    assert "optimove-metrics.yaml" in table
    assert "web_push" in table
    assert "No user can unsubscribe from the inbox" in sendproof("evidence", "inbox").out
