"""Credentials in the log of a bridge, and in its responses."""

from base64 import b64encode
from pathlib import Path

import pytest

from sendproof_harness.run.log_secrets import leaked_secrets, shown_secrets

CREDENTIALS = {"api_key": "4a036017abf7a14ab2ed6bb58165df64941ac1e7", "tenant_id": "882213714982", "short": "1234"}
HANDOVER = {"services": {"optimove": {"url": "http://127.0.0.1:4101", "credentials": CREDENTIALS}}}


def test_credential_in_the_log_is_named_with_its_lines(tmp_path: Path) -> None:
    log = tmp_path / "bridge.log"
    log.write_text("start\nX-API-KEY: {api_key}\nagain {api_key}\n".format(**CREDENTIALS), "utf-8")

    assert leaked_secrets(log, HANDOVER) == [{"service": "optimove", "name": "api_key", "count": 2, "line": 2}]


@pytest.mark.parametrize("name", ["", "u", "us", "relay-user"])
def test_credential_is_found_in_base64_at_any_place_of_a_text(tmp_path: Path, name: str) -> None:
    """AUTH PLAIN of a mail relay has the name before the password, at a place that depends on its length."""
    log = tmp_path / "bridge.log"
    plain = f"\0{name}\0{CREDENTIALS['api_key']}".encode()
    log.write_text(f"send: 'AUTH PLAIN {b64encode(plain).decode()}'\n", "utf-8")

    assert leaked_secrets(log, HANDOVER) == [{"service": "optimove", "name": "api_key", "count": 1, "line": 1}]


def test_ids_and_short_values_are_no_secrets(tmp_path: Path) -> None:
    log = tmp_path / "bridge.log"
    log.write_text("tenant 882213714982 sent 1234 messages\n", "utf-8")

    assert leaked_secrets(log, HANDOVER) == []


def test_proofs_of_origin_of_webhooks_are_secrets_but_the_token_of_the_address_is_not(tmp_path: Path) -> None:
    """Servers on the way log addresses."""
    secret, token, path = "d41d8cd98f00b204e980", "5f4dcc3b5aa765d61d83", "0cc175b9c0f1b6a831c3"
    proofs = {"webhook_secrets": {"xtremepush": secret}, "webhook_logins": {"xtremepush": {"token": token}}}
    log = tmp_path / "bridge.log"
    log.write_text(f"POST /receipts?token={path}\nBearer {token}\n{secret}\n", "utf-8")

    assert leaked_secrets(log, HANDOVER | proofs | {"webhook_token": path}) == [
        {"service": "xtremepush", "name": "token of the webhooks", "count": 1, "line": 2},
        {"service": "xtremepush", "name": "secret of the webhooks", "count": 1, "line": 3},
    ]


@pytest.mark.parametrize("written", ["5f4dcc3b5aa765d61d83", "Basic eHRyZW1lcHVzaDo1ZjRkY2MzYjVhYTc2NWQ2MWQ4Mw=="])
def test_login_of_webhooks_in_the_log_is_named_also_in_base64(tmp_path: Path, written: str) -> None:
    login = {"username": "xtremepush", "password": "5f4dcc3b5aa765d61d83"}
    log = tmp_path / "bridge.log"
    log.write_text(f"Authorization: {written}\n", "utf-8")

    assert leaked_secrets(log, HANDOVER | {"webhook_logins": {"xtremepush": login}}) == [
        {"service": "xtremepush", "name": "password of the webhooks", "count": 1, "line": 1}
    ]


def test_credential_in_a_response_is_named_once() -> None:
    """Two clients may share an account at a provider."""
    body = "500: no column {api_key} in {{'tenant_id': '{tenant_id}'}}".format(**CREDENTIALS).encode()

    assert shown_secrets(body, [HANDOVER, HANDOVER]) == ["api_key of optimove"]
    assert shown_secrets(b"expected CampaignID", [HANDOVER]) == []
