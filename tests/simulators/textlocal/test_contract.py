"""The contract and the code say the same."""

from sendproof_simulators.textlocal.errors import TEXTS


def test_every_code_is_in_the_contract_with_its_text(contract):
    """And the contract lists no code that cannot be answered."""
    codes = contract.document["x-codes"]
    assert {entry["code"]: entry["text"] for entry in codes if entry["kind"] == "error"} == TEXTS


def test_every_command_can_be_got_and_posted(contract):
    """Both lead to one handler."""
    for path, item in contract.document["paths"].items():
        assert item["get"]["x-handler"] == item["post"]["x-handler"] == item["post"]["operationId"], path
        assert item["get"]["operationId"] == item["post"]["operationId"] + "_get"


def test_the_codes_of_a_command_are_codes_of_the_contract(contract):
    """Each is explained."""
    for item in contract.document["paths"].values():
        assert set(item["post"]["x-error-codes"]) <= set(TEXTS)
