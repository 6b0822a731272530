"""The contract, the README and the code say the same."""

from urllib.parse import parse_qsl

import yaml
from openapi_schema_validator import OAS30Validator

from instants import NINE
from repository import CONTRACTS, ROOT
from sendproof_simulators.core.clock.wall_clock import DAY
from sendproof_simulators.core.messaging.delivery_outcomes import TEST_NUMBERS, number_for_code
from sendproof_simulators.services.textlocal import SIMULATOR
from sendproof_simulators.services.textlocal.dialects import DIALECTS
from sendproof_simulators.services.textlocal.errors import TEXTS


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


def test_the_readme_lists_every_dialect_and_setting(account):
    """With its answers; the first is the default."""
    text = (ROOT / "simulators" / "sendproof_simulators" / "services" / "textlocal" / "README.md").read_text()
    for dialect in DIALECTS:
        answers = ", ".join(f"`{answer.value}`" for answer in dialect.options)
        assert f"| `{dialect.name}` | {answers} |\n" in text
    assert SIMULATOR.settings is not None
    for setting in SIMULATOR.settings.read(account.state):
        assert f"| `{setting}` | " in text


def test_what_is_posted_keeps_to_its_contract(speaking):
    """Every receipt that can be dialled, and a reply."""
    document = yaml.load((CONTRACTS / "textlocal-receipts.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    schemas = document["components"]["schemas"]
    account = speaking(expired_receipts="pushed")
    account.set(receipt_url="http://127.0.0.1:9000/", inbound_url="http://127.0.0.1:9000/inbound")
    taken = [
        number_for_code("GB", test_number.code) for test_number in TEST_NUMBERS if test_number.outcome.refusal is None
    ]
    account.call("send", numbers=",".join(taken), message="Hi")
    posted = [
        *account.last.before_response,
        *(w for _, led_to in account.live_until(NINE + 4 * DAY) for w in led_to.webhooks),
    ]
    for webhook in posted:
        form = dict(parse_qsl(webhook.body.decode(), keep_blank_values=True))
        OAS30Validator(schemas[webhook.event.capitalize()]).validate(form)
    assert {webhook.event for webhook in posted} == {"receipt", "inbound"}
