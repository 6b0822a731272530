"""Delivery status notifications as mail servers write them (RFC 3464)."""

import pytest

from sendproof_bridge.outbound.delivery_notifications import Notification, read_notification

HEADER = "From: MAILER-DAEMON@mx.example\nDate: Mon, 02 Mar 2026 09:00:05 +0000\n"
REPORT = HEADER + 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
ORIGINAL = "Message-ID: <505-7001-0-0.0123456789abcdef@client.example>\nSubject: Hi\n"


def report(recipients: str, original: str = ORIGINAL, kind: str = "text/rfc822-headers") -> bytes:
    parts = [
        "Content-Type: text/plain\n\nSorry.",
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n{recipients}",
    ]
    parts.append(f"Content-Type: {kind}\n\n{original}")
    return (REPORT + "".join(f"--b\n{part}\n" for part in parts) + "--b--\n").encode()


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822"])
def test_bounce_names_recipient_and_original(kind):
    """Servers return the header alone, or the whole message."""
    mail = report("Final-Recipient: rfc822; Ada@Example.com\nAction: failed\nStatus: 5.1.1\n", kind=kind)
    assert read_notification(mail) == [
        Notification(
            recipient="ada@example.com",
            action="failed",
            status="5.1.1",
            at="2026-03-02T09:00:05.000Z",
            message_id="<505-7001-0-0.0123456789abcdef@client.example>",
        )
    ]


def test_forwarded_mail_is_about_the_original_recipient():
    fields = (
        "Original-Recipient: rfc822;ada@example.com\nFinal-Recipient: rfc822; other@example.org\nAction: Delivered\n"
    )
    (found,) = read_notification(report(fields))
    assert (found.recipient, found.action) == ("ada@example.com", "delivered")


def test_one_mail_can_be_about_several_recipients():
    blocks = [f"Final-Recipient: rfc822; {name}@example.com\nAction: failed\nStatus: 4.4.7\n" for name in "ab"]
    assert [found.recipient for found in read_notification(report("\n".join(blocks)))] == [
        "a@example.com",
        "b@example.com",
    ]


OTHER_MAIL = {
    "nothing": b"",
    "no mail": b"\xff\x00",
    "vacation notice": (HEADER + "Subject: Away\n\nI am on holiday.").encode(),
    "read receipt": REPORT.replace("delivery-status", "disposition-notification").encode(),
}


@pytest.mark.parametrize("mail", OTHER_MAIL.values(), ids=OTHER_MAIL)
def test_other_mail_says_nothing(mail):
    assert read_notification(mail) == []


@pytest.mark.parametrize("fields", ["", "Action: failed\n", "Final-Recipient: rfc822; ada@example.com\n"])
def test_incomplete_notification_is_refused(fields):
    with pytest.raises(ValueError, match="expected"):
        read_notification(report(fields))
