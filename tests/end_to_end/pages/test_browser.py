"""Web pages in a real browser on the machine of the simulators: those of other origins can do nothing."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests

from browser import FOREIGN, PATIENCE_MS
from raw_server import raw_server, response
from running import RunningSimulators

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SITE = FOREIGN
JSON, FORM, NO_TYPE = "application/json", "application/x-www-form-urlencoded", ""
# A page may send this without asking the server first, but cannot read the response.
POST_WITHOUT_CORS = """([url, body, type]) =>
    fetch(url, {method: "POST", mode: "no-cors", body: new Blob([body], {type})}).then(() => null)"""
# The browser asks the server first whether it may send this.
POST = """([url, body, type]) => fetch(url, {method: "POST", body, headers: {"Content-Type": type}})
    .then(response => response.status, error => error.name)"""
READ = "url => fetch(url).then(async response => [response.status, await response.text()])"
SUBMIT = """([url, body]) => {
    const form = Object.assign(document.createElement("form"), {method: "POST", action: url});
    for (const [name, value] of new URLSearchParams(body))
        form.append(Object.assign(document.createElement("input"), {name, value}));
    document.documentElement.append(form);
    form.submit();
}"""
# Without the header `Origin`.
SHOW_IMAGE = """url => new Promise(done => {
    const image = new Image();
    image.onload = image.onerror = () => done();
    image.src = url;
})"""
# The host of each foreign page, and headers of its response. A page in a CSP sandbox has the origin "null".
PAGES = {
    "other-site": (SITE, ()),
    "other-port": ("127.0.0.1", ()),
    "null-origin": (SITE, ("Content-Security-Policy: sandbox allow-scripts allow-forms",)),
}


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """Yield an empty page."""
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


@pytest.fixture(
    params=[origin if origin == "other-site" else pytest.param(origin, marks=pytest.mark.slow) for origin in PAGES]
)
def foreign_page(page: "Page", request: pytest.FixtureRequest) -> Iterator["Page"]:
    """Yield a page that another server has sent."""
    host, headers = PAGES[request.param]
    with raw_server(response(b"{}", *headers)) as url:
        page.goto(url.replace("127.0.0.1", host))
        yield page


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> dict[str, Any]:
    """Return a sandbox in which nothing happens by itself."""
    created: dict[str, Any] = simulators.call("POST", "/sandboxes", {"seed": 7, "clock": {"mode": "virtual"}})
    return created


@pytest.fixture
def advance(simulators: RunningSimulators, sandbox: dict[str, Any]) -> tuple[str, str]:
    """Return the URL and body of a request that advances the clock of the sandbox."""
    return f"{simulators.control}/control/sandboxes/{sandbox['sandbox']}/clock/advance", json.dumps({"by_ms": 1})


@pytest.fixture
def send(sandbox: dict[str, Any]) -> tuple[str, str]:
    """Return the URL and body of a request that sends a message with the key of the sandbox."""
    textlocal = sandbox["services"]["textlocal"]
    form = {"apikey": textlocal["credentials"]["apikey"], "numbers": "447700900000", "message": "Hi"}
    return f"{textlocal['url']}/send/", urlencode(form)


def digest(simulators: RunningSimulators, sandbox: dict[str, Any]) -> Any:
    """Return the digest of the sandbox, which each effect of a request changes."""
    return simulators.call("GET", f"/sandboxes/{sandbox['sandbox']}/digest")


def test_foreign_page_has_no_effect(foreign_page, simulators, sandbox, advance, send):
    before = digest(simulators, sandbox)
    for request in [(*advance, NO_TYPE), (*advance, "text/plain"), (*send, FORM)]:
        with foreign_page.expect_response(request[0]) as received:
            foreign_page.evaluate(POST_WITHOUT_CORS, request)
        assert received.value.status == 403
    assert foreign_page.evaluate(POST, (*advance, JSON)) == "TypeError"
    assert digest(simulators, sandbox) == before


def test_foreign_form_has_no_effect(foreign_page, simulators, sandbox, send):
    """A form leaves the page, so the browser shows the response, and treats the request as a navigation."""
    before = digest(simulators, sandbox)
    with foreign_page.expect_response(send[0]) as received:
        foreign_page.evaluate(SUBMIT, send)
    assert received.value.status == 403
    assert digest(simulators, sandbox) == before


def test_foreign_image_has_no_effect(foreign_page, simulators, sandbox, send):
    """Textlocal sends messages for GET requests as well."""
    before = digest(simulators, sandbox)
    with foreign_page.expect_request(f"{send[0]}*") as sent:
        foreign_page.evaluate(SHOW_IMAGE, "?".join(send))
    assert "origin" not in sent.value.all_headers()
    assert digest(simulators, sandbox) == before


def test_same_requests_outside_a_browser_have_effects(simulators, sandbox, advance, send):
    """Otherwise, the tests of foreign pages would show nothing."""
    digests = [digest(simulators, sandbox)]
    for method, url, body, content_type in [
        ("POST", *advance, JSON),
        ("POST", *send, FORM),
        ("GET", "?".join(send), None, None),
    ]:
        assert requests.request(method, url, data=body, headers={"Content-Type": content_type}, timeout=60).ok
        digests.append(digest(simulators, sandbox))
    assert all(before != after for before, after in pairwise(digests))


def test_name_that_is_rebound_to_this_machine_reads_no_credentials(page, simulators, sandbox):
    """For the browser, such a page and the simulators are of one origin, so only the Host shows the attack."""
    secrets = [value for service in sandbox["services"].values() for value in service["credentials"].values()]
    for url in [simulators.control, *(service["url"] for service in sandbox["services"].values())]:
        page.goto(url.replace("127.0.0.1", SITE))
        status, text = page.evaluate(READ, f"/control/sandboxes/{sandbox['sandbox']}")
        assert status == 421
        assert [secret for secret in secrets if secret in text] == []
    assert page.evaluate(POST, ("/send/", "", FORM)) == 421


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_pages_of_the_simulators_use_the_control_api(page, simulators, sandbox, advance, name):
    """You may open its URLs in a browser, and send requests from there."""
    before = digest(simulators, sandbox)
    path = advance[0].removeprefix(simulators.control)
    opened = page.goto(f"{simulators.control.replace('127.0.0.1', name)}/control/health")
    assert opened.status == 200
    assert page.evaluate(POST, (path, advance[1], JSON)) == 200
    assert digest(simulators, sandbox) != before
