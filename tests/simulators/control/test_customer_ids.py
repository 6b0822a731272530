"""Channels with a provider that knows the customers by their ids: expectations come from its own records."""

from typing import Any

import requests

from running import RunningSimulators

CLOCK = {"mode": "virtual", "start": "2026-03-02T05:00:00Z"}
LATE = {"at": "04:00", "first_known": {"C0000002": "2026-03-03"}}


def create(simulators: RunningSimulators, provider: str) -> requests.Response:
    """Create a sandbox with one channel of customer ids."""
    channel = {"id": 505, "provider": provider, "recipients": "customer_ids"}
    individuals = [{"customer": index, "protection": "none"} for index in range(3)]
    individuals[1]["attributes"] = {"LANGUAGE": "de"}
    settings = {
        "seed": 1,
        "clock": CLOCK,
        "channels": [channel],
        "audience": {"customers": 3, "individuals": individuals},
        "dialects": {"textlocal.template_send": "brochure"},
    }
    return requests.post(f"{simulators.control}/control/sandboxes", json=settings, timeout=60)


def announced(simulators: RunningSimulators) -> list[dict[str, Any]]:
    """Return the obligations of a campaign with a translated template, and a customer who joins the next day."""
    made = create(simulators, "textlocal").json()
    path, service = f"/sandboxes/{made['sandbox']}", made["services"]["optimove"]
    templates = [{"id": 14, "title": "Hello", "body": "Hello"}, {"id": 15, "title": "Hallo", "body": "Hallo"}]
    simulators.call("POST", path + "/providers/textlocal/templates", templates)
    translations = {"14": {"field": "LANGUAGE", "templates": {"de": 15}}}
    settings = {"customer_import": LATE, "translations": translations}
    simulators.call("PUT", path + "/providers/textlocal/settings", settings)
    url = f"{service['url']}/integrations/AddChannelTemplates?ChannelID=505"
    headers = {"x-api-key": service["credentials"]["api_key"]}
    requests.post(url, json=[{"TemplateID": 14, "TemplateName": "Hello"}], headers=headers, timeout=60)
    splits = [{"share": 1, "template": "Hello", "send_at": "2026-03-02T09:00:00Z"}]
    simulators.call("POST", path + "/campaigns", {"campaign": 7, "customers": 3, "channel": 505, "splits": splits})
    simulators.call("POST", path + "/clock/advance", {"by_ms": 0})
    return [line for line in simulators.history(made["sandbox"]) if line["kind"] == "obligation"]


def test_expected_texts_are_translations_and_unknown_customers_are_due_nothing(simulators: RunningSimulators) -> None:
    found = [(line["customer"], line["text"], line["reason"]) for line in announced(simulators)]
    assert found == [
        ("C0000000", "Hello", None),
        ("C0000001", "Hallo", None),
        ("C0000002", None, "unknown_customer"),
    ]


def test_provider_that_knows_no_customers_is_refused(simulators: RunningSimulators) -> None:
    response = create(simulators, "xtremepush")
    assert (response.status_code, "xtremepush does not know customers by their ids" in response.text) == (409, True)
