"""The configuration file and the messages about its mistakes."""

import os
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from repository import ROOT
from sendproof_bridge.config import (
    BRIDGE,
    CHANNEL,
    CLIENT,
    BridgeConfig,
    ChannelConfig,
    ClientConfig,
    ConfigError,
    load,
)
from sendproof_bridge.jobs.handlers import BATCH_HANDLERS, HANDLERS
from sendproof_bridge.outbound.providers import providers

VALID = """
[bridge]
database = "bridge.sqlite"
listen = "127.0.0.1:9000"
public_url = "https://bridge.example.com/"

[[clients]]
name = "acme"
optimove_url = "https://api5.optimove.net/"
optimove_api_key = "${ACME_KEY}"
webhook_token = "${ACME_TOKEN}"

[[clients.channels]]
id = 505
provider = "textlocal"
url = "https://api.txtlocal.com/"
apikey = "${TEXTLOCAL_KEY}"
sender = "Acme"
phone_attribute = "PHONENUMBER"
consent_attribute = "SMS_OPT_IN"
"""
ENVIRONMENT = {"ACME_KEY": "key-of-acme", "ACME_TOKEN": "token-of-acme", "TEXTLOCAL_KEY": "key-of-textlocal"}


def load_text(folder, text, environment=ENVIRONMENT):
    """Load this text as a file."""
    path = folder / "bridge.toml"
    path.write_text(text)
    return load(path, environment, {"textlocal": providers()["textlocal"]})


def mistakes(folder, text, environment=ENVIRONMENT):
    """Return the mistakes in this text, one per line of the error."""
    with pytest.raises(ConfigError) as error:
        load_text(folder, text, environment)
    return [line.partition("bridge.toml: ")[2] for line in str(error.value).splitlines()]


def test_variables_in_secrets_are_replaced(tmp_path):
    client = load_text(tmp_path, VALID).clients[0]

    assert (client.optimove_api_key.reveal(), client.channels[0].options["apikey"].reveal()) == (
        "key-of-acme",
        "key-of-textlocal",
    )


def test_repr_of_config_hides_secrets(tmp_path):
    shown = repr(load_text(tmp_path, VALID))

    assert [secret for secret in ENVIRONMENT.values() if secret in shown] == []


def test_database_path_is_relative_to_the_file(tmp_path):
    assert load_text(tmp_path, VALID).bridge.database == tmp_path / "bridge.sqlite"


def test_unset_variable_is_named(tmp_path):
    environment = {"ACME_TOKEN": "token-of-acme", "TEXTLOCAL_KEY": "key-of-textlocal"}

    assert mistakes(tmp_path, VALID, environment) == [
        "clients[0]: optimove_api_key: expected the environment variable ACME_KEY to be set"
    ]


def test_misspelled_setting_gets_a_suggestion(tmp_path):
    text = VALID.replace("sender =", "sendr =")

    assert mistakes(tmp_path, text) == [
        "clients[0].channels[0]: sendr is not a known setting; did you mean sender?",
    ]


def test_all_mistakes_are_reported_together(tmp_path):
    text = VALID.replace("127.0.0.1:9000", "9000").replace("id = 505", "id = 0").replace('name = "acme"', "")

    assert mistakes(tmp_path, text) == [
        "bridge: listen: expected HOST:PORT such as 127.0.0.1:9000, got '9000'",
        "clients[0]: name is missing",
        f"clients[0].channels[0]: id: expected a whole number from 1 to {2**63 - 1}, got 0",
    ]


