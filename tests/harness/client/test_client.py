"""The Python client, against running simulators."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import requests

from running import RunningSimulators
from sendproof.client import ControlError, Sandbox, Simulators

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
NUMBER = "447700900123"


@pytest.fixture
def sandbox(simulators: RunningSimulators):
    """Return a sandbox on the virtual clock, with ten customers."""
    with Simulators(simulators.control) as client:
        clock = {"mode": "virtual", "start": START.isoformat()}
        made = client.create_sandbox({"seed": 7, "clock": clock, "audience": {"customers": 10}})
        yield made
        made.delete()


def send(sandbox: Sandbox, text: str) -> None:
    """Send a message with Textlocal, as a bridge would."""
    service = sandbox.service("textlocal")
    form = {"apikey": service.credentials["apikey"], "numbers": NUMBER, "message": text}
    assert requests.post(f"{service.url}/send/", data=form, timeout=60).json()["status"] == "success"


def test_message_is_delivered_when_time_passes(sandbox):
    send(sandbox, "Hello")
    assert [message["state"] for message in sandbox.messages()] == ["pending"]
    assert sandbox.clock.advance(timedelta(hours=1)) == START + timedelta(hours=1)
    [message] = sandbox.messages(state="delivered")
    assert (message["number"], message["text"], message["provider"]) == (NUMBER, "Hello", "textlocal")
    assert sandbox.message("textlocal", message["id"])["states"][-1]["state"] == "delivered"


def test_lists_begin_with_the_oldest_and_have_all_pages(sandbox):
    for text in ("first", "second", "third"):
        send(sandbox, text)
    assert [message["text"] for message in sandbox.messages()] == ["first", "second", "third"]
    assert [request["operation"] for request in sandbox.requests(service="textlocal")] == ["send"] * 3
    assert [entry["kind"] for entry in sandbox.journal()].count("delivery") == 3
    assert len(list(sandbox.customers())) == 10


def test_fault_is_injected_into_a_call(sandbox):
    [fault] = sandbox.add_faults({"fault": "status", "call": "textlocal.send", "status": 503})
    service = sandbox.service("textlocal")
    reply = requests.post(f"{service.url}/send/", data={"apikey": service.credentials["apikey"]}, timeout=60)
    assert (reply.status_code, sandbox.faults()[0]["injected"], fault["call"]) == (503, 1, "textlocal.send")


def test_campaign_is_announced_when_time_passes(sandbox):
    with pytest.raises(ControlError, match="News"):
        sandbox.schedule_campaign(
            {
                "campaign": 7001,
                "channel": 505,
                "customers": 10,
                "splits": [{"share": 1, "template": "News", "send_at": "2026-03-02T09:00:00Z"}],
            }
        )
    [template] = sandbox.add_templates("textlocal", [{"title": "News", "body": "Hello {{FIRST_NAME}}"}])
    assert template["title"] == "News"


def test_handover_names_the_clock_and_the_address_of_the_bridge(sandbox, tmp_path: Path):
    sandbox.write_handover(tmp_path / "handover.json", ("127.0.0.1", 9123))
    handover = msgspec.json.decode((tmp_path / "handover.json").read_bytes())
    assert handover["clock_url"] == sandbox.clock.url
    assert handover["listen"] == {"host": "127.0.0.1", "port": 9123}


def test_files_can_be_named_by_text(sandbox, tmp_path: Path):
    sandbox.write_handover(f"{tmp_path}/handover.json")
    sandbox.save_history(f"{tmp_path}/history.ndjson")
    assert {file.name for file in tmp_path.iterdir()} == {"handover.json", "history.ndjson"}


def test_unknown_service_is_an_error_with_the_known_ones(sandbox):
    with pytest.raises(KeyError, match=r"expected one of delivyr, .*, got 'texlocal'"):
        sandbox.service("texlocal")


def test_reset_and_snapshot_restore_an_earlier_state(sandbox):
    send(sandbox, "before")
    sandbox.create_snapshot("one-message")
    send(sandbox, "after")
    sandbox.restore_snapshot("one-message")
    assert [message["text"] for message in sandbox.messages()] == ["before"]
    sandbox.reset()
    assert sandbox.messages() == []


def test_unknown_sandbox_is_an_error_with_its_status(simulators: RunningSimulators):
    with (
        Simulators(simulators.control) as client,
        pytest.raises(ControlError, match="no sandbox is named 'x'") as refused,
    ):
        client.sandbox("x")
    assert refused.value.status == 404
