"""The URLs that the simulators print and hand out."""

import subprocess
import sys

import pytest
import requests

from running import running_simulators
from sendproof_simulators.server.addresses import Listening
from sendproof_simulators.server.server import bind


@pytest.mark.parametrize(
    ("host", "public_host", "in_urls"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("::1", None, "[::1]"),
        ("0.0.0.0", None, "127.0.0.1"),
        ("::", None, "[::1]"),
        ("0.0.0.0", "simulators", "simulators"),
        ("0.0.0.0", "host.docker.internal", "host.docker.internal"),
        ("::", "fd00::7", "[fd00::7]"),
        ("::", "[fd00::7]", "[fd00::7]"),
    ],
)
def test_host_in_urls_can_be_reached(host: str, public_host: str | None, in_urls: str) -> None:
    """No client can connect to 0.0.0.0 on another machine, nor on every system."""
    assert Listening(host=host, port=0, public_host=public_host).url_host() == in_urls


@pytest.mark.parametrize("public_host", ["", "http://simulators", "simulators:4100", "a b", "a/b", "-a"])
def test_public_host_is_a_name_without_scheme_and_port(public_host: str) -> None:
    with pytest.raises(ValueError, match="--public-host: expected a host name or address"):
        Listening(host="0.0.0.0", port=0, public_host=public_host).url_host()


@pytest.mark.slow
def test_public_host_is_in_every_url() -> None:
    """The simulators still listen on `--host`."""
    with running_simulators("--host", "0.0.0.0", "--public-host", "localhost") as simulators:
        sandbox = simulators.call("POST", "/sandboxes", {"seed": 7, "clock": {"mode": "virtual"}, "channels": []})
        urls = [
            simulators.control,
            *(service["url"] for service in (*simulators.services.values(), *sandbox["services"].values())),
        ]
        assert {url.rpartition(":")[0] for url in urls} == {"http://localhost"}
        assert requests.get(f"{simulators.control}/control/sandboxes", timeout=60).ok


def test_invalid_public_host_is_an_error_of_the_command() -> None:
    command = [sys.executable, "-m", "sendproof_simulators", "up", "--port", "0", "--public-host", "http://x"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr.startswith("sendproof: --public-host: expected")) == (3, True)


def test_host_that_is_no_name_is_an_error_of_the_option() -> None:
    """A shell passes any bytes; Python turns those outside UTF-8 into halves of characters."""
    with pytest.raises(OSError, match="cannot listen on \udcff: no name of a host; choose another with --host"):
        bind("\udcff", 0, ["control"])


def test_credentials_that_the_service_refuses_are_not_printed(simulators) -> None:
    """Optimove ended logins with a password in 2024, unless a sandbox has the dialect that accepts them."""
    assert simulators.services["optimove"]["credentials"].keys() == {"api_key", "admin_key"}
    sandbox = simulators.call("POST", "/sandboxes", {"seed": 7, "clock": {"mode": "virtual"}, "channels": []})
    assert {"username", "password"} <= sandbox["services"]["optimove"]["credentials"].keys()