@pytest.mark.parametrize(
    ("before", "after", "mistake"),
    [
        (
            '"https://api5.optimove.net/"',
            '"api5.optimove.net"',
            (
                "clients[0]: optimove_url: expected an http or https URL without query,"
                " such as https://api5.optimove.net/, got 'api5.optimove.net'"
            ),
        ),
        (
            '"textlocal"',
            '"twilio"',
            "clients[0].channels[0]: provider: expected one of textlocal, got 'twilio'",
        ),
        (
            '"${ACME_TOKEN}"',
            '"short"',
            "clients[0]: webhook_token: expected 8 or more letters, digits, '-', '.', '_' or '~'",
        ),
        (
            'sender = "Acme"',
            'sender = "Acme"\ndefault_region = "UK"',
            "clients[0].channels[0]: default_region: expected a country in two capital letters such as GB, got 'UK'",
        ),
        ("[bridge]", "[bridge]\nthreads = 99", "bridge: threads: expected a whole number from 1 to 16, got 99"),
        ("[bridge]", '[bridge]\nlog = "xml"', "bridge: log: expected one of plain, json, got 'xml'"),
    ],
)
def test_invalid_value_is_reported_with_expectation(tmp_path, before, after, mistake):
    """A secret is not repeated in the message."""
    assert mistakes(tmp_path, VALID.replace(before, after)) == [mistake]


def test_duplicate_client_name_is_refused(tmp_path):
    """Webhook URLs contain the client's name."""
    second = VALID[VALID.index("[[clients]]") :]

    assert mistakes(tmp_path, VALID + second) == ["clients: name 'acme' is used more than once"]


def test_file_without_clients_is_refused(tmp_path):
    assert mistakes(tmp_path, VALID[: VALID.index("[[clients]]")]) == [
        "clients: expected one or more sections [[clients]]"
    ]


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        load(Path(tmp_path / "nowhere.toml"), {}, providers())


def test_invalid_toml_is_reported_with_its_position(tmp_path):
    assert mistakes(tmp_path, "[bridge\n") == [
        "is not TOML: Expected ']' at the end of a table declaration (at line 1, column 8)"
    ]


README = (ROOT / "bridge" / "README.md").read_text()


@pytest.mark.parametrize(
    ("settings", "section"), [(BRIDGE, BridgeConfig), (CLIENT, ClientConfig), (CHANNEL, ChannelConfig)]
)
def test_every_setting_has_a_check_and_a_description(settings, section):
    """The reference page is generated from these tables."""
    assert {*settings, "channels", "provider", "options"} >= {field.name for field in fields(section)} >= set(settings)
    assert [name for name, setting in settings.items() if not setting.description.endswith(".")] == []


def test_save_event_requires_url_and_token(tmp_path):
    """Without `save_event` they are mistakes."""
    text = VALID.replace("[[clients.channels]]", 'reports = "save_event"\n[[clients.channels]]', 1)
    other = VALID.replace("[[clients.channels]]", 'tenant_token = "x"\n[[clients.channels]]', 1)

    assert mistakes(tmp_path, text) == [
        'clients[0]: metrics_url is missing, which reports = "save_event" needs',
        'clients[0]: tenant_token is missing, which reports = "save_event" needs',
    ]
    assert mistakes(tmp_path, other) == ['clients[0]: tenant_token is given, which only reports = "save_event" needs']


def test_readme_example_is_valid(tmp_path):
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1]
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", example), "long-enough")

    assert load_text(tmp_path, example, variables).clients[0].channels[0].id == 505


def test_readme_lists_every_kind_of_job():
    assert {*HANDLERS, *BATCH_HANDLERS} <= set(re.findall(r"^\| `(\w+)`", README, re.MULTILINE))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"#" * 1_000_001, "expected a file of at most 1,000,000 bytes, got a larger one"),
        (b"a = " + b"[" * 100_000, "is nested too deeply; every setting is at most two sections deep"),
    ],
)
def test_hostile_file_is_a_mistake(tmp_path, content, sentence):
    """`--config /dev/zero` would fill the memory."""
    file = tmp_path / "bridge.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        load(file, {}, {})


def test_settings_can_come_from_a_pipe(tmp_path):
    """As in `--config <(envsubst < template.toml)`."""
    pipe = tmp_path / "bridge.toml"
    os.mkfifo(pipe)
    with (
        subprocess.Popen(["/bin/sh", "-c", f"echo 'a = [' > {pipe}"]),
        pytest.raises(ConfigError, match="is not TOML"),
    ):
        load(pipe, {}, {})
