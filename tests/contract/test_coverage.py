"""The report on how well the contracts are founded."""

import json

from command_line import sendproof
from repository import CONTRACTS
from sendproof_simulators.reference.evidence import Statement, evidence_counts, statements

FOUNDED = {
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


def test_statements_share_the_evidence_of_what_they_lie_in() -> None:
    """A rule may have evidence of its own."""
    assert list(statements(FOUNDED)) == [
        Statement("operations", "documented"),
        Statement("fields", "documented"),
        Statement("rules", "documented"),
        Statement("fields", "observed"),
        Statement("rules", "assumed"),
    ]


def test_every_contract_of_a_service_is_counted() -> None:
    """Those of our own interfaces are not: nothing about them had to be found out."""
    counts = evidence_counts()
    assert set(counts) == {path.name for path in CONTRACTS.glob("*.yaml")} - {"bridge.yaml", "control.yaml"}
    assert counts["optimove.yaml"]["operations"]["documented"] > counts["optimove.yaml"]["operations"]["assumed"]
    assert all(sum(levels.values()) for levels in counts["optimove.yaml"].values())


def test_the_command_prints_the_same_for_a_program() -> None:
    """And a table for a person."""
    said = sendproof("evidence", "--json")
    assert (said.status, json.loads(said.out)) == (0, evidence_counts())
    assert "optimove-metrics.yaml" in sendproof("evidence").out
