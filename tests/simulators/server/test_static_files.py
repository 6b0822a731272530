"""The live page: which files the control port serves, to whom, and with which headers."""

import re

import pytest
import requests

from running import running_simulators
from sendproof_simulators.server.static_files import CONTENT_SECURITY_POLICY, FOLDER, find_static

TOKEN = "a-token-of-16-characters"
SCRIPT = "/page/app.js"


@pytest.fixture(scope="module")
def guarded():
    """Yield the URL of simulators whose control port needs a token."""
    with running_simulators("--control-token", TOKEN) as running:
        yield running.control.partition("/token/")[0]


def get(url, **headers):
    return requests.get(url, headers=headers, timeout=60, allow_redirects=False)


def test_page_and_its_files_are_served_with_a_strict_policy(simulators):
    for path, content_type in [("/", "text/html"), (SCRIPT, "text/javascript"), ("/page/style.css", "text/css")]:
        served = get(simulators.control + path)
        assert (served.status_code, served.headers["content-type"].partition(";")[0]) == (200, content_type)
        assert served.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_unchanged_file_is_not_sent_again(simulators):
    tag = get(simulators.control + SCRIPT).headers["etag"]
    again = get(simulators.control + SCRIPT, **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_page_is_only_read(simulators):
    refused = requests.post(simulators.control + "/", timeout=60)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


def test_page_is_on_the_control_port_only(simulators):
    for service in simulators.services.values():
        assert "Loading Sendproof" not in get(service["url"] + "/").text


def test_page_needs_the_token_of_the_control_api(guarded):
    assert get(f"{guarded}/").status_code == 401
    assert get(f"{guarded}/token/another-token-of-no-use/").status_code == 401
    assert get(f"{guarded}/token/{TOKEN}{SCRIPT}").status_code == 200


def test_page_below_a_token_ends_in_a_slash(guarded):
    """Its links are relative."""
    moved = get(f"{guarded}/token/{TOKEN}")
    assert (moved.status_code, moved.headers["location"]) == (308, f"/token/{TOKEN}/")


@pytest.mark.parametrize(
    "path", ["/page/", "/page/../server/app.py", "/page/..%2fcli.py", "/page/.hidden.js", "/page/none.js", "/pages.js"]
)
def test_other_paths_are_no_files(path):
    assert find_static(path) is None


def test_page_names_no_other_server():
    """It has to work without a network, and its policy forbids everything else."""
    own = [file for file in FOLDER.rglob("*") if file.is_file() and "vendor" not in file.parts]
    found = {(file.name, url) for file in own for url in re.findall(r"https?://[^\s\"'`<>)]+", file.read_text())}
    assert {url for _, url in found} <= {"http://www.w3.org/2000/svg"}


def test_documentation_of_each_service_is_a_page(simulators):
    for path in ("/docs/textlocal", "/docs/control"):
        served = get(simulators.control + path)
        assert (served.status_code, served.headers["content-security-policy"]) == (200, CONTENT_SECURITY_POLICY)
    assert get(simulators.control + "/docs").headers["location"] == "/docs/optimove"


@pytest.mark.slow
def test_service_is_reachable_below_the_token(guarded):
    """The documentation calls it by a relative address; its own credentials protect it."""
    assert get(f"{guarded}/token/{TOKEN}/textlocal/balance").json()["errors"][0]["code"] == 3
