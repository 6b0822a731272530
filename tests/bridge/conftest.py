"""What the bridge's tests share."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendproof_bridge.storage.store import Store
from small_bridge import HELLO, Small, opened, settings
from stand_in import Says, Seen, Stage, StandIn, serving


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new database."""
    opened = Store(tmp_path / "bridge.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, str]]:
    """The server of all stand-ins, and its address."""
    made = Stage()
    with serving(made.app()) as url:
        yield made, url


@pytest.fixture
def outside(stage: tuple[Stage, str]) -> StandIn:
    """Optimove and Textlocal in one: one template, no customers, and every message is accepted."""
    one = StandIn()
    stage[0].now_playing, one.url = one, stage[1]
    one.say("get_templates", Says({"templates": [HELLO], "status": "success"}))
    one.say("GetChannelTemplates", Says([]))
    one.say("GetCustomerSendDetailsByChannel", Says([]))
    one.say("bulk_json", accepts)
    one.say("get_optouts", Says({"optouts": [], "status": "success"}))
    one.say("get_history_api", Says({"messages": [], "status": "success"}))
    # Still under way. Without an answer the bridge would ask again every few minutes of the weeks that tests let pass.
    one.say("status_message", Says({"message": {"recipient": 1, "status": "P", "date": ""}, "status": "success"}))
    return one


@pytest.fixture
def small(tmp_path: Path, outside: StandIn) -> Iterator[Small]:
    """A bridge inside the test."""
    with opened(tmp_path, settings(tmp_path, outside.url)) as made:
        yield made


def accepts(seen: Seen) -> Says:
    """Take every message; the provider's id of a number is the number's last three digits."""
    sent = json.loads(seen.body["data"])["messages"]
    parts = [{"messages": [{"id": one["number"][-3:], "recipient": int(one["number"])}]} for one in sent]
    return Says({"messages": parts, "messages_not_sent": [], "status": "success"})
