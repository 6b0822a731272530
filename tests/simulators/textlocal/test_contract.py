"""Agreement of contract, README and code."""

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


def test_contract_and_code_have_equal_error_codes(contract):
    codes = contract.document["x-codes"]
    assert {entry["code"]: entry["text"] for entry in codes if entry["kind"] == "error"} == TEXTS


def test_every_command_accepts_get_and_post_with_one_handler(contract):
    for path, item in contract.document["paths"].items():
        assert item["get"]["x-handler"] == item["post"]["x-handler"] == item["post"]["operationId"], path
        assert item["get"]["operationId"] == item["post"]["operationId"] + "_get"


def test_error_codes_of_commands_are_in_contract(contract):
    for item in contract.document["paths"].values():
        assert set(item["post"]["x-error-codes"]) <= set(TEXTS)


def test_readme_lists_every_dialect_and_setting(account):
    """The first option of a dialect is the default."""
    text = (ROOT / "simulators" / "sendproof_simulators" / "services" / "textlocal" / "README.md").read_text()
    for dialect in DIALECTS:
        options = ", ".join(f"`{option.value}`" for option in dialect.options)
        assert f"| `{dialect.name}` | {options} |\n" in text
    assert SIMULATOR.settings is not None
    for setting in SIMULATOR.settings.read(account.state):
        assert f"| `{setting}` | " in text


def test_webhooks_match_their_contract(account_with):
    """Checked for every test number that sends a receipt or a reply."""
    document = yaml.load((CONTRACTS / "textlocal-receipts.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    schemas = document["components"]["schemas"]
    account = account_with(expired_receipts="pushed")
    account.set(receipt_url="http://127.0.0.1:9000/", inbound_url="http://127.0.0.1:9000/inbound")
    accepted = [
        number_for_code("GB", test_number.code) for test_number in TEST_NUMBERS if test_number.outcome.refusal is None
    ]
    account.call("send", numbers=",".join(accepted), message="Hi")
    posted = [
        *account.last.before_response,
        *(webhook for _, effects in account.run_until(NINE + 4 * DAY) for webhook in effects.webhooks),
    ]
    for webhook in posted:
        form = dict(parse_qsl(webhook.body.decode(), keep_blank_values=True))
        OAS30Validator(schemas[webhook.event.capitalize()]).validate(form)
    assert {webhook.event for webhook in posted} == {"receipt", "inbound"}


def test_forged_copy_of_a_reply_says_stop(account_with):
    """Replies that change the consent say nothing new."""
    account = account_with()
    account.set(inbound_url="http://127.0.0.1:9000/inbound")
    account.call("send", numbers=f"{number_for_code('GB', '40')},{number_for_code('GB', '43')}", message="Hi")
    posted = [webhook for _, effects in account.run_until(NINE + DAY) for webhook in effects.webhooks]
    forged = {str(webhook.about["text"]): webhook.forged_body for webhook in posted}
    (thanks,) = (body for body in forged.values() if body is not None)
    assert len(forged) == 2
    assert dict(parse_qsl(thanks.decode(), keep_blank_values=True))["content"] == "STOP"
