"""Fixtures of the bridge's tests."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendproof_bridge.storage.store import Store
from small_bridge import HELLO, SmallBridge, bridge_config, open_small_bridge
from stand_in import ReceivedRequest, Reply, StandIn, StandInServer, serving


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a new database."""
    database = Store(tmp_path / "bridge.sqlite")
    yield database
    database.close()


@pytest.fixture(scope="session")
def stand_in_server() -> Iterator[tuple[StandInServer, str]]:
    """Return the server of all stand-ins, and its URL."""
    server = StandInServer()
    with serving(server.app()) as url:
        yield server, url


@pytest.fixture
def services(stand_in_server: tuple[StandInServer, str]) -> StandIn:
    """Return Optimove and Textlocal in one stand-in: one template, no customers, and every message is accepted."""
    stand_in = StandIn()
    server, stand_in.url = stand_in_server
    server.current = stand_in
    stand_in.respond("get_templates", Reply({"templates": [HELLO], "status": "success"}))
    stand_in.respond("GetChannelTemplates", Reply([]))
    stand_in.respond("GetCustomerSendDetailsByChannel", Reply([]))
    stand_in.respond("bulk_json", accept_all)
    stand_in.respond("get_optouts", Reply({"optouts": [], "status": "success"}))
    stand_in.respond("get_history_api", Reply({"messages": [], "status": "success"}))
    # A message is still on its way. Without a response the bridge would retry every few minutes of the virtual weeks.
    pending = {"message": {"recipient": 1, "status": "P", "date": ""}, "status": "success"}
    stand_in.respond("status_message", Reply(pending))
    return stand_in


@pytest.fixture
def bridge(tmp_path: Path, services: StandIn) -> Iterator[SmallBridge]:
    """Return a bridge inside the test."""
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url)) as opened:
        yield opened


def accept_all(request: ReceivedRequest) -> Reply:
    """Accept every message; its id is the number's last three digits."""
    sent = json.loads(request.body["data"])["messages"]
    parts = [{"messages": [{"id": message["number"][-3:], "recipient": int(message["number"])}]} for message in sent]
    return Reply({"messages": parts, "messages_not_sent": [], "status": "success"})
