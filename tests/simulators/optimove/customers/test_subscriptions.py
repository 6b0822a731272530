"""The three ways to share opt-ins and opt-outs, each with its line in the history for the judge."""

import pytest
import requests

from optimove_alone import Optimove, sandbox_context
from optimove_over_http import Sandbox
from running import RunningSimulators
from sendproof_simulators.core.messaging.message_types import PUSH
from sendproof_simulators.core.simulator import Channel

OPT_OUT = {"ChannelID": 505, "CustomerIDs": ["C0000001", "C0000002"], "CommunicationMode": 2}


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> Sandbox:
    """Return a new sandbox."""
    return Sandbox(simulators)


def upload(sandbox: Sandbox, text: str) -> requests.Response:
    """Upload a batch file."""
    url = f"{sandbox.simulators.control}/control{sandbox.path}/services/optimove/batch"
    return requests.post(url, data=text.encode(), headers={"content-type": "text/csv"}, timeout=60)


def test_opt_out_is_shared_in_a_new_attribute(sandbox: Sandbox) -> None:
    """The first way, with an Admin key. Both calls end within a minute."""
    client, callback = sandbox.admin(), "http://127.0.0.1:9/callbacks"
    attribute = {"Name": "SMS_CONSENT", "Type": "INT", "DefaultValue": "1", "CallbackURL": callback}
    assert client.call("POST", "/Customers/AddCustomerAttribute", json=attribute).status_code == 200
    sandbox.wait(60_000)
    value = {"CustomerID": "C0000001", "Attributes": [{"RealFieldName": "SMS_CONSENT", "Value": 0}]}
    client.call("POST", "/Customers/UpdateCustomerAttributes", json={"CustomerNewAttributesValuesList": [value]})
    sandbox.wait(60_000)
    (line,) = sandbox.journal("attributes")
    assert line["changes"] == [{"customer": "C0000001", "field": "SMS_CONSENT", "value": "0"}]
    attributes = client.call("GET", "/customers/C0000001/attributes").json()
    assert [attribute["Value"] for attribute in attributes if attribute["RealFieldName"] == "SMS_CONSENT"] == ["0"]


def test_opt_out_is_shared_as_preference_of_a_channel(sandbox: Sandbox) -> None:
    """The second way, with any key."""
    assert sandbox.client().call("POST", "/Integrations/SetCustomerChannelPreference", json=OPT_OUT).status_code == 200
    assert sandbox.journal("preference") == [
        {
            "source": "api",
            "channel": 505,
            "app": None,
            "mode": 2,
            "opted_out": True,
            "customers": ["C0000001", "C0000002"],
        }
    ]
    preferences = sandbox.control("GET", "/services/optimove")["preferences"]
    assert preferences == [{"channel": 505, "app": None, "customers_by_mode": {"2": 2}}]


def test_preference_changes_the_opt_in_attribute(optimove: Optimove) -> None:
    """Documented: the table of preferences creates the attribute. A later opt-in undoes the opt-out."""
    optimove.call("SetCustomerChannelPreference", OPT_OUT)
    optimove.call("SetCustomerChannelPreference", OPT_OUT | {"CustomerIDs": ["C0000002"], "CommunicationMode": 1})
    values = [optimove.state.records.value(index, "SMS_OPT_IN", optimove.now) for index in (1, 2)]
    assert values == ["0", "1"]


def test_preference_of_a_push_channel_leaves_the_consent_to_sms() -> None:
    """It is the consent of the channel's type of messages."""
    channels = (Channel(id=521, provider="xtremepush", kind="scheduled", message=PUSH),)
    optimove = Optimove(context=sandbox_context(10, channels=channels, devices={}))
    optimove.call("SetCustomerChannelPreference", OPT_OUT | {"ChannelID": 521})
    records, now = optimove.state.records, optimove.now

    assert [records.value(1, name, now) for name in ("SMS_OPT_IN", "PUSH_OPT_IN")] == ["1", "0"]


def test_opt_out_is_shared_in_a_column_of_the_batch_file(sandbox: Sandbox) -> None:
    """The third way, as a part of the customers table."""
    assert upload(sandbox, "CustomerID,SMS_OPT_IN\nC0000001,0\nC0000002,1\n").json() == {"lines": 2}
    (line,) = sandbox.journal("attributes")
    assert (line["source"], [change["value"] for change in line["changes"]]) == ("batch_file", ["0", "1"])


