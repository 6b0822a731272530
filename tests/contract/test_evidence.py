"""The counts of documented, observed and assumed statements."""

import json

from command_line import sendproof
from repository import CONTRACTS
from sendproof_simulators.reference.evidence import Statement, evidence_counts, statements

TOY = {
    "info": {"title": "Toy"},
    "paths": {
        "/a": {
            "get": {
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
    assert list(statements(TOY)) == [
        Statement("operations", "documented"),
        Statement("fields", "documented"),
        Statement("rules", "documented"),
        Statement("fields", "observed"),
        Statement("rules", "assumed"),
    ]


def test_each_service_contract_is_counted() -> None:
    """Our own interfaces need no evidence."""
    counts = evidence_counts()
    assert set(counts) == {path.name for path in CONTRACTS.glob("*.yaml")} - {"bridge.yaml", "control.yaml"}
    assert counts["optimove.yaml"]["operations"]["documented"] > counts["optimove.yaml"]["operations"]["assumed"]
    assert all(sum(levels.values()) for levels in counts["optimove.yaml"].values())


def test_command_prints_json_and_a_table() -> None:
    output = sendproof("evidence", "--json")
    assert (output.status, json.loads(output.out)) == (0, evidence_counts())
    assert "optimove-metrics.yaml" in sendproof("evidence").out
