"""The simulators under measurement, with a sandbox of a million customers."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from content import CAMPAIGN, CHANNEL, CUSTOMERS, ROOT, TEMPLATES
from server import BenchmarkError, Server, running

OURS = "Sendproof"


@contextmanager
def simulators() -> Iterator[tuple[str, Server]]:
    """Run `sendproof up`. Yield the URL of its control API, and Optimove with the key of the default sandbox."""
    line = [sys.executable, "-m", "sendproof_simulators", "up", "--json", "--port", "0"]
    with running(line, subprocess.PIPE) as process:
        assert process.stdout
        shown = process.stdout.readline()
        if not shown:
            raise BenchmarkError(
                "expected a line of JSON from `sendproof up --json --port 0`, got nothing; run it by hand."
            )
        addresses = json.loads(shown)
        optimove = addresses["services"]["optimove"]
        headers = {"X-API-KEY": optimove["credentials"]["api_key"]}
        control = addresses["control"]["url"] + "/control"
        yield control, Server(name=OURS, url=optimove["url"], pid=process.pid, headers=headers)


def fill(control: str, optimove: Server) -> Server:
    """Create a sandbox: a million customers, an announced campaign for all, five templates, no rate limit."""
    settings = {
        "seed": 1,
        "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"},
        "audience": {"customers": CUSTOMERS, "opted_out": 0.04, "unusable_numbers": 0.02},
        "channels": [{"id": CHANNEL, "provider": "textlocal", "kind": "scheduled"}],
        "rate_limits": False,
    }
    sandbox = post(f"{control}/sandboxes", settings)
    base = f"{control}/sandboxes/{sandbox['sandbox']}"
    headers = {"X-API-KEY": sandbox["services"]["optimove"]["credentials"]["api_key"]}
    created = post(
        f"{base}/providers/textlocal/templates",
        [{"title": t, "body": f"{t} for {{{{FIRST_NAME}}}}"} for t in TEMPLATES],
    )
    known = [{"TemplateID": int(t["id"]), "TemplateName": t["title"]} for t in created]
    post(f"{optimove.url}{ROOT}/integrations/AddChannelTemplates?ChannelID={CHANNEL}", known, headers)
    splits = [{"share": 0.2, "template": title, "send_at": "2026-03-02T09:00:00Z"} for title in TEMPLATES]
    plan = {"campaign": CAMPAIGN, "channel": CHANNEL, "name": "All", "customers": CUSTOMERS, "splits": splits}
    post(f"{base}/campaigns", plan)
    post(f"{base}/clock/advance", {"by_ms": 1000})
    return Server(name=OURS, url=optimove.url, pid=optimove.pid, headers=headers)


def post(url: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    """Post JSON, and return the JSON of the response."""
    response = requests.post(url, json=body, headers=headers, timeout=60)
    if not response.ok:
        raise BenchmarkError(f"POST {url}: expected success, got {response.status_code} {response.text[:500]}")
    return response.json() if response.content else None
