"""E-mail over SMTP: what a message consists of, and what notifications and unsubscriptions mean."""

import pytest

from sendproof_bridge.config_fields import Secret, SettingError
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.outbound.providers import (
    ComposeRequest,
    OutgoingMessage,
    Receipt,
    Template,
    open_channel,
    providers,
)
from sendproof_bridge.outbound.unsubscription import read_key, unsubscribe_url
from small_bridge import bridge_config
from stand_in import Reply

OPTIONS = {name: setting.default for name, setting in providers()["smtp"].items()} | {
    "mail_url": "smtp://127.0.0.1:9",
    "smtp_user": "client",
    "smtp_password": Secret("a-password"),
    "from_address": "Nëws <news@client.example>",
    "bounce_address": "bounces@client.example",
}
RECEIPT_URL = "http://127.0.0.1:9000/webhooks/smtp/acme/a-long-token/505-7001-0-0"
ADA = "ada@example.com"
TEMPLATE = Template(id=1, title="News", body="{{NAME}}, news\n<p>{{NAME}} &amp; {{CITY}}</p>")


def channel(**settings):
    """Return the settings of a channel."""
    return {"provider": "smtp", "message": "email", "options": {**OPTIONS, **settings}}


def account(tmp_path, url="http://127.0.0.1:9", **settings):
    """Open the account alone."""
    (client,) = bridge_config(tmp_path, url, channel=channel(**settings)).clients
    return open_channel(client.channels[0], HttpClient())


def mail(tmp_path, **values):
    """Return the message to a customer with these values."""
    smtp = account(tmp_path)
    composed = smtp.compose(ComposeRequest(customer="C1", template=TEMPLATE, values=values))
    outgoing = OutgoingMessage(recipient=ADA, number=ADA, template=1, content=composed.content)
    return smtp._mail(outgoing, "505-7001-0-0", unsubscribe_url(RECEIPT_URL, ADA))


def test_values_are_text_in_html(tmp_path):
    message = mail(tmp_path, NAME="A & <B>", CITY=None)
    assert (message["subject"], message.get_content()) == ("A & <B>, news", "<p>A &amp; &lt;B&gt; &amp; </p>\n")


def test_line_end_in_a_value_begins_no_header(tmp_path):
    assert mail(tmp_path, NAME="Ada\r\nBcc: all@example.com")["subject"] == "Ada Bcc: all@example.com, news"


def test_headers_survive_the_wire(tmp_path):
    """A URL that is folded or encoded would be another one."""
    raw = mail(tmp_path, NAME="Ada").as_bytes()
    url = unsubscribe_url(RECEIPT_URL, ADA).encode()
    assert b"\r\nList-Unsubscribe: <" + url + b">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert b"From: =?utf-8?" in raw
    assert b"\r\nTo: ada@example.com\r\n" in raw


def test_same_message_has_the_same_id(tmp_path):
    ids = {mail(tmp_path, NAME=name)["message-id"] for name in ("Ada", "Bob")}
    assert len(ids) == 1


def test_templates_have_the_subject_in_the_first_line(tmp_path, services):
    services.respond(
        "templates", Reply({"templates": [{"id": 1, "title": "News", "subject": "S", "html": "<p>H</p>"}]})
    )
    assert account(tmp_path, services.url).list_templates() == [Template(id=1, title="News", body="S\n<p>H</p>")]


def test_notification_about_another_message_says_nothing(tmp_path):
    """The envelope sender also gets bounces of mails that people wrote."""
    smtp = account(tmp_path)
    fields = "Final-Recipient: rfc822; ada@example.com\nAction: failed\n"
    body = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n'
    body += f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n{fields}\n--b\n"
    body += "Content-Type: text/rfc822-headers\n\nMessage-ID: <{}@client.example>\n--b--\n"
    own, other = (body.format(name).encode() for name in ("505-7001-0-0.0123456789abcdef", "someone"))
    expected = Receipt(recipient=ADA, status_code="failed", provider_time="", batch="505-7001-0-0")
    assert (smtp.parse_webhook(own, {}, ""), smtp.parse_webhook(other, {}, "")) == ([expected], [])


def test_key_of_an_unsubscription_shows_no_token():
    url = unsubscribe_url(RECEIPT_URL, ADA)
    key = url.removeprefix("http://127.0.0.1:9000/unsubscribe/smtp/acme/")
    assert ("a-long-token" in url, read_key("a-long-token", key)) == (False, ("505-7001-0-0", ADA))


@pytest.mark.parametrize("changed", [lambda key: key[:-2], lambda key: "A" + key[1:], lambda key: "", lambda key: "é"])
def test_changed_key_is_refused(changed):
    key = unsubscribe_url(RECEIPT_URL, ADA).rpartition("/")[2]
    assert (read_key("a-long-token", changed(key)), read_key("another-token", key)) == (None, None)


@pytest.mark.parametrize("name", ["from_address", "bounce_address"])
def test_sender_without_address_is_refused(tmp_path, name):
    with pytest.raises(SettingError, match=f"{name}: expected an e-mail address"):
        account(tmp_path, **{name: "News"})
