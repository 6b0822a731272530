"""The command line."""

import functools
import os
import resource
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from forked_program import run_program
from sendproof_bridge.storage.databases.sqlite import SqliteStore


def run_bridge(*arguments):
    """Run the program to its end."""
    return run_program("sendproof_bridge", *arguments)


def test_help_shows_an_example():
    result = run_bridge("--help")

    assert (result.returncode, "example: sendproof-bridge serve --config bridge.toml" in result.stdout) == (0, True)


def test_invalid_settings_exit_with_status_2(tmp_path):
    """Each mistake is one line on standard error."""
    path = tmp_path / "bridge.toml"
    path.write_text("[bridge]\nport = 9000\n")
    result = run_bridge("serve", "--config", path)

    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == (
        f"{path}: bridge: port is not a known setting; known are database, listen, public_url, clock_url, threads, log,"
        " operator_token"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [[], ["serve"], ["serve", "--config"], ["--config", "bridge.toml"], ["serve", "--port", "9000"]]
)
def test_invalid_arguments_exit_with_status_2_and_usage(arguments):
    result = run_bridge(*arguments)

    assert (result.returncode, result.stderr.startswith("usage: sendproof-bridge")) == (2, True)


def test_port_in_use_exits_with_status_2(tmp_path, services):
    """No service is called: no webhook could reach the bridge."""
    taken = services.url.removeprefix("http://")
    path = tmp_path / "bridge.toml"
    path.write_text(TEXTLOCAL_CONFIG.format(listen=taken, url=services.url))
    result = run_bridge("serve", "--config", path)

    assert result.returncode == 2
    assert result.stderr == (
        f"bridge: listen: {taken} cannot be used: Address already in use; stop the program that uses it, or set another"
        " address\n"
    )
    assert services.received == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.mkdir(), "expected the database file, got a folder: name a file in it"),
        (lambda path: path.write_text("not SQLite" * 100), "the database cannot be used: file is not a database; set"),
        (lambda path: path.symlink_to("/proc/bridge.sqlite"), "the database cannot be used: No such file or directory"),
        (lambda path: path.symlink_to(path), "the database cannot be used: Too many levels of symbolic links; set"),
    ],
)
def test_unusable_database_exits_with_status_2_and_a_sentence(tmp_path, make, sentence):
    path = tmp_path / "bridge.toml"
    path.write_text(TEXTLOCAL_CONFIG.format(listen="127.0.0.1:0", url="http://127.0.0.1:9"))
    make(tmp_path / "bridge.sqlite")
    result = run_bridge("serve", "--config", path)

    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert f"/bridge.sqlite: {sentence}" in result.stderr


def test_full_disk_exits_with_status_2_and_a_sentence(tmp_path):
    """A limit on the size of files stands in for the disk."""
    path = tmp_path / "bridge.toml"
    path.write_text(TEXTLOCAL_CONFIG.format(listen="127.0.0.1:0", url="http://127.0.0.1:9"))
    command = [sys.executable, "-m", "sendproof_bridge", "serve", "--config", path]
    set_limit = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (8192, 8192))
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, preexec_fn=set_limit)

    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "the database cannot be used: disk I/O error; check the disk, and free some space" in result.stderr


TEXTLOCAL_CONFIG = """
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


XTREMEPUSH_CONFIG = """\
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
    ("channel", "key", "status", "output"),
    [
        ("505", "a-key", 0, "ok: clients 1, channels 1"),
        ("505", "${A_KEY_FOR_TESTS}", 2, "expected the environment variable A_KEY_FOR_TESTS to be set"),
        ("444", "a-key", 2, "channel 444 only carries subscriptions back"),
    ],
)
def test_check_validates_settings_and_environment(tmp_path, channel, key, status, output):
    """Nothing is opened, called or written."""
    path = tmp_path / "bridge.toml"
    path.write_text(XTREMEPUSH_CONFIG.replace("444", channel).replace("${A_KEY_FOR_TESTS}", key))
    result = run_bridge("check", "--config", path)

    assert result.returncode == status, result.stderr
    assert output in result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_audit_finds_a_total_that_differs_from_the_messages(tmp_path):
    path = tmp_path / "bridge.toml"
    path.write_text(TEXTLOCAL_CONFIG.format(listen="127.0.0.1:0", url="http://127.0.0.1:9"))
    with closing(SqliteStore(tmp_path / "bridge.sqlite")) as store:
        before = run_bridge("audit", "--config", path)
        with store.write() as tx:
            tx.exec_driver_sql("INSERT INTO reported_count VALUES ('acme', 505, '7001', 11, 'delivered', 3)")
    result = run_bridge("audit", "--config", path)

    assert (before.returncode, before.stdout) == (0, "ok: the kept totals equal the messages\n")
    assert (result.returncode, result.stdout) == (
        1,
        "client acme: channel 505: campaign 7001: template 11: 0 messages were reported as delivered, but 3 are kept\n",
    )


def test_audit_without_a_database_exits_with_status_2(tmp_path):
    path = tmp_path / "bridge.toml"
    path.write_text(TEXTLOCAL_CONFIG.format(listen="127.0.0.1:0", url="http://127.0.0.1:9"))
    result = run_bridge("audit", "--config", path)

    assert (result.returncode, list(tmp_path.iterdir())) == (2, [path])
    assert "/bridge.sqlite: expected the database of a bridge, got no file: start the bridge first" in result.stderr


@pytest.mark.slow
def test_migrate_creates_the_tables_and_ends(tmp_path):
    path = tmp_path / "bridge.toml"
    path.write_text(TEXTLOCAL_CONFIG.format(listen="127.0.0.1:0", url="http://127.0.0.1:9"))

    assert run_bridge("migrate", "--config", path).stdout == "ok: tables of version 8\n"
    assert run_bridge("audit", "--config", path).stdout == "ok: the kept totals equal the messages\n"


@pytest.fixture
def check_command(tmp_path):
    """Return the command that checks valid settings."""
    path = tmp_path / "bridge.toml"
    path.write_text(TEXTLOCAL_CONFIG.format(listen="127.0.0.1:0", url="http://127.0.0.1:9"))
    return [sys.executable, "-m", "sendproof_bridge", "check", "--config", path]


def test_reader_that_has_gone_changes_nothing(check_command):
    """As in a pipe to `head`: the status of Python would say that a job failed."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        ended = subprocess.run(check_command, stdout=output, stderr=subprocess.PIPE, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_output_on_a_full_disk_exits_with_status_2_and_a_sentence(check_command):
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(check_command, stdout=full, stderr=subprocess.PIPE, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (2, b"the output could not be written: No space left on device\n")


def test_error_of_the_machine_exits_with_status_2_and_a_sentence(check_command, tmp_path):
    """Such as a current folder that was removed."""
    subprocess.run([*check_command[:3], "migrate", *check_command[4:]], cwd=tmp_path, timeout=120, check=True)
    words = f"mkdir gone; cd gone; rmdir ../gone; {sys.executable} -m sendproof_bridge audit --config ../bridge.toml"
    ended = subprocess.run(["sh", "-c", words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (2, "[Errno 2] No such file or directory\n")
