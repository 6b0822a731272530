"""The SMTP port with a real client: login, envelope, replies, and faults."""

import smtplib

import pytest

from simulated_relay import SENDER, Relay


def test_message_is_delivered_with_subject_and_html(relay: Relay) -> None:
    """A mail client shows the HTML part, with its entities decoded."""
    relay.send(relay.address(0))
    (delivery,) = relay.lines("delivery")
    assert (delivery["number"], delivery["text"]) == (relay.address(0), "Grüße\nHello Zoë")
    assert (delivery["message_type"], delivery["message_id"]) == ("email", "<1@client.example>")


def test_recipient_of_several_gets_the_message_alone(relay: Relay) -> None:
    """A refused recipient of an accepted message is reported by a notification."""
    with relay.session() as session:
        assert session.sendmail(SENDER, [relay.address(0), relay.address(2)], relay.mail()) == {}
    assert [line["number"] for line in relay.lines("delivery")] == [relay.address(0)]
    assert [line["number"] for line in relay.lines("rejection")] == [relay.address(2)]
    relay.advance(2)
    (bounce,) = relay.bridge.calls("bounces")
    assert b"Status: 5.1.1" in bounce.body


def test_wrong_password_is_refused(relay: Relay) -> None:
    with relay.connect() as session, pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        session.login(relay.access["credentials"]["smtp_user"], "wrong")
    assert (refused.value.smtp_code, refused.value.smtp_error) == (535, b"5.7.8 Authentication credentials invalid")


def test_message_without_login_is_refused(relay: Relay) -> None:
    with relay.connect() as session:
        session.ehlo()
        assert session.mail(SENDER) == (530, b"5.7.0 Authentication required")


def test_server_announces_its_size_and_notifications(relay: Relay) -> None:
    with relay.connect() as session:
        session.ehlo()
        assert (session.esmtp_features["size"], session.has_extn("dsn")) == ("1048576", True)


def test_larger_message_is_refused(relay: Relay) -> None:
    """A client that declares the size is refused before the data."""
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        relay.send(relay.address(0), relay.mail() + b"x" * 1_048_576)
    assert refused.value.smtp_code == 552


@pytest.mark.parametrize("parameter", ["NOTIFY=NEVER,SUCCESS", "NOTIFY=SOMETIMES"])
def test_invalid_notify_is_refused(relay: Relay, parameter: str) -> None:
    with relay.session() as session:
        session.mail(SENDER)
        assert session.rcpt(relay.address(0), [parameter])[0] == 501


@pytest.mark.parametrize(
    ("position", "reply"),
    [(2, b"5.1.1 The mailbox does not exist"), (6, b"5.7.1 The recipient is on the suppression list")],
)
def test_refused_recipient_has_permanent_reply(relay: Relay, position: int, reply: bytes) -> None:
    with pytest.raises(smtplib.SMTPDataError) as refused:
        relay.send(relay.address(position))
    assert (refused.value.smtp_code, refused.value.smtp_error) == (550, reply)


def test_greylisted_recipient_is_accepted_the_second_time(relay: Relay) -> None:
    with pytest.raises(smtplib.SMTPDataError) as refused:
        relay.send(relay.address(3))
    assert refused.value.smtp_code == 450
    assert relay.send(relay.address(3)) == {}
    (rejection,) = relay.lines("rejection")
    assert (len(relay.lines("delivery")), rejection["code"], rejection["whole_call"]) == (1, "4.2.0", True)


def test_message_without_one_click_is_refused(relay: Relay) -> None:
    with pytest.raises(smtplib.SMTPDataError) as refused:
        relay.send(relay.address(0), relay.mail(List_Unsubscribe_Post=""))
    assert (refused.value.smtp_code, b"List-Unsubscribe-Post" in refused.value.smtp_error) == (550, True)


def test_message_that_is_submitted_again_goes_out_again(relay: Relay) -> None:
    """A relay does not compare Message-IDs."""
    relay.send(relay.address(0))
    relay.send(relay.address(0))
    assert len({line["message"] for line in relay.lines("delivery")}) == 2


def test_rate_limit_is_a_temporary_reply(relay: Relay) -> None:
    relay.control("POST", "/faults", [{"fault": "rate_limited", "call": "smtp.submitMessage", "nth": 1}])
    with pytest.raises(smtplib.SMTPDataError) as refused:
        relay.send(relay.address(0))
    assert (refused.value.smtp_code, refused.value.smtp_error[:5]) == (450, b"4.7.0")


@pytest.mark.parametrize("fault", [{"fault": "connection_reset", "when": "after"}, {"fault": "html_response"}])
def test_lost_reply_closes_the_connection(relay: Relay, fault: dict[str, object]) -> None:
    """The message may have gone out, and the client cannot know it."""
    relay.control("POST", "/faults", [{**fault, "call": "smtp.submitMessage", "nth": 1}])
    with pytest.raises(smtplib.SMTPServerDisconnected):
        relay.send(relay.address(0))


def test_envelope_is_a_request_in_the_history(relay: Relay) -> None:
    """So `explain`, the report and the checks see an SMTP conversation like every other call."""
    relay.send(relay.address(0), mail_options=["ENVID=a+2Bb"])
    login, submission = relay.lines("request")
    assert (login["operation"], submission["operation"]) == ("authenticate", "submitMessage")
    assert submission["summary"] == {"accepted": 1, "refused": 0}
    assert relay.lines("delivery")[0]["custom"] == "a+b"


def test_header_in_utf8_needs_smtputf8(relay: Relay) -> None:
    """Mail software shows other characters than ASCII as it likes, if the header does not name their encoding."""
    raw = relay.mail(Subject="").replace(b"From:", "Subject: Grüße\r\nFrom:".encode(), 1)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        relay.send(relay.address(0), raw)
    assert (refused.value.smtp_code, refused.value.smtp_error[:5]) == (550, b"5.6.9")
    relay.send(relay.address(0), raw, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    assert relay.lines("delivery")[0]["heading"] == "Grüße"


@pytest.mark.parametrize(
    ("envelope", "header"),
    [("news@other.example", ""), (SENDER, "news@other.example"), (SENDER, "news@evilclient.example")],
)
def test_sender_at_another_domain_is_refused(relay: Relay, envelope: str, header: str) -> None:
    with relay.session() as session, pytest.raises(smtplib.SMTPDataError) as refused:
        session.sendmail(envelope, [relay.address(0)], relay.mail(**({"From": header} if header else {})))
    assert b"5.7.1 MAIL FROM and From need addresses at client.example" in refused.value.smtp_error


@pytest.mark.parametrize("envelope", ["", "a@mail.Client.Example"])
def test_sender_can_be_empty_or_at_a_domain_below(relay: Relay, envelope: str) -> None:
    with relay.session() as session:
        session.sendmail(envelope, [relay.address(0)], relay.mail(From="N <n@x.client.example>"))
    assert len(relay.lines("delivery")) == 1


def test_sandbox_names_the_domain_of_its_senders(relay: Relay) -> None:
    assert relay.access["sender_domain"] == "client.example"
