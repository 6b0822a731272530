"""The guard of Locust's own page, which starts load tests without a password."""

import importlib.util

import pytest
from flask import Flask

from repository import ROOT

HERE = "http://127.0.0.1:8089"


def status(address: str, url: str, **headers: str) -> int:
    """Return the status of a request to a guarded page that listens on the address."""
    file = ROOT / "loadtests" / "page_guard.py"
    spec = importlib.util.spec_from_file_location("page_guard", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app = Flask("page")
    app.add_url_rule("/swarm", "swarm", lambda: "started", methods=["POST"])
    module.guard_page(app, address)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.test_client().post("/swarm", base_url=url, headers=names).status_code


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"origin": HERE, "sec_fetch_site": "same-origin"}, 200),
        ({"origin": "http://foreign.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:3000"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
    ],
)
def test_page_of_another_origin_is_refused(headers, expected):
    assert status("127.0.0.1", HERE, **headers) == expected


@pytest.mark.parametrize(
    ("address", "url", "expected"),
    [
        ("127.0.0.1", "http://localhost:8089", 200),
        ("127.0.0.1", "http://[::1]:8089", 200),
        ("127.0.0.1", "http://foreign.example:8089", 421),
        ("127.0.0.1", "http://localhost.foreign.example", 421),
        ("0.0.0.0", "http://load-1:8089", 200),
        ("*", "http://load-1:8089", 200),
    ],
)
def test_rebound_name_is_refused_on_loopback(address, url, expected):
    """Off loopback, the names of the machine are not known."""
    assert status(address, url) == expected
