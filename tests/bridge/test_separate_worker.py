"""Webhooks and worker in processes of their own, on one database."""

import pytest
import requests

from bridge_processes import TOKEN, BridgeProcesses
from running_bridge import wait_until
from stand_in import Reply

PAGE = "fetch_page:acme:505:7001:0"
EVENT = {"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}


@pytest.fixture
def split(tmp_path, services):
    return BridgeProcesses(tmp_path, services.url)


@pytest.mark.slow
def test_worker_does_what_the_webhook_process_stores(split, services):
    """Nothing wakes it: it looks for work each second."""
    services.respond("GetCustomerSendDetailsByChannel", Reply([]))
    with split.webhooks(), split.worker():
        split.post_event(**EVENT)
        wait_until(lambda: split.worker_lines(PAGE), "the page", split.folder / "work.log")

    assert {line["campaign"] for line in split.worker_lines(PAGE)} == {"7001"}
    assert len(services.calls("GetCustomerSendDetailsByChannel")) == 1


def test_webhook_process_alone_makes_no_calls(split, services):
    with split.webhooks():
        split.post_event(**EVENT)

    assert services.received == []


@pytest.mark.slow
def test_worker_refuses_what_would_work_beside_it(split):
    with split.worker():
        refused = [split.run(name) for name in ("work", "serve")]

    assert [(result.returncode, result.stderr[:20]) for result in refused] == [
        (2, "another worker uses "),
        (2, "another bridge uses "),
    ]


def test_worker_without_webhooks_takes_none(split):
    with split.worker():
        path = f"webhooks/optimove/acme/{TOKEN}"
        assert requests.post(f"http://127.0.0.1:{split.worker_port}/{path}", json=EVENT, timeout=60).status_code == 404
