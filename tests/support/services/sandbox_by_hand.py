"""A sandbox of running simulators that a test drives by hand: its control API, and calls as a bridge makes them."""

from dataclasses import dataclass
from typing import Any

import requests

from running import RunningSimulators

START = "2026-03-02T06:00:00Z"
SEND_AT = "2026-03-02T09:00:00Z"
TEXT = "Hello {{FIRST_NAME}}"


@dataclass
class SandboxByHand:
    """One sandbox in virtual time. `made` is what the control API returned for it."""

    simulators: RunningSimulators
    made: dict[str, Any]

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the control API below the sandbox, with success."""
        return self.simulators.call(method, f"/sandboxes/{self.made['sandbox']}{path}", body)

    def refusal(self, method: str, path: str) -> tuple[int, str]:
        """Return status and detail of a refused call below the sandbox."""
        url = f"{self.simulators.control}/control/sandboxes/{self.made['sandbox']}{path}"
        response = requests.request(method, url, timeout=60)
        assert response.headers["content-type"] == "application/problem+json"
        return response.status_code, response.json()["detail"]

    def optimove(self, path: str, body: object) -> requests.Response:
        """Post to Optimove, as a bridge does."""
        service = self.made["services"]["optimove"]
        headers = {"x-api-key": service["credentials"]["api_key"]}
        return requests.post(service["url"] + path, json=body, headers=headers, timeout=60)

    def textlocal(self, numbers: str, text: str, **fields: str) -> list[str]:
        """Send a text with Textlocal; return the ids of the messages."""
        service = self.made["services"]["textlocal"]
        form = {"apikey": service["credentials"]["apikey"], "numbers": numbers, "message": text, **fields}
        accepted = requests.post(f"{service['url']}/send", data=form, timeout=60).json()
        return [message["id"] for message in accepted["messages"]]

    def advance(self, by_ms: int) -> None:
        """Advance the clock."""
        self.call("POST", "/clock/advance", {"by_ms": by_ms})

    def schedule(self, campaign: int, customers: int, send_at: str = SEND_AT) -> None:
        """Schedule a campaign on channel 505 with the text `TEXT`, and add the template to the channel first."""
        if not self.call("GET", "/providers/textlocal/templates"):
            self.call("POST", "/providers/textlocal/templates", [{"id": 14, "title": "Hello", "body": TEXT}])
            added = [{"TemplateID": 14, "TemplateName": "Hello"}]
            assert self.optimove("/current/integrations/AddChannelTemplates?ChannelID=505", added).ok
        splits = [{"share": 1, "template": "Hello", "send_at": send_at}]
        plan = {"campaign": campaign, "channel": 505, "customers": customers, "splits": splits}
        self.call("POST", "/campaigns", plan)


def sandbox_by_hand(simulators: RunningSimulators, **settings: Any) -> SandboxByHand:
    """Create a sandbox with 100 customers, all of them reachable."""
    audience = {"customers": 100, "opted_out": 0, "unusable_numbers": 0}
    fields = {"seed": 7, "clock": {"mode": "virtual", "start": START}, "audience": audience, **settings}
    return SandboxByHand(simulators, simulators.call("POST", "/sandboxes", fields))
