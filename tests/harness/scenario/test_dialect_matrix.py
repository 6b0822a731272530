"""Variants of a scenario for the dialects of the services that it uses, and what the handover says about them."""

import dataclasses
from datetime import datetime

import pytest

from repository import ROOT
from sendproof_harness.handover.format import optimove_key_name
from sendproof_harness.handover.reader import parse_client
from sendproof_harness.handover.write import handover_content
from sendproof_harness.scenario.dialect_matrix import dialect_variants
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import Scenario

LIBRARY = ROOT / "scenarios"
CUSTOMERS = {"country": "GB", "attributes": {"phone": "PHONENUMBER"}}


def dialect(name: str, *options: str) -> dict[str, object]:
    """Return a dialect in the form of the control API; the first option is the default."""
    return {"name": name, "options": [{"value": option} for option in options]}


CATALOGUE = {
    "optimove": [
        dialect("empty_result", "list", "not_found", "no_content"),
        dialect("personal_info", "present", "absent"),
    ],
    "optimove-metrics": [dialect("success_body", "status", "empty")],
    "textlocal": [dialect("error_status", "200", "400")],
    "delivyr": [dialect("reply", "with_id", "bare")],
}


def variants(file: str) -> dict[str, Scenario]:
    """Return the variants of a library scenario for its first provider."""
    return dialect_variants({"it": load_scenarios(LIBRARY / file)[0]}, CATALOGUE)


def test_each_other_option_is_one_variant() -> None:
    """Only the dialects of Optimove and of the scenario's own provider count."""
    assert {name: dict(variant.dialects) for name, variant in variants("triggered/third_visit.yaml").items()} == {
        "it": {},
        "it-optimove.empty_result-not_found": {"optimove.empty_result": "not_found"},
        "it-optimove.empty_result-no_content": {"optimove.empty_result": "no_content"},
        "it-optimove.personal_info-absent": {"optimove.personal_info": "absent"},
        "it-textlocal.error_status-400": {"textlocal.error_status": "400"},
    }


def test_signed_events_add_the_dialects_of_their_service() -> None:
    assert "it-optimove-metrics.success_body-empty" in variants("reporting/signed_events.yaml")


def test_dialect_that_the_scenario_sets_is_not_varied() -> None:
    """Its story depends on that option, which all variants keep."""
    without_personal_info = variants("triggered/without_personal_information.yaml")
    assert "it-optimove.personal_info-present" not in without_personal_info
    assert {variant.dialects["optimove.personal_info"] for variant in without_personal_info.values()} == {"absent"}


def test_bridge_that_looks_up_customers_gets_the_admin_key() -> None:
    """Where a key for third parties cannot look up customers, no bridge could pass."""
    assert optimove_key_name({"bridge": {"looks_up_customers": True}}) == "admin_key"


@pytest.mark.parametrize(
    ("dialects", "settings"),
    [
        ({}, {}),
        ({"optimove.metric_values": "additive"}, {"metric_values": "additive"}),
        ({"optimove.communication_modes": "0_is_out"}, {"opt_out_mode": 0}),
        ({"optimove.personal_info": "absent"}, {}),
        ({"optimove.personal_info": "absent", "optimove.customer_look_up": "refused"}, {"looks_up_customers": True}),
        (
            {
                "optimove.personal_info": "absent",
                "optimove.customer_look_up": "refused",
                "optimove.unlisted_functions": "allowed",
            },
            {},
        ),
    ],
)
def test_handover_contains_options_that_no_request_reveals(
    dialects: dict[str, str], settings: dict[str, object]
) -> None:
    """A real client learns them from Optimove; the preflight checks read these keys as well."""
    third_visit = load_scenarios(LIBRARY / "triggered" / "third_visit.yaml")[0]
    scenario = dataclasses.replace(third_visit, dialects=dialects)
    access = {"optimove": {"url": "http://127.0.0.1:1", "credentials": {}}}
    sandbox = {"sandbox": "it", "seed": 1, "services": access, "channels": [{"id": 250, "provider": "textlocal"}]}
    content = handover_content("http://127.0.0.1:1", {**sandbox, **CUSTOMERS}, None, scenario)

    assert content["bridge"] == settings
    assert parse_client(content, "it").key == ("admin_key" if settings.get("looks_up_customers") else "api_key")


@pytest.mark.parametrize(("exclude", "needs_key"), [((), False), (("FIRST_NAME",), True)])
def test_event_that_leaves_out_attributes_needs_the_admin_key(exclude: tuple[str, ...], needs_key: bool) -> None:
    """Where a key for third parties cannot look up customers, no bridge could fill in the text."""
    third_visit = load_scenarios(LIBRARY / "triggered" / "third_visit.yaml")[0]
    triggers = (dataclasses.replace(third_visit.triggers[0], exclude=exclude),)
    scenario = dataclasses.replace(third_visit, triggers=triggers, dialects={"optimove.customer_look_up": "refused"})
    access = {"optimove": {"url": "http://127.0.0.1:1", "credentials": {}}}
    sandbox = {"sandbox": "it", "seed": 1, "services": access, "channels": [{"id": 250, "provider": "textlocal"}]}
    content = handover_content("http://127.0.0.1:1", {**sandbox, **CUSTOMERS}, None, scenario)

    assert content["bridge"].get("looks_up_customers", False) is needs_key


CREDENTIALS = {"api_key": "a", "admin_key": "b", "username": "c", "password": "d"}


def credentials(starts: str = "2026-03-02T06:00:00+00:00", opt_outs: str = "preference", **dialects: str) -> set[str]:
    """Return the names of Optimove's credentials in the handover of a scenario."""
    scenario = load_scenarios(LIBRARY / "triggered" / "third_visit.yaml")[0]
    scenario = dataclasses.replace(
        scenario,
        starts=datetime.fromisoformat(starts),
        dialects={f"optimove.{name}": option for name, option in dialects.items()},
        bridge=dataclasses.replace(scenario.bridge, opt_outs=opt_outs),
    )
    access = {"optimove": {"url": "http://127.0.0.1:1", "credentials": CREDENTIALS}}
    sandbox = {"sandbox": "it", "seed": 1, "services": access, "channels": [], "country": "GB", "attributes": {}}
    return set(handover_content("", sandbox, None, scenario)["services"]["optimove"]["credentials"])


def test_handover_has_only_the_credentials_that_a_bridge_may_use() -> None:
    """A vendor gets one key of the type that its tasks need."""
    assert credentials() == {"api_key"}
    assert credentials(opt_outs="attribute") == {"api_key", "admin_key"}
    assert credentials(personal_info="absent", customer_look_up="refused") == {"api_key", "admin_key"}
    assert credentials(password_login="accepted") == {"api_key", "username", "password"}
    assert credentials(starts="2024-01-31T23:00:00+00:00") == {"api_key", "username", "password"}


def test_indian_textlocal_gets_a_sender_that_is_approved_there() -> None:
    """In other countries the sender is the project's own name."""
    scenario = load_scenarios(LIBRARY / "triggered" / "third_visit.yaml")[0]
    sandbox = {"sandbox": "it", "seed": 1, "services": {}, "channels": [], **CUSTOMERS}
    indian = dataclasses.replace(scenario, dialects={"textlocal.variant": "india"})

    assert [handover_content("", sandbox, None, variant)["sender"] for variant in (scenario, indian)] == [
        "Sendproof",
        "TXTLCL",
    ]
