"""Refusals of the control API: what was expected, what came, and what to do."""

import json

import pytest
import requests

from running import RunningSimulators

SANDBOX = "sandboxes/default"
FAULT = '; for example [{"fault":"drop_webhook","webhook":"optimove.13","attempts":2}]'


def refusal(simulators: RunningSimulators, path: str, body: str, method: str = "POST", kind: str = "json") -> str:
    """Return the detail of a refused request."""
    headers = {"Content-Type": f"application/{kind}"}
    url = f"{simulators.control}/control/{path}"
    response = requests.request(method, url, data=body.encode(), headers=headers, timeout=60)
    assert response.status_code in {400, 404, 405, 409, 415}
    return str(response.json()["detail"])


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        (f"{SANDBOX}/clock/advance", '{"by": 1}', "unknown 'by'; expected by_ms, to or timeout_s"),
        (f"{SANDBOX}/clock/advance", "{}", "expected exactly one of `to` and `by_ms`"),
        (f"{SANDBOX}/clock/advance", '{"by_ms": "x"}', 'by_ms: expected a whole number, got "x"'),
        (
            f"{SANDBOX}/clock/advance",
            '{"to": "tomorrow"}',
            'to: expected an instant such as 2026-03-02T09:00:00Z, got "tomorrow"',
        ),
        (f"{SANDBOX}/faults", '{"faults": []}', f"expected a list of faults, got an object with faults{FAULT}"),
        (f"{SANDBOX}/faults", "[{", f"expected JSON, got other text at line 1, column 3{FAULT}"),
        (f"{SANDBOX}/faults", "", f"expected a body, got none{FAULT}"),
        ("sandboxes", '{"sed": 3}', "unknown 'sed'; did you mean 'seed'?"),
        ("sandboxes", "{}", "expected seed, got none"),
        (
            "sandboxes",
            '{"seed": 1, "audience": {"customrs": 3, "xyz": 1}}',
            "unknown 'customrs'; did you mean 'customers'? unknown 'xyz'; expected customers, opted_out,",
        ),
        (
            f"{SANDBOX}/campaigns",
            '{"campaign": 1}',
            "expected customers, got none; expected either `channel` and `splits`",
        ),
        (f"{SANDBOX}/events", '[{"event": "visit"}]', "0: expected exactly one of `customer` and `visitor`"),
        (
            "sandboxes",
            '{"seed": 1, "clock": {"mode": "real", "with": "default"}}',
            "clock: `with` names a sandbox exactly when the mode is shared",
        ),
        (f"{SANDBOX}/campaigns/12/cancel", "", "campaign 12 is not known; there are none yet"),
        (
            f"{SANDBOX}/clock/advanc",
            "{}",
            f"no such path; nearest: POST /control/{SANDBOX}/clock/advance",
        ),
        ("sandboxes/defualt/campaigns/1/cancel", "", "no sandbox is named 'defualt'; did you mean 'default'?"),
        (f"{SANDBOX}/providers/texlocal/templates", '[{"title": "T", "body": "B"}]', "'texlocal' is not a message"),
    ],
)
def test_refusal_says_what_was_expected(simulators: RunningSimulators, path: str, body: str, detail: str) -> None:
    assert refusal(simulators, path, body).startswith(detail)


def test_refusal_of_a_filter_lists_the_values(simulators: RunningSimulators) -> None:
    assert refusal(simulators, f"{SANDBOX}/messages?state=delvered", "", "GET").startswith(
        "query.state: expected one of scheduled, pending, delivered,"
    )
    status = 'query.status: expected a status or a class of them, such as 404 or 4xx, got "foo"'
    assert refusal(simulators, f"{SANDBOX}/requests?status=foo", "", "GET") == status


def test_refusal_of_a_name_says_its_form_in_words(simulators: RunningSimulators) -> None:
    detail = refusal(simulators, f"{SANDBOX}/snapshots", '{"name": "bad name/"}')
    assert detail.startswith("name: expected at most 100 letters, digits and ._-, a letter or digit first")


def test_wrong_method_and_content_type_are_refused_with_the_right_ones(simulators: RunningSimulators) -> None:
    clock = f"{SANDBOX}/clock"
    assert refusal(simulators, clock, "", "PUT") == f"expected GET or PATCH at /control/{clock}, got PUT"
    form = refusal(simulators, f"{SANDBOX}/faults", "[]", kind="x-www-form-urlencoded")
    assert form == "expected Content-Type application/json, got application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "got"),
    [
        ("Hello {{BAD", "'{{BAD'; close it with }}"),
        ("{{A}} and {{B C {{D}}", "'{{B C '; close it with }}"),
        ("{{}}", "'{{}}'; give it a name"),
    ],
)
def test_template_with_a_broken_placeholder_is_refused(simulators: RunningSimulators, body: str, got: str) -> None:
    """No provider would fill it in."""
    templates = json.dumps([{"title": "Broken", "body": body}])
    detail = refusal(simulators, f"{SANDBOX}/providers/textlocal/templates", templates)
    assert detail == f"body: expected a placeholder such as {{{{FIRST_NAME}}}}, got {got}"


def test_refusal_of_hostile_names_is_short(simulators: RunningSimulators) -> None:
    """Each of them is compared with the known ones, and quoted."""
    many = json.dumps(dict.fromkeys(map(str, range(100_000)), 0))
    assert refusal(simulators, "sandboxes", many).startswith("unknown '0'; expected name, ")
    assert refusal(simulators, "sandboxes", many).count("unknown") == 1
    long = refusal(simulators, "sandboxes", json.dumps({"k" * 1_000_000: 0}))
    assert long.startswith(f"unknown '{'k' * 100}…'; expected")
