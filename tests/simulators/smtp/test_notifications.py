"""What follows an accepted message: bounces, other notifications, and one-click unsubscriptions."""

from email import message_from_bytes

import pytest

from simulated_relay import SENDER, Relay

_SUCCESS = ["NOTIFY=SUCCESS,FAILURE"]


def test_bounce_is_a_report_to_the_envelope_sender(relay: Relay) -> None:
    relay.send(relay.address(1), mail_options=["ENVID=batch-1"])
    relay.advance(3)
    (call,) = relay.bridge.calls("bounces")
    report = message_from_bytes(call.body)
    assert (report.get_content_type(), report["To"], report["Date"]) == (
        "multipart/report",
        SENDER,
        "Mon, 02 Mar 2026 09:00:03 +0000",
    )
    _, status, original = report.get_payload()
    of_message, of_recipient = status.get_payload()
    assert of_message["Original-Envelope-Id"] == "batch-1"
    assert (of_recipient["Final-Recipient"], of_recipient["Action"], of_recipient["Status"]) == (
        f"rfc822; {relay.address(1)}",
        "failed",
        "5.1.1",
    )
    assert "Message-ID: <1@client.example>" in original.get_payload()


def test_delivery_is_only_reported_on_request(relay: Relay) -> None:
    relay.send(relay.address(0))
    relay.advance(60)
    assert relay.bridge.calls("bounces") == []
    relay.send(relay.address(0), rcpt_options=_SUCCESS)
    relay.advance(60)
    (call,) = relay.bridge.calls("bounces")
    assert b"Action: delivered" in call.body


def test_key_of_a_notification_names_the_message_after_the_event(relay: Relay) -> None:
    """The judge reads there which message a webhook is about, so an event that is lost excuses the bridge."""
    relay.send(relay.address(0), rcpt_options=_SUCCESS)
    relay.advance(60)
    (webhook,), (delivery,) = relay.lines("webhook"), relay.lines("delivery")
    assert webhook["key"] == f"dsn:{delivery['message']}:delivered"


def test_message_without_an_envelope_sender_has_no_notification(relay: Relay) -> None:
    with relay.session() as session:
        session.sendmail("", [relay.address(1)], relay.mail(), rcpt_options=_SUCCESS)
    relay.advance(60)
    assert (relay.lines("delivery")[0]["sender"], relay.bridge.calls("bounces")) == ("", [])


def test_notification_can_arrive_before_the_reply(relay: Relay) -> None:
    relay.send(relay.address(5), rcpt_options=_SUCCESS)
    assert len(relay.bridge.calls("bounces")) == 1


def test_sender_that_wants_none_gets_no_notification(relay: Relay) -> None:
    relay.send(relay.address(1), rcpt_options=["NOTIFY=NEVER"])
    relay.advance(60)
    assert ([line["status"] for line in relay.lines("delivery_status")], relay.bridge.calls("bounces")) == (
        ["invalid"],
        [],
    )


def test_delay_is_reported_once_to_a_sender_that_asks_for_it(relay: Relay) -> None:
    relay.send(relay.address(7), rcpt_options=["NOTIFY=SUCCESS,FAILURE,DELAY"])
    relay.advance(3 * 60 * 60)
    assert relay.bridge.calls("bounces") == []
    relay.advance(60 * 60)
    (call,) = relay.bridge.calls("bounces")
    assert b"Action: delayed\r\nStatus: 4.4.1" in call.body
    assert relay.lines("delivery_status") == []
    relay.advance(68 * 60 * 60)
    assert b"Action: delivered" in relay.bridge.calls("bounces")[-1].body
    assert len(relay.bridge.calls("bounces")) == 2


@pytest.mark.parametrize(("place", "keywords"), [(7, "SUCCESS,FAILURE"), (0, "SUCCESS,FAILURE,DELAY")])
def test_delay_is_not_reported_otherwise(relay: Relay, place: int, keywords: str) -> None:
    relay.send(relay.address(place), rcpt_options=[f"NOTIFY={keywords}"])
    relay.advance(72 * 60 * 60)
    (call,) = relay.bridge.calls("bounces")
    assert b"Action: delivered" in call.body


def test_mail_client_unsubscribes_with_one_click(relay: Relay) -> None:
    relay.send(relay.address(4))
    relay.advance(60)
    (call,) = relay.bridge.calls("0")
    assert (call.method, call.body) == ("POST", {"List-Unsubscribe": "One-Click"})
    (opt_out,) = relay.lines("opt_out")
    assert (opt_out["number"], opt_out["message_type"]) == (relay.address(4), "email")


def test_forged_unsubscription_has_the_url_of_another_recipient(relay: Relay) -> None:
    fault = {"fault": "forged_webhook", "webhook": "smtp.unsubscribe", "times": "all"}
    relay.control("POST", "/faults", [fault])
    for place in (0, 4):
        url = f"{relay.bridge.url}/unsubscribe/{relay.address(place)}"
        relay.send(relay.address(place), relay.mail(List_Unsubscribe=f"<{url}>"))
    relay.advance(60)
    posted = {place: [call.method for call in relay.bridge.calls(relay.address(place))] for place in (0, 4)}
    assert posted == {0: ["POST", "POST"], 4: ["POST"]}
    assert [line["number"] for line in relay.lines("opt_out")] == [relay.address(4)]


def test_scanner_opens_the_url_of_an_unsubscription_of_some_messages(relay: Relay) -> None:
    """It is no unsubscription, whatever the response is, and it is not repeated."""
    with relay.session() as session:
        for _ in range(100):
            session.sendmail(SENDER, [relay.address(0)], relay.mail())
    relay.advance(600)
    scans, calls = relay.lines("link_scan"), relay.bridge.calls("0")
    assert 0 < len(scans) == len(calls) < 20
    assert {(call.method, call.headers.get("content-type")) for call in calls} == {("GET", None)}
    assert (relay.lines("opt_out"), relay.lines("webhook")) == ([], [])


def test_sender_with_a_page_elsewhere_is_accepted(relay: Relay) -> None:
    """Only this sandbox sends nothing to other machines, so no recipient unsubscribes."""
    relay.send(relay.address(4), relay.mail(List_Unsubscribe="<https://client.example/u/1>"))
    relay.advance(60)
    assert (len(relay.lines("delivery")), relay.lines("opt_out")) == (1, [])


@pytest.mark.parametrize("settings", [{"inbound_url": 5}, {"url": "http://127.0.0.1:9"}, {"inbound_url": "ftp://a"}])
def test_invalid_settings_are_refused(relay: Relay, settings: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match=r"inbound_url|expected"):
        relay.control("PUT", "/providers/smtp/settings", settings)