def test_opt_out_is_shared_in_a_standalone_file(sandbox: Sandbox) -> None:
    """The third way, in a file of preferences."""
    assert upload(sandbox, "CustomerID,ChannelID,CommunicationMode\nC0000001,505,1\nC0000002,505,2\n").json() == {
        "lines": 2
    }
    assert [(line["mode"], line["customers"]) for line in sandbox.journal("preference")] == [
        (1, ["C0000001"]),
        (2, ["C0000002"]),
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("SMS_OPT_IN\n0\n", "first line CustomerID"),
        ("CustomerID,SHOE_SIZE\nC0000001,9\n", "the attributes are"),
        ("CustomerID,SMS_OPT_IN\nC0000001,0\nC0000002\n", "line 3: expected 2 values"),
        ("CustomerID,SMS_OPT_IN\nC0000001,0\nunknown,0\n", "line 3: expected a known customer, got 'unknown'"),
        (
            "CustomerID,SMS_OPT_IN\nC0000001,0\nC0000002,x\n",
            "line 3: expected a value of type INT for SMS_OPT_IN, got 'x'",
        ),
        ("CustomerID,ChannelID,CommunicationMode\nC0000001,1,1\n", "line 2: expected a ChannelID"),
        ("CustomerID,ChannelID,CommunicationMode\nC0000001,505,4\n", "line 2: expected a CommunicationMode"),
    ],
)
def test_wrong_file_is_refused_as_a_whole(sandbox: Sandbox, text: str, error: str) -> None:
    url = f"{sandbox.simulators.control}/control{sandbox.path}/services/optimove/batch"
    data = text.encode("utf-8", "surrogateescape")
    response = requests.post(url, data=data, headers={"content-type": "text/csv"}, timeout=60)
    assert (response.status_code, error in response.json()["detail"]) == (409, True), response.text
    assert (sandbox.journal("attributes"), sandbox.journal("preference")) == ([], [])


def test_lines_of_a_file_end_in_any_way(sandbox: Sandbox) -> None:
    url = f"{sandbox.simulators.control}/control{sandbox.path}/services/optimove/batch"
    data = "CustomerID,SMS_OPT_IN\r\nC0000001,0\rC0000002,1\n\nC0000003,1"
    assert requests.post(url, data=data, headers={"content-type": "text/csv"}, timeout=60).json() == {"lines": 3}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("CustomerID,SMS_OPT_IN\n" + "C0000001,0\n" * 100_001, "line 100002: expected at most 100,000 lines"),
        ("a," * 1_000_000, "got a,a,a,"),
    ],
    ids=["rows", "columns"],
)
def test_refusal_of_an_endless_file_is_short(sandbox: Sandbox, text: str, error: str) -> None:
    url = f"{sandbox.simulators.control}/control{sandbox.path}/services/optimove/batch"
    response = requests.post(url, data=text, headers={"content-type": "text/csv"}, timeout=60)
    assert error in response.json()["detail"]
    assert len(response.content) < 1_000


def test_value_longer_than_csv_allows_is_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.simulators.control}/control{sandbox.path}/services/optimove/batch"
    data = "CustomerID,SMS_OPT_IN\nC0000001," + "0" * 131_073
    response = requests.post(url, data=data, headers={"content-type": "text/csv"}, timeout=60)

    assert response.status_code == 400
    assert response.json()["detail"] == "line 2: expected CSV, got: field larger than field limit (131072)"


def test_call_accepts_up_to_50000_preferences(optimove: Optimove) -> None:
    body = OPT_OUT | {"CustomerIDs": ["C0000001"] * 50_000}
    assert optimove.call("SetCustomerChannelPreference", body).response.status == 200
    body["CustomerIDs"] = ["C0000001"] * 50_001
    assert optimove.violations("SetCustomerChannelPreference", body) == ["maxItems body.CustomerIDs"]


@pytest.mark.parametrize(
    ("option", "opted_out"), [("2_is_out", [False, False, True]), ("0_is_out", [True, False, False])]
)
def test_opt_out_mode_follows_the_dialect(option: str, opted_out: list[bool]) -> None:
    optimove = Optimove(sandbox_context(dialects={"optimove.communication_modes": option}))
    bodies = [OPT_OUT | {"CommunicationMode": mode} for mode in (0, "1", 2)]
    entries = [optimove.call("SetCustomerChannelPreference", body).entries for body in bodies]
    assert [entry.fields["opted_out"] for (entry,) in entries] == opted_out


def test_preference_without_customers_changes_nothing(optimove: Optimove) -> None:
    """The list may be null."""
    optimove.call("SetCustomerChannelPreference", {"ChannelID": 505, "CustomerIDs": None, "CommunicationMode": 1})
    assert optimove.state.preferences == {(505, None): {}}


def test_preference_for_unknown_channel_is_not_found(optimove: Optimove) -> None:
    effects = optimove.call("SetCustomerChannelPreference", OPT_OUT | {"ChannelID": 999})
    assert (effects.response.status, effects.entries) == (404, ())
