"""Fixtures of the bridge's tests."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from empty_database import EmptyDatabase
from postgres_server import PostgresUnavailableError, postgres_server
from sendproof_bridge.config_fields import PostgresUrl
from sendproof_bridge.storage.open_store import open_store
from sendproof_bridge.storage.store import Store
from small_bridge import DATABASE_URL, HELLO, SmallBridge, bridge_config, database_in, open_small_bridge
from stand_in import ReceivedRequest, Reply, StandIn, StandInServer, serving


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[EmptyDatabase]:
    """Return a PostgreSQL database that all tests of a worker share, each without the rows of the others."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server())
        except PostgresUnavailableError as error:
            pytest.skip(f"PostgreSQL cannot run: {error}")
        yield stack.enter_context(closing(EmptyDatabase(server.url())))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.exhaustive)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | PostgresUrl:
    """Return an empty database: the test runs with each kind. `small_bridge.database_in` finds it by the folder."""
    if request.param == "postgresql":
        shared: EmptyDatabase = request.getfixturevalue("postgres_database")
        shared.clear()
        (tmp_path / DATABASE_URL).write_text(shared.url)
    return database_in(tmp_path)


@pytest.fixture
def store(database: Path | PostgresUrl) -> Iterator[Store]:
    """Return a new database."""
    with closing(open_store(database)) as opened:
        yield opened


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
def bridge(tmp_path: Path, database: Path | PostgresUrl, services: StandIn) -> Iterator[SmallBridge]:
    """Return a bridge inside the test."""
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url)) as opened:
        yield opened


def accept_all(request: ReceivedRequest) -> Reply:
    """Accept every message; its id is the number's last three digits."""
    sent = json.loads(request.body["data"])["messages"]
    parts = [{"messages": [{"id": message["number"][-3:], "recipient": int(message["number"])}]} for message in sent]
    return Reply({"messages": parts, "messages_not_sent": [], "status": "success"})
