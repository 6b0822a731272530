"""The commands for jobs that were given up, with the database of a bridge."""

import json

import pytest

from sendproof_bridge.cli import main
from sendproof_bridge.clock import HOUR
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.inbound.status import campaign_status
from small_bridge import NOON, database_setting, recipient_row
from stand_in import Reply

CONFIG = """
[bridge]
database = "{database}"
listen = "127.0.0.1:0"
public_url = "http://bridge.test"
[[clients]]
name = "acme"
optimove_url = "{url}"
optimove_api_key = "a-key"
webhook_token = "a-token-for-tests"
[[clients.channels]]
id = 505
provider = "textlocal"
url = "{url}"
apikey = "a-key"
sender = "Acme"
phone_attribute = "PHONE"
consent_attribute = "CONSENT"
"""
PAGE = "fetch_page:acme:505:7001:0"
BATCH = "send_batch:acme:505-7001-0-0"


@pytest.fixture
def command(tmp_path, services, bridge, capsys):
    """Return a function that runs a command; it returns the exit status and both outputs."""
    (tmp_path / "bridge.toml").write_text(CONFIG.format(url=services.url, database=database_setting(tmp_path)))

    def run(name, *arguments):
        status = main([name, "--config", str(tmp_path / "bridge.toml"), *arguments])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def dead_page(bridge):
    """Have Optimove's page given up."""
    bridge.start_campaign()
    bridge.execute("UPDATE job SET state = 'dead', attempts = 6, last_error = 'refused with 400'")


def test_status_shows_control_characters_of_a_service_as_escapes(command, bridge, dead_page):
    """A terminal would obey them, and a line end would forge a line."""
    bridge.execute("UPDATE job SET last_error = :error WHERE state = 'dead'", error="no\x1b[2J\ndead: forged")

    assert command("status")[1].splitlines()[1:] == [f"dead: {PAGE}: no\\u001b[2J\\u000adead: forged"]


def test_status_hides_secrets_that_a_service_repeats(command, bridge, dead_page):
    """A refusal may quote the URL that the bridge registered."""
    refusal = "refused: http://bridge.test/webhooks/optimove/acme/a-token-for-tests"
    bridge.execute("UPDATE job SET last_error = :error WHERE state = 'dead'", error=refusal)

    assert command("status")[1].splitlines()[1:] == [
        f"dead: {PAGE}: refused: http://bridge.test/webhooks/optimove/acme/***"
    ]
    assert "a-token-for-tests" not in command("status", "--json")[1]


def test_reasons_of_a_campaign_hide_secrets(bridge, services):
    services.respond("GetCustomerSendDetailsByChannel", Reply([recipient_row("C1")]), Reply([]))
    refusal = {"errors": [{"code": 43, "message": "no such sender, a-token-for-tests"}], "status": "failure"}
    services.respond("bulk_json", Reply(refusal))
    bridge.start_campaign()
    bridge.run(until=NOON + HOUR)

    seen = campaign_status(bridge.context, CampaignKey("acme", 505, "7001"))
    assert list(seen["reasons"]) == ["Textlocal bulk_json: 43 no such sender, ***"]


def test_status_lists_each_failed_job(command, dead_page):
    assert command("status")[:2] == (
        1,
        f"jobs: due 0, running 0, done 0, unknown 0, dead 1, dropped 0\ndead: {PAGE}: refused with 400\n",
    )


def test_status_without_failed_jobs_exits_with_0(command):
    assert command("status")[0] == 0


def test_status_as_json_is_that_of_the_operator(command, dead_page):
    assert json.loads(command("status", "--json")[1])["problems"] == [f"{PAGE}: dead: refused with 400"]


@pytest.mark.parametrize("selection", [[PAGE], ["--all"]])
def test_retried_job_succeeds_beside_the_running_bridge(command, dead_page, bridge, services, selection):
    services.respond("GetCustomerSendDetailsByChannel", Reply([recipient_row("C1")]), Reply([]))

    assert command("retry", *selection)[:2] == (0, f"will be retried: {PAGE}\n")
    bridge.run()
    assert bridge.query("SELECT state FROM message") == ["accepted"]


def test_dropped_job_is_not_tried_by_the_next_start(command, dead_page, bridge, services):
    assert command("drop", PAGE)[:2] == (0, f"dropped: {PAGE}\n")
    bridge.run()

    assert bridge.query("SELECT state FROM job WHERE id = :id", id=PAGE) == ["dropped"]
    assert services.calls("GetCustomerSendDetailsByChannel") == []


@pytest.mark.parametrize(("began", "state"), [("planned", "dropped"), ("sending", "unknown")])
def test_messages_of_a_dropped_batch_are_in_the_reports(command, bridge, services, began, state):
    """Without that, fewer customers would be reported than targeted. A call may have sent them."""
    services.respond("GetCustomerSendDetailsByChannel", Reply([recipient_row("C1", at="2026-03-02 13:00:00")]), Reply())
    bridge.start_campaign()
    bridge.run()
    bridge.execute("UPDATE job SET state = 'dead' WHERE id = :id", id=BATCH)
    bridge.execute("UPDATE batch SET state = :state", state=began)
    command("drop", BATCH)

    assert bridge.query("SELECT state, reason FROM message") == [(state, "given_up")]
    assert bridge.query("SELECT COUNT(*) FROM job WHERE kind = 'push_metrics'") == [29]


def test_batch_of_a_client_that_is_no_longer_configured_is_dropped(command, bridge):
    """It is given up for that reason."""
    payload = '{"client": "gone", "channel": 505, "campaign": "7001", "batch": "b"}'
    bridge.start_campaign()
    bridge.execute("UPDATE job SET state = 'dead', kind = 'send_batch', payload = :payload", payload=payload)

    assert command("drop", "--all")[0] == 0
    assert bridge.query("SELECT state FROM job") == ["dropped"]


def test_unknown_job_is_only_retried_on_the_word_of_the_operator(command, dead_page, bridge):
    payload = '{"client": "acme", "begun": true}'
    bridge.execute("UPDATE job SET state = 'unknown', payload = :payload", payload=payload)
    refused = command("retry", PAGE)

    assert (refused[0], "might double it" in refused[2]) == (2, True)
    assert command("retry", PAGE, "--had-no-effect")[0] == 0
    assert bridge.query("SELECT state, payload FROM job") == [("due", '{"client": "acme"}')]


def test_waiting_job_is_retried_at_once(command, bridge, services):
    """After an operator has replaced a key, the next attempt would be up to an hour away."""
    bridge.start_campaign()
    bridge.execute("UPDATE job SET last_error = 'credentials refused (401)', due_at = :due", due=NOON + HOUR)

    assert command("retry", "--all")[:2] == (0, f"will be retried: {PAGE}\n")
    bridge.run()
    assert len(services.calls("GetCustomerSendDetailsByChannel")) == 1


def test_waiting_job_is_not_dropped(command, bridge):
    bridge.start_campaign()
    bridge.execute("UPDATE job SET last_error = 'credentials refused (401)'")

    assert command("drop", PAGE)[0] == 2


def test_all_leaves_out_jobs_with_unknown_effect(command, dead_page, bridge):
    bridge.execute("UPDATE job SET state = 'unknown'")

    assert command("drop", "--all")[:2] == (0, "no such job\n")


@pytest.mark.parametrize("arguments", [[], ["--all", PAGE], ["another"]])
def test_wrong_selection_exits_with_status_2(command, dead_page, bridge, arguments):
    assert command("retry", *arguments)[0] == 2
    assert bridge.query("SELECT state FROM job") == ["dead"]
