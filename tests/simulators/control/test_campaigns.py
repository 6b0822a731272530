"""Campaigns in the control API: one channel or several, conditional, cancelled."""

from typing import Any

import pytest
import requests

from running import RunningSimulators

CHANNELS = [{"id": id_, "provider": "textlocal"} for id_ in (505, 506)]
SPLITS = [{"share": 1, "template": "Hello", "send_at": "2026-03-02T09:00:00Z"}]


@pytest.fixture
def campaigns(simulators: RunningSimulators) -> str:
    """Return the URL of the campaigns of a sandbox at six o'clock, with a template on both channels."""
    clock = {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}
    sandbox = simulators.call("POST", "/sandboxes", {"seed": 1, "clock": clock, "channels": CHANNELS})
    path, service = f"/sandboxes/{sandbox['sandbox']}", sandbox["services"]["optimove"]
    templates = [{"id": 14, "title": "Hello", "body": "Dear {{FIRST_NAME}}"}]
    simulators.call("POST", path + "/providers/textlocal/templates", templates)
    for channel in CHANNELS:
        url = f"{service['url']}/integrations/AddChannelTemplates?ChannelID={channel['id']}"
        headers = {"x-api-key": service["credentials"]["api_key"]}
        requests.post(url, json=[{"TemplateID": 14, "TemplateName": "Hello"}], headers=headers, timeout=60)
    return f"{simulators.control}/control{path}/campaigns"


def schedule(campaigns: str, **fields: Any) -> tuple[int, Any]:
    """Schedule campaign 7; return status and body of the response."""
    response = requests.post(campaigns, json={"campaign": 7, "customers": 3, **fields}, timeout=60)
    return response.status_code, response.json()


def test_campaign_with_several_channels_is_one_campaign(simulators: RunningSimulators, campaigns: str) -> None:
    """Its expectations are grouped by channel."""
    parts = [{"channel": 505, "splits": SPLITS}, {"channel": 506, "splits": SPLITS}]
    status, campaign = schedule(campaigns, channels=parts, conditional={"clearance_by": "2026-03-02T08:00:00Z"})
    assert (status, campaign["channels"], campaign["clearance_by"]) == (201, [505, 506], "2026-03-02T08:00:00.000Z")
    sandbox = campaigns.split("/")[-2]
    simulators.call("POST", f"/sandboxes/{sandbox}/clock/advance", {"to": "2026-03-02T08:00:00Z"})
    expectations = [line for line in simulators.history(sandbox) if line["kind"] in {"campaign", "obligation"}]
    found = [(line["kind"], line["channel"]) for line in expectations]
    assert found == [(kind, channel) for channel in (505, 506) for kind in ("campaign", *["obligation"] * 3)]


@pytest.mark.parametrize(
    ("fields", "status"),
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
def test_invalid_plan_is_refused_and_not_scheduled(campaigns: str, fields: dict[str, Any], status: int) -> None:
    assert schedule(campaigns, **fields)[0] == status
    assert requests.get(campaigns + "/7", timeout=60).status_code == (200 if status == 201 else 404)


def test_send_time_in_the_past_is_refused(campaigns: str) -> None:
    """No bridge could send at that time."""
    status, refusal = schedule(campaigns, channel=505, splits=[{**SPLITS[0], "send_at": "2026-03-02T05:58:00Z"}])
    assert (status, refusal["detail"]) == (
        409,
        (
            "splits.0.send_at: expected a time from now on, got 2026-03-02T05:58:00Z; the sandbox's time is "
            "2026-03-02T06:00:00.000Z"
        ),
    )


def test_placeholder_without_an_attribute_is_refused(simulators: RunningSimulators, campaigns: str) -> None:
    """No bridge could fill it in, so the judge could blame none for the text."""
    templates = campaigns.removesuffix("/campaigns") + "/providers/textlocal/templates/14"
    requests.patch(templates, json={"body": "Dear {{FRIST_NAME}}"}, timeout=60).raise_for_status()
    status, refusal = schedule(campaigns, channel=505, splits=SPLITS)
    assert (status, refusal["detail"]) == (
        409,
        (
            "template 'Hello' has the placeholder FRIST_NAME, which is no attribute of the customers; "
            "did you mean 'FIRST_NAME'?"
        ),
    )


def test_campaign_can_be_cancelled_once(campaigns: str) -> None:
    schedule(campaigns, channel=505, splits=SPLITS)
    responses = [requests.post(f"{campaigns}/{id_}/cancel", timeout=60) for id_ in (7, 7, 8)]
    assert [response.status_code for response in responses] == [200, 409, 404]
    assert (responses[0].json()["state"], responses[0].json()["cancelled_at"]) == (
        "cancelled",
        "2026-03-02T06:00:00.000Z",
    )


def test_summary_and_report_list_each_send_time_once_in_order(campaigns: str) -> None:
    """The page shows whether a campaign is still to come."""
    times = ["2026-03-02T10:00:00.000Z", "2026-03-02T09:00:00.000Z", "2026-03-02T10:00:00.000Z"]
    schedule(campaigns, channel=505, splits=[{"share": 1 / 3, "template": "Hello", "send_at": at} for at in times])
    (summary,) = requests.get(campaigns, timeout=60).json()
    report = requests.get(f"{campaigns}/7/report", timeout=60).json()
    assert summary["scheduled_times"] == report["scheduled_times"] == [times[1], times[0]]
