"""The reference of operations matches the contracts."""

import json

import pytest
import yaml

from command_line import sendproof
from sendproof_simulators.reference.operations import SourcedText, service_summaries
from sendproof_simulators.services.discovery import contract_file, discover

METHODS = {"get", "post", "put", "patch", "delete"}


def summary_of(service, operation):
    """Return the summary of one operation."""
    (summary,) = (
        candidate
        for known in service_summaries(discover())
        if known.name == service
        for candidate in known.operations
        if candidate.name == operation
    )
    return summary


@pytest.mark.parametrize("name", discover())
def test_reference_lists_each_operation_of_a_contract(name) -> None:
    document = yaml.load(contract_file(discover()[name]).read_bytes(), Loader=yaml.CSafeLoader)
    expected = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item.keys() & METHODS
    }
    (service,) = (known for known in service_summaries(discover()) if known.name == name)
    assert {operation.call for operation in service.operations} == expected
    assert all(statement.source for operation in service.operations for statement in operation.evidence)


def test_limit_has_its_path_and_the_evidence_of_its_keyword() -> None:
    limits = summary_of("optimove", "UpdateCustomerAttributes").limits
    evidence = {limit.text: limit.evidence for limit in limits}
    assert evidence["customers: at most 10,000, dialect attribute_update_limit"] == "documented"
    assert evidence["CustomerNewAttributesValuesList[].Attributes: 1 to 10 items"] == "documented"
    assert evidence["CustomerNewAttributesValuesList[].Attributes[].RealFieldName: 1 to 200 characters"] == "assumed"


def test_bounds_of_number_types_are_left_out() -> None:
    assert not [limit for limit in summary_of("optimove", "GetCampaignDetails").limits if "CampaignID" in limit.text]


def test_errors_are_statuses_and_codes_with_evidence() -> None:
    errors = {error.text: error.evidence for error in summary_of("optimove", "AddChannelTemplates").errors}
    assert list(errors) == ["400", "401", "403", "404", "405", "413", "415", "429"]
    assert (errors["400"], errors["404"], errors["429"]) == ("observed", "assumed", "documented")
    assert summary_of("textlocal", "create_contacts_bulk").errors[-1] == SourcedText(
        "codes 3, 10, 15, 33, 202", "documented"
    )


def test_path_can_have_other_evidence_than_the_function() -> None:
    evidence = summary_of("optimove", "GetLastDataUpdate").evidence
    assert [(statement.text, statement.evidence) for statement in evidence] == [
        ("function", "documented"),
        ("path", "observed"),
    ]


@pytest.mark.slow
def test_command_prints_json_and_a_table_of_operations() -> None:
    output = sendproof("operations", "optimove-metrics", "--json")
    (service,) = json.loads(output.out)
    assert (output.status, service["operations"][0]["call"]) == (0, "POST /api/saveEvent")
    assert "saveEvent" in sendproof("operations", "optimove-metrics").out
    refused = sendproof("operations", "opti")
    assert (refused.status, refused.err) == (3, "sendproof: no service is named 'opti'; did you mean 'optimove'?\n")


def test_list_in_a_pipe_has_one_line_for_each_operation() -> None:
    """Names and limits can be searched with grep, and columns cut at tabs."""
    lines = sendproof("operations", "textlocal").out.splitlines()
    assert lines[0] == "operation\tcall\tlimits\terrors\tevidence"
    (email,) = [line for line in lines if line.startswith("get_history_email\t")]
    assert email.split("\t")[1] == "POST /get_history_email"
    assert {line.count("\t") for line in lines} == {4}
