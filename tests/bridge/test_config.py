"""The configuration file: what is wrong with it, told at once and clearly."""

import re
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

GOOD = """
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


def read(folder, text, environment=ENVIRONMENT):
    """Load this text as a file."""
    path = folder / "bridge.toml"
    path.write_text(text)
    return load(path, environment, {"textlocal": providers()["textlocal"]})


def complaints(folder, text, environment=ENVIRONMENT):
    """What is said to be wrong with this text."""
    with pytest.raises(ConfigError) as error:
        read(folder, text, environment)
    return [line.partition("bridge.toml: ")[2] for line in str(error.value).splitlines()]


def test_secrets_come_from_the_environment(tmp_path):
    """`${NAME}` is replaced by the variable's value."""
    client = read(tmp_path, GOOD).clients[0]

    assert (client.optimove_api_key.reveal(), client.channels[0].options["apikey"].reveal()) == (
        "key-of-acme",
        "key-of-textlocal",
    )


def test_secrets_do_not_show_themselves(tmp_path):
    """Whoever logs the whole configuration gives nothing away."""
    shown = repr(read(tmp_path, GOOD))

    assert [secret for secret in ENVIRONMENT.values() if secret in shown] == []


def test_the_database_lies_beside_the_file(tmp_path):
    """Where the bridge is started does not matter."""
    assert read(tmp_path, GOOD).bridge.database == tmp_path / "bridge.sqlite"


def test_an_unset_variable_is_named(tmp_path):
    """The message says which variable to set."""
    environment = {"ACME_TOKEN": "token-of-acme", "TEXTLOCAL_KEY": "key-of-textlocal"}

    assert complaints(tmp_path, GOOD, environment) == [
        "clients[0]: optimove_api_key: expected the environment variable ACME_KEY to be set"
    ]


def test_a_misspelt_setting_gets_a_suggestion(tmp_path):
    """Nothing in the file is silently ignored."""
    text = GOOD.replace("sender =", "sendr =")

    assert complaints(tmp_path, text) == [
        "clients[0].channels[0]: sendr is not a known setting; did you mean sender?",
        "clients[0].channels[0]: sender is missing",
    ]


def test_all_mistakes_are_told_together(tmp_path):
    """One run is enough to learn everything."""
    text = GOOD.replace("127.0.0.1:9000", "9000").replace("id = 505", "id = 0").replace('name = "acme"', "")

    assert complaints(tmp_path, text) == [
        "bridge: listen: expected HOST:PORT such as 127.0.0.1:9000, got '9000'",
        "clients[0]: name is missing",
        f"clients[0].channels[0]: id: expected a whole number from 1 to {2**63 - 1}, got 0",
    ]


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
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
def test_a_wrong_value_says_what_was_expected(tmp_path, was, becomes, complaint):
    """Place, expectation and what stands there instead; a secret is not repeated."""
    assert complaints(tmp_path, GOOD.replace(was, becomes)) == [complaint]


def test_a_name_used_twice_is_refused(tmp_path):
    """Addresses of the door hold the client's name, so it must be one client's only."""
    second = GOOD[GOOD.index("[[clients]]") :]

    assert complaints(tmp_path, GOOD + second) == ["clients: name 'acme' is used more than once"]


def test_a_file_without_clients_is_refused(tmp_path):
    """A bridge without clients has nothing to do."""
    assert complaints(tmp_path, GOOD[: GOOD.index("[[clients]]")]) == [
        "clients: expected one or more sections [[clients]]"
    ]


def test_a_missing_file_is_named(tmp_path):
    """The message holds the path."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        load(Path(tmp_path / "nowhere.toml"), {}, providers())


def test_what_is_not_toml_says_where(tmp_path):
    """The parser's place is passed on."""
    assert complaints(tmp_path, "[bridge\n") == [
        "is not TOML: Expected ']' at the end of a table declaration (at line 1, column 8)"
    ]


README = (ROOT / "bridge" / "README.md").read_text()


@pytest.mark.parametrize(
    ("settings", "section"), [(BRIDGE, BridgeConfig), (CLIENT, ClientConfig), (CHANNEL, ChannelConfig)]
)
def test_every_setting_is_read_and_told_of(settings, section):
    """Each section of the file has its table of checks, which the manual is printed from."""
    assert {*settings, "channels", "provider", "options"} >= {field.name for field in fields(section)} >= set(settings)
    assert [name for name, one in settings.items() if not one.description.endswith(".")] == []


def test_signed_events_need_an_address_and_a_token(tmp_path):
    """And only they."""
    text = GOOD.replace("[[clients.channels]]", 'reports = "save_event"\n[[clients.channels]]', 1)
    other = GOOD.replace("[[clients.channels]]", 'tenant_token = "x"\n[[clients.channels]]', 1)

    assert complaints(tmp_path, text) == [
        'clients[0]: metrics_url is missing, which reports = "save_event" needs',
        'clients[0]: tenant_token is missing, which reports = "save_event" needs',
    ]
    assert complaints(tmp_path, other) == ['clients[0]: tenant_token is given, which only reports = "save_event" needs']


def test_the_manuals_example_works(tmp_path):
    """Whoever copies it has a file that loads."""
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1]
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", example), "long-enough")

    assert read(tmp_path, example, variables).clients[0].channels[0].id == 505


def test_the_manual_lists_every_kind_of_job():
    """In its table of jobs."""
    assert {*HANDLERS, *BATCH_HANDLERS} == set(re.findall(r"^\| `(\w+)`", README, re.MULTILINE))
