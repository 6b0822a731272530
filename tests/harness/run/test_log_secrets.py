"""Credentials in the log of a bridge."""

from pathlib import Path

from sendproof_harness.run.log_secrets import leaked_secrets

CREDENTIALS = {"api_key": "4a036017abf7a14ab2ed6bb58165df64941ac1e7", "tenant_id": "882213714982", "short": "1234"}
HANDOVER = {"services": {"optimove": {"url": "http://127.0.0.1:4101", "credentials": CREDENTIALS}}}


def test_credential_in_the_log_is_named_with_its_lines(tmp_path: Path) -> None:
    log = tmp_path / "bridge.log"
    log.write_text("start\nX-API-KEY: {api_key}\nagain {api_key}\n".format(**CREDENTIALS), "utf-8")

    assert leaked_secrets(log, HANDOVER) == [{"service": "optimove", "name": "api_key", "count": 2, "line": 2}]


def test_ids_and_short_values_are_no_secrets(tmp_path: Path) -> None:
    log = tmp_path / "bridge.log"
    log.write_text("tenant 882213714982 sent 1234 messages\n", "utf-8")

    assert leaked_secrets(log, HANDOVER) == []
