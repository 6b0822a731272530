"""The table of every operation is what the contracts say."""

import json

import pytest
import yaml

from command_line import sendproof
from sendproof_simulators.reference.operations import Told, services
from sendproof_simulators.services.discovery import contract_file, discover

METHODS = {"get", "post", "put", "patch", "delete"}


def described(service, operation):
    """One operation."""
    (found,) = (
        one for each in services(discover()) if each.name == service for one in each.operations if one.name == operation
    )
    return found


@pytest.mark.parametrize("name", discover())
def test_every_operation_of_a_contract_is_there(name) -> None:
    """With its method and path."""
    document = yaml.load(contract_file(discover()[name]).read_bytes(), Loader=yaml.CSafeLoader)
    expected = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item.keys() & METHODS
    }
    (service,) = (one for one in services(discover()) if one.name == name)
    assert {one.call for one in service.operations} == expected
    assert all(told.source for one in service.operations for told in one.evidence)


def test_limits_have_the_evidence_of_the_keyword() -> None:
    """The path to a member says what is limited."""
    told = described("optimove", "UpdateCustomerAttributes").limits
    said = {one.text: one.evidence for one in told}
    assert said["customers: at most 1,000, dialect attribute_update_limit"] == "documented"
    assert said["CustomerNewAttributesValuesList[].Attributes: 1 to 10 items"] == "documented"
    assert said["CustomerNewAttributesValuesList[].Attributes[].RealFieldName: 1 to 200 characters"] == "assumed"


def test_bounds_of_number_types_are_no_limits() -> None:
    """Ids may be as large as their type."""
    assert not [one for one in described("optimove", "GetCampaignDetails").limits if "CampaignID" in one.text]


def test_errors_are_statuses_and_codes() -> None:
    """Each with its own evidence."""
    errors = {one.text: one.evidence for one in described("optimove", "AddChannelTemplates").errors}
    assert list(errors) == ["400", "401", "403", "404", "405", "413", "415", "429"]
    assert (errors["400"], errors["404"], errors["429"]) == ("observed", "assumed", "documented")
    assert described("textlocal", "create_contacts_bulk").errors[-1] == Told("codes 3, 10, 15, 33, 202", "documented")


def test_the_path_may_be_known_from_somebody_else_than_the_function() -> None:
    """Then both are told."""
    evidence = described("optimove", "GetLastDataUpdate").evidence
    assert [(one.text, one.evidence) for one in evidence] == [("function", "documented"), ("path", "observed")]


def test_the_command_prints_for_people_and_programs() -> None:
    """All services, or one."""
    said = sendproof("operations", "optimove-metrics", "--json")
    (service,) = json.loads(said.out)
    assert (said.status, service["operations"][0]["call"]) == (0, "POST /api/saveEvent")
    assert "saveEvent" in sendproof("operations", "optimove-metrics").out
    wrong = sendproof("operations", "opti")
    assert (wrong.status, wrong.err.startswith("sendproof: expected a service, one of delivyr, optimove, ")) == (
        3,
        True,
    )
