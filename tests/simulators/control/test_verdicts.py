"""The verdict on a running sandbox, over the control API and from the command line."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from command_line import sendproof
from running import RunningSimulators, running_simulators

DUE, LATE = "2026-03-02T09:00:00Z", "2026-03-02T09:20:00Z"


@pytest.fixture(scope="module")
def judged() -> Iterator[RunningSimulators]:
    with running_simulators(program="sendproof_harness") as running:
        yield running


def announce(simulators: RunningSimulators, sandbox: str) -> dict[str, Any]:
    """Create a sandbox at the send time of a campaign to four customers, without a bridge; return the sandbox."""
    settings = {"name": sandbox, "seed": 1, "audience": {"customers": 4, "opted_out": 0, "unusable_numbers": 0}}
    made = simulators.call("POST", "/sandboxes", settings | {"clock": {"mode": "virtual", "start": DUE}})
    templates = simulators.call(
        "POST", f"/sandboxes/{sandbox}/providers/textlocal/templates", [{"title": "Hi", "body": "Hello"}]
    )
    optimove = made["services"]["optimove"]
    listed = [{"TemplateID": templates[0]["id"], "TemplateName": "Hi"}]
    headers = {"x-api-key": optimove["credentials"]["api_key"]}
    url = f"{optimove['url']}/current/integrations/AddChannelTemplates?ChannelID=505"
    assert requests.post(url, json=listed, headers=headers, timeout=60).ok
    splits = [{"share": 1, "template": "Hi", "send_at": DUE}]
    campaign = {"campaign": 7001, "channel": 505, "customers": 4, "splits": splits}
    simulators.call("POST", f"/sandboxes/{sandbox}/campaigns", campaign)
    simulators.call("POST", f"/sandboxes/{sandbox}/clock/advance", {"by_ms": 1000})
    return made


def send_twice(simulators: RunningSimulators, made: dict[str, Any]) -> None:
    """Send the first customer the campaign's text, two times."""
    first = next(line for line in simulators.history(made["sandbox"]) if line["kind"] == "obligation")
    textlocal = made["services"]["textlocal"]
    form = {"apikey": textlocal["credentials"]["apikey"], "numbers": first["number"], "message": first["text"]}
    for _ in range(2):
        assert requests.post(f"{textlocal['url']}/send", data=form, timeout=60).json()["status"] == "success"


def recipients(computed: dict[str, Any]) -> dict[str, int]:
    """Return the number of recipients by result."""
    return {kind: count for kind, count in computed["verdict"]["ledger"].items() if count}


def test_duplicate_is_a_finding_at_once_and_what_may_still_come_is_not(judged):
    made = announce(judged, "hasty")
    send_twice(judged, made)

    now = judged.call("POST", "/sandboxes/hasty/verdict")
    judged.call("POST", "/sandboxes/hasty/clock/advance", {"to": LATE})
    later = judged.call("POST", "/sandboxes/hasty/verdict")

    assert recipients(now) == {"duplicated": 1, "pending": 3}
    assert recipients(later) == {"duplicated": 1, "lost": 3}


def test_last_verdict_stays_until_the_next_one(judged):
    judged.call("POST", "/sandboxes", {"name": "twice", "seed": 1})
    before = judged.call("GET", "/sandboxes/twice/verdict")
    computed = judged.call("POST", "/sandboxes/twice/verdict")

    assert before == {"computed_at": None, "n": None, "verdict": None}
    assert judged.call("GET", "/sandboxes/twice/verdict") == computed
    assert (computed["n"], computed["verdict"]["sandbox"]) == (0, "twice")


@pytest.mark.slow
def test_command_prints_the_verdict_of_the_control_api(judged):
    made = announce(judged, "by-hand")
    send_twice(judged, made)

    environment = {"SENDPROOF_CONTROL_URL": judged.control, "SENDPROOF_SANDBOX": "by-hand"}
    printed = sendproof("judge", "--json", environment=environment)
    explained = sendproof("explain", "C0000000", environment=environment)

    verdict = judged.call("POST", "/sandboxes/by-hand/verdict")["verdict"]
    assert (printed.status, json.loads(printed.out)["checks"]) == (1, verdict["checks"])
    assert (explained.status, "got the same message more than once" in explained.out) == (0, True)


def test_simulators_without_a_judge_refuse(simulators: RunningSimulators):
    simulators.call("POST", "/sandboxes", {"name": "unjudged", "seed": 1})
    response = requests.post(f"{simulators.control}/control/sandboxes/unjudged/verdict", timeout=60)
    assert response.status_code == 409
    assert response.json()["detail"].startswith("these simulators have no judge; start them with `sendproof up`")
