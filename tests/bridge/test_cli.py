"""The command line."""

import subprocess
import sys

import pytest


def bridge(*arguments):
    """Run the program to its end."""
    command = [sys.executable, "-m", "sendproof_bridge", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_help_shows_an_example():
    """What to type comes first."""
    said = bridge("--help")

    assert (said.returncode, "example: sendproof-bridge --config bridge.toml" in said.stdout) == (0, True)


def test_wrong_settings_end_it_with_status_2(tmp_path):
    """All that is wrong stands on standard error, one line each."""
    path = tmp_path / "bridge.toml"
    path.write_text("[bridge]\nport = 9000\n")
    said = bridge("--config", path)

    assert said.returncode == 2
    assert said.stderr.splitlines()[0] == (
        f"{path}: bridge: port is not a known setting; known are database, listen, public_url, clock_url, threads, log"
    )


@pytest.mark.parametrize("arguments", [[], ["--config"], ["--port", "9000"]])
def test_wrong_arguments_end_it_with_status_2(arguments):
    """With the usage."""
    said = bridge(*arguments)

    assert (said.returncode, said.stderr.startswith("usage: sendproof-bridge")) == (2, True)


def test_a_port_in_use_ends_it_with_status_1(tmp_path, outside):
    """It says so, and does no work that nobody could answer to."""
    taken = outside.url.removeprefix("http://")
    path = tmp_path / "bridge.toml"
    path.write_text(SETTINGS.format(listen=taken, url=outside.url))
    said = bridge("--config", path)

    assert (said.returncode, "address already in use" in said.stderr) == (1, True)
    assert outside.seen == []


SETTINGS = """
[bridge]
database = "bridge.sqlite"
listen = "{listen}"
public_url = "http://bridge.test"
[[clients]]
name = "acme"
optimove_url = "{url}"
optimove_api_key = "a-key"
webhook_token = "a-token-for-tests"
[[clients.channels]]
id = 505
provider = "textlocal"
url = "{url}"
apikey = "a-key"
sender = "Acme"
phone_attribute = "PHONE"
consent_attribute = "CONSENT"
"""


GOOD = """\
[bridge]
database = "bridge.sqlite"
listen = "127.0.0.1:9000"
public_url = "https://bridge.example.com"
[[clients]]
name = "acme"
optimove_url = "https://api5.optimove.net/"
optimove_api_key = "${A_KEY_FOR_TESTS}"
webhook_token = "a-token-for-tests"
[[clients.channels]]
id = 444
provider = "xtremepush"
url = "https://external-api.xtremepush.com/"
apptoken = "an-apptoken"
phone_attribute = "PHONE"
consent_attribute = "CONSENT"
"""


@pytest.mark.parametrize(
    ("channel", "key", "status", "says"),
    [
        ("505", "a-key", 0, "ok: clients 1, channels 1"),
        ("505", "${A_KEY_FOR_TESTS}", 2, "expected the environment variable A_KEY_FOR_TESTS to be set"),
        ("444", "a-key", 2, "channel 444 only carries subscriptions back"),
    ],
)
def test_settings_can_be_checked_without_starting(tmp_path, channel, key, status, says):
    """The environment with them; nothing is opened, called or written."""
    path = tmp_path / "bridge.toml"
    path.write_text(GOOD.replace("444", channel).replace("${A_KEY_FOR_TESTS}", key))
    said = bridge("--config", path, "--check")

    assert said.returncode == status, said.stderr
    assert says in said.stdout + said.stderr
    assert list(tmp_path.iterdir()) == [path]
