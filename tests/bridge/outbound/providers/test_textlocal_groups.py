"""Sends of a template to a group of customer ids at Textlocal, against a server with responses in its form."""

from dataclasses import replace

import pytest

from sendproof_bridge.outbound.errors import NotSentError, OutcomeUnknownError, RejectedError
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.outbound.providers import (
    ComposeRequest,
    OpenMessage,
    OutgoingMessage,
    Receipt,
    SendResult,
    Template,
    open_channel,
)
from small_bridge import bridge_config
from stand_in import Reply

NINE = 1_772_442_000
CUSTOMERS = [OutgoingMessage(recipient=f"C{index}", number="", template=11, content=str(NINE)) for index in (1, 2, 3)]


def success(**values):
    return Reply({**values, "status": "success"})


def failure(code):
    return Reply({"errors": [{"code": code, "message": "no"}], "status": "failure"})


def rows(*customers, **values):
    """Return rows that name these customers."""
    return [{"recipient": 447100000000, "customer": customer, **values} for customer in customers]


@pytest.fixture
def groups(services, tmp_path):
    """Return an account that knows three customers, and accepts the first two of a group."""
    channel = bridge_config(tmp_path, services.url).clients[0].channels[0]
    services.respond("get_groups", success(num_groups=0, groups=[]))
    services.respond("create_group", success(group={"id": 100, "name": "any"}))
    services.respond("create_contacts", success(group_id=100, num_contacts=3, contacts=[]))
    services.respond("send", success(batch_id=9, messages=rows("C1", "C2", id="1")))
    return open_channel(
        replace(channel, options={**channel.options, "recipients": "customer_ids"}), HttpClient(read_seconds=60.0)
    )


def send(groups):
    return groups.send(CUSTOMERS, batch="505-7001-0-0", receipt_url="")


def test_template_time_and_sender_go_to_group_of_customers(groups, services):
    """Optimove stores no numbers, and Textlocal fills in the text."""
    send(groups)

    assert services.calls("create_contacts")[0].body["numbers"] == "C1,C2,C3"
    form = services.calls("send")[0].body
    assert {name: form[name] for name in form if name != "apikey"} == {
        "group_id": "100", "template_id": "11", "schedule_time": str(NINE), "sender": "Sendproof", "optouts": "true",
    }  # fmt: skip


def test_customers_without_a_row_are_rejected(groups):
    """They are unknown, opted out, or without a number, and count as dropped."""
    result = send(groups)

    assert result.accepted == {"C1": "9:C1", "C2": "9:C2"}
    assert result.rejected == {"C3": "Textlocal left the customer out"}


@pytest.mark.parametrize(("command", "code"), [("create_contacts", 56), ("send", 11), ("send", 51), ("send", 4)])
def test_group_without_any_reachable_customer_is_rejected(groups, services, command, code):
    services.respond(command, failure(code))

    assert send(groups) == SendResult(rejected=dict.fromkeys(("C1", "C2", "C3"), "Textlocal left the customer out"))


@pytest.mark.parametrize(("code", "error"), [(44, RejectedError), (7, NotSentError)])
def test_other_failure_is_that_of_the_whole_call(groups, services, code, error):
    services.respond("send", failure(code))

    with pytest.raises(error) as raised:
        send(groups)
    assert type(raised.value) is error


def test_group_is_sent_to_at_once_if_its_time_has_passed(groups, services):
    """After an outage, Textlocal refuses the time (9)."""
    services.respond("send", failure(9), success(batch_id=9, messages=rows("C1")))

    assert send(groups).accepted == {"C1": "9:C1"}
    assert ["schedule_time" in call.body for call in services.calls("send")] == [True, False]


def test_group_of_an_earlier_attempt_is_used_again(groups, services):
    """Textlocal refuses a second group with a name."""
    send(groups)
    name = services.calls("create_group")[0].body["name"]
    services.respond("get_groups", success(groups=[{"id": 77, "name": name, "size": 3}]))
    send(groups)

    assert len(services.calls("create_group")) == 1
    assert services.calls("send")[-1].body["group_id"] == "77"


@pytest.mark.parametrize("place", ["get_scheduled", "get_history_group"])
def test_lost_response_is_found_by_the_name_of_the_group(groups, services, place):
    send(groups)
    name = services.calls("create_group")[0].body["name"]
    services.respond("get_groups", success(groups=[{"id": 77, "name": name, "size": 3}]))
    services.respond("get_scheduled", success(scheduled=[{"id": "5", "groupid": "77"}][: place == "get_scheduled"]))
    sent = [{"batch_id": 5, "group_id": 77}][: place == "get_history_group"]
    services.respond("get_history_group", success(messages=sent))
    services.respond("status_batch", success(messages=rows("C2", status="P")))

    assert groups.find_sent(CUSTOMERS, NINE * 1000) == {"C2": ["5:C2"]}


def test_equal_campaigns_share_a_group(groups, services):
    """The batch of the other campaign must not hide that of this one."""
    send(groups)
    name = services.calls("create_group")[0].body["name"]
    services.respond("get_groups", success(groups=[{"id": 77, "name": name, "size": 3}]))
    services.respond("get_scheduled", success(scheduled=[{"id": "5", "groupid": "77"}]))
    services.respond("get_history_group", success(messages=[{"batch_id": 4, "group_id": 77}]))
    services.respond("status_batch", success(messages=rows("C2", status="P")))

    assert groups.find_sent(CUSTOMERS, NINE * 1000) == {"C2": ["5:C2", "4:C2"]}


def test_nothing_is_found_without_the_group(groups):
    assert groups.find_sent(CUSTOMERS, NINE * 1000) == {}


def test_status_of_a_batch_is_polled_once_for_all_of_its_customers(groups, services):
    services.respond("status_batch", success(messages=[*rows("C1", status="D"), *rows("C2", status="P")]))
    open_messages = [
        OpenMessage(recipient=customer, message=f"9:{customer}", template=11, sent_at=0) for customer in ("C1", "C2")
    ]

    assert list(groups.poll_statuses(open_messages)) == [Receipt(recipient="C1", status_code="D", provider_time="")]
    assert [call.body["batch_id"] for call in services.calls("status_batch")] == ["9"]


def test_response_that_names_no_customers_is_unknown(groups, services):
    services.respond("send", success(batch_id=9, messages=[{"id": "1", "recipient": 447100000000}]))

    with pytest.raises(OutcomeUnknownError, match="each name their customer"):
        send(groups)


def test_composed_message_is_the_template_and_its_time(groups):
    request = ComposeRequest(
        customer="C1", template=Template(id=11, title="Offer", body="Hi"), values={}, send_at=NINE * 1000
    )
    composed = groups.compose(request)

    assert (composed.phone, composed.recipient, composed.content, composed.group) == (None, "C1", str(NINE), "11")
