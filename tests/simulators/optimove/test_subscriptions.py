"""The three ways to share who opted in or out; each is in the history for the judge."""

import pytest
import requests

from optimove_alone import Optimove, sandbox_context
from optimove_over_http import Sandbox
from running import RunningSimulators

OUT = {"ChannelID": 505, "CustomerIDs": ["C0000001", "C0000002"], "CommunicationMode": 2}


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> Sandbox:
    """A fresh one."""
    return Sandbox(simulators)


def upload(sandbox: Sandbox, text: str) -> requests.Response:
    """Send a batch file."""
    url = f"{sandbox.simulators.control}/control{sandbox.path}/services/optimove/batch"
    return requests.post(url, data=text.encode(), headers={"content-type": "text/csv"}, timeout=20)


def test_an_attribute_can_be_made_and_filled(sandbox: Sandbox) -> None:
    """Way one, with an Admin key; both calls end within a minute."""
    client, callback = sandbox.admin(), "http://127.0.0.1:9/callbacks"
    made = {"Name": "SMS_CONSENT", "Type": "INT", "DefaultValue": "1", "CallbackURL": callback}
    assert client.call("POST", "/Customers/AddCustomerAttribute", json=made).status_code == 200
    sandbox.wait(60_000)
    value = {"CustomerID": "C0000001", "Attributes": [{"RealFieldName": "SMS_CONSENT", "Value": 0}]}
    client.call("POST", "/Customers/UpdateCustomerAttributes", json={"CustomerNewAttributesValuesList": [value]})
    sandbox.wait(60_000)
    (known,) = sandbox.journal("attributes")
    assert known["changes"] == [{"customer": "C0000001", "field": "SMS_CONSENT", "value": "0"}]
    read = client.call("GET", "/customers/C0000001/attributes").json()
    assert [one["Value"] for one in read if one["RealFieldName"] == "SMS_CONSENT"] == ["0"]


def test_a_preference_can_be_set_for_a_channel(sandbox: Sandbox) -> None:
    """Way two, with any key."""
    assert sandbox.client().call("POST", "/Integrations/SetCustomerChannelPreference", json=OUT).status_code == 200
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
    shown = sandbox.control("GET", "/services/optimove")["preferences"]
    assert shown == [{"channel": 505, "app": None, "customers_by_mode": {"2": 2}}]


def test_a_column_of_the_batch_can_tell_it(sandbox: Sandbox) -> None:
    """Way three, as a part of the customers' table."""
    assert upload(sandbox, "CustomerID,SMS_OPT_IN\nC0000001,0\nC0000002,1\n").json() == {"lines": 2}
    (known,) = sandbox.journal("attributes")
    assert (known["source"], [change["value"] for change in known["changes"]]) == ("batch_file", ["0", "1"])


def test_a_file_of_its_own_can_tell_it(sandbox: Sandbox) -> None:
    """Way three, standalone."""
    assert upload(sandbox, "CustomerID,ChannelID,CommunicationMode\nC0000001,505,1\nC0000002,505,2\n").json() == {
        "lines": 2
    }
    assert [(one["mode"], one["customers"]) for one in sandbox.journal("preference")] == [
        (1, ["C0000001"]),
        (2, ["C0000002"]),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SMS_OPT_IN\n0\n", "first line CustomerID"),
        ("CustomerID,SHOE_SIZE\nC0000001,9\n", "the attributes are"),
        ("CustomerID,SMS_OPT_IN\nC0000001,0\nC0000002\n", "line 3: expected 2 values"),
        ("CustomerID,SMS_OPT_IN\nC0000001,0\nnobody,0\n", "line 3: expected a known customer, got 'nobody'"),
        (
            "CustomerID,SMS_OPT_IN\nC0000001,0\nC0000002,x\n",
            "line 3: expected a value of type INT for SMS_OPT_IN, got 'x'",
        ),
        ("CustomerID,ChannelID,CommunicationMode\nC0000001,1,1\n", "line 2: expected a ChannelID"),
        ("CustomerID,ChannelID,CommunicationMode\nC0000001,505,4\n", "line 2: expected a CommunicationMode"),
        ("\udcff", "not text/csv"),
    ],
)
def test_a_wrong_file_is_refused_as_a_whole(sandbox: Sandbox, text: str, said: str) -> None:
    """The line is named."""
    url = f"{sandbox.simulators.control}/control{sandbox.path}/services/optimove/batch"
    data = text.encode("utf-8", "surrogateescape")
    reply = requests.post(url, data=data, headers={"content-type": "text/csv"}, timeout=20)
    assert (reply.status_code, said in reply.json()["detail"]) == (400, True), reply.text
    assert (sandbox.journal("attributes"), sandbox.journal("preference")) == ([], [])


def test_50000_preferences_can_be_set_at_once_and_no_more(optimove: Optimove) -> None:
    """The limit, and one past it."""
    most = OUT | {"CustomerIDs": ["C0000001"] * 50_000}
    assert optimove.call("SetCustomerChannelPreference", most).reply.status == 200
    most["CustomerIDs"] = ["C0000001"] * 50_001
    assert optimove.violations("SetCustomerChannelPreference", most) == ["maxItems body.CustomerIDs"]


@pytest.mark.parametrize(("answer", "out"), [("2_is_out", [False, False, True]), ("0_is_out", [True, False, False])])
def test_what_a_mode_means_is_an_open_question(answer: str, out: list[bool]) -> None:
    """Of the modes 0, 1 and 2."""
    optimove = Optimove(sandbox_context(dialects={"optimove.communication_modes": answer}))
    facts = [optimove.call("SetCustomerChannelPreference", OUT | {"CommunicationMode": n}).facts for n in (0, "1", 2)]
    assert [fact.fields["opted_out"] for (fact,) in facts] == out


def test_a_preference_for_nobody_changes_nothing(optimove: Optimove) -> None:
    """The list may be null."""
    optimove.call("SetCustomerChannelPreference", {"ChannelID": 505, "CustomerIDs": None, "CommunicationMode": 1})
    assert optimove.state.preferences == {(505, None): {}}


def test_a_preference_for_an_unknown_channel_is_not_found(optimove: Optimove) -> None:
    """Nothing is noted."""
    outcome = optimove.call("SetCustomerChannelPreference", OUT | {"ChannelID": 999})
    assert (outcome.reply.status, outcome.facts) == (404, ())
