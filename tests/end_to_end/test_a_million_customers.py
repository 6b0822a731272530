"""Memory of the simulators with a campaign of a million customers."""

import pytest
import requests

from running import RunningSimulators, running_simulators

CUSTOMERS = 1_000_000
PAGE = 10_000


def _campaign(simulators: RunningSimulators) -> tuple[str, dict[str, str]]:
    """Announce a campaign. Return Optimove's URL and the header with its key."""
    clock = {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}
    settings = {"seed": 9, "clock": clock, "audience": {"customers": CUSTOMERS}, "rate_limits": False}
    created = simulators.call("POST", "/sandboxes", settings)
    sandbox, optimove = created["sandbox"], created["services"]["optimove"]
    key = {"X-API-KEY": optimove["credentials"]["api_key"]}
    templates = f"/sandboxes/{sandbox}/providers/textlocal/templates"
    (template,) = simulators.call("POST", templates, [{"title": "Spring", "body": "Hello {{FIRST_NAME}}"}])
    url = f"{optimove['url']}/current/integrations/AddChannelTemplates?ChannelID=505"
    synced = [{"TemplateID": template["id"], "TemplateName": "Spring"}]
    assert requests.post(url, json=synced, headers=key, timeout=60).status_code == 200
    split = {"share": 1, "template": "Spring", "send_at": "2026-03-02T09:00:00Z"}
    plan = {"campaign": 1, "channel": 505, "customers": CUSTOMERS, "splits": [split]}
    simulators.call("POST", f"/sandboxes/{sandbox}/campaigns", plan)
    simulators.call("POST", f"/sandboxes/{sandbox}/clock/advance", {"by_ms": 1000})
    return optimove["url"], key


@pytest.mark.slow
def test_pages_of_a_million_customers_need_little_memory() -> None:
    """The audience is computed page by page, so all pages need the memory of a few."""
    with running_simulators() as simulators, requests.Session() as session:
        url, key = _campaign(simulators)
        before = simulators.resident_mb()
        query = {"ChannelID": 505, "CampaignID": 1, "CustomerAttributes": "PHONENUMBER;FIRST_NAME", "$top": PAGE}
        page_url = f"{url}/current/customers/GetCustomerSendDetailsByChannel"
        seen = 0
        while rows := session.get(page_url, params={**query, "$skip": seen}, headers=key, timeout=60).json():
            assert [row["CustomerID"] for row in rows] == [f"C{index:07d}" for index in range(seen, seen + len(rows))]
            seen += len(rows)
        assert seen == CUSTOMERS
        assert simulators.resident_mb() - before < 200
