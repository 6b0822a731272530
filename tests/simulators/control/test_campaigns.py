"""Planning campaigns over the control API: one channel or several, conditional, cancelled."""

from typing import Any

import pytest
import requests

from running import RunningSimulators

CHANNELS = [{"id": id_, "provider": "textlocal"} for id_ in (505, 506)]
SPLITS = [{"share": 1, "template": "Hello", "send_at": "2026-03-02T09:00:00Z"}]


@pytest.fixture
def campaigns(simulators: RunningSimulators) -> str:
    """The campaigns of a sandbox with a template on both channels; it is six o'clock."""
    clock = {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}
    made = simulators.call("POST", "/sandboxes", {"seed": 1, "clock": clock, "channels": CHANNELS})
    path, service = f"/sandboxes/{made['sandbox']}", made["services"]["optimove"]
    templates = [{"id": 14, "title": "Hello", "body": "Dear {{FIRST_NAME}}"}]
    simulators.call("POST", path + "/providers/textlocal/templates", templates)
    for channel in CHANNELS:
        url = f"{service['url']}/integrations/AddChannelTemplates?ChannelID={channel['id']}"
        headers = {"x-api-key": service["credentials"]["api_key"]}
        requests.post(url, json=[{"TemplateID": 14, "TemplateName": "Hello"}], headers=headers, timeout=60)
    return f"{simulators.control}/control{path}/campaigns"


def plan(campaigns: str, **given: Any) -> tuple[int, Any]:
    """Plan campaign 7; answers status and body."""
    response = requests.post(campaigns, json={"campaign": 7, "customers": 3, **given}, timeout=60)
    return response.status_code, response.json()


def test_a_campaign_with_several_channels_is_one_campaign(simulators: RunningSimulators, campaigns: str) -> None:
    """Its truth is told channel by channel."""
    parts = [{"channel": 505, "splits": SPLITS}, {"channel": 506, "splits": SPLITS}]
    status, made = plan(campaigns, channels=parts, conditional={"clearance_by": "2026-03-02T08:00:00Z"})
    assert (status, made["channels"], made["clearance_by"]) == (201, [505, 506], "2026-03-02T08:00:00.000Z")
    sandbox = campaigns.split("/")[-2]
    simulators.call("POST", f"/sandboxes/{sandbox}/clock/advance", {"to": "2026-03-02T08:00:00Z"})
    expectations = [line for line in simulators.history(sandbox) if line["kind"] in {"campaign", "obligation"}]
    told = [(line["kind"], line["channel"]) for line in expectations]
    assert told == [(kind, channel) for channel in (505, 506) for kind in ("campaign", *["obligation"] * 3)]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 400),
        ({"channel": 505}, 400),
        ({"channel": 505, "splits": SPLITS, "channels": [{"channel": 506, "splits": SPLITS}]}, 400),
        ({"channels": [{"channel": 505, "splits": SPLITS}] * 2}, 409),
        ({"channel": 507, "splits": SPLITS}, 409),
        ({"channel": 505, "splits": SPLITS, "day": "2026-03-03"}, 409),
        ({"channel": 505, "splits": SPLITS, "conditional": {}}, 400),
        ({"channel": 505, "splits": SPLITS, "conditional": {"clearance_by": "2026-03-02T09:00:01Z"}}, 409),
        ({"channel": 505, "splits": SPLITS, "conditional": {"clearance_by": "2026-03-02T09:00:00Z"}}, 201),
    ],
)
def test_plans_that_make_no_sense_are_refused(campaigns: str, given: dict[str, Any], status: int) -> None:
    """And nothing is planned."""
    assert plan(campaigns, **given)[0] == status
    assert requests.get(campaigns + "/7", timeout=60).status_code == (200 if status == 201 else 404)


def test_a_campaign_is_cancelled_once(campaigns: str) -> None:
    """The second time is refused, and an unknown one is not found."""
    plan(campaigns, channel=505, splits=SPLITS)
    replies = [requests.post(f"{campaigns}/{id_}/cancel", timeout=60) for id_ in (7, 7, 8)]
    assert [response.status_code for response in replies] == [200, 409, 404]
    assert (replies[0].json()["state"], replies[0].json()["cancelled_at"]) == ("cancelled", "2026-03-02T06:00:00.000Z")
