"""A mail relay over SMTP, one message per call. openapi/smtp.yaml has the sources.

What became of a message arrives as a mail, which the client's relay hands over to the bridge: an inbound route, or a
line in the settings of its own mail server. A bridge that runs a mail server for this would need port 25 open to the
world, and protection from what arrives there.

The Message-ID names the batch, so a message that is sent again has the same one. But a relay does not compare them, and
has no record to ask. So a message whose reply was lost is not sent again; a notification may still tell its outcome.
"""

import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any

from sendproof_bridge.clock import SECOND, Instant
from sendproof_bridge.config import EMAIL, ChannelConfig
from sendproof_bridge.config_fields import Setting, SettingError, Settings, secret, text
from sendproof_bridge.outbound.delivery_notifications import Notification, read_notification
from sendproof_bridge.outbound.errors import (
    NotSentError,
    RateLimitedError,
    RejectedError,
    UnauthorizedError,
)
from sendproof_bridge.outbound.http import HttpClient, check_status
from sendproof_bridge.outbound.providers import (
    UNSUBSCRIBED,
    ComposedMessage,
    ComposeRequest,
    KnownIds,
    OpenMessage,
    OptIn,
    OptOut,
    OutgoingMessage,
    Receipt,
    SendResult,
    Template,
    no_ids,
)
from sendproof_bridge.outbound.response_values import values_of, whole_number
from sendproof_bridge.outbound.smtp_session import Envelope, SmtpClient, SmtpServer
from sendproof_bridge.outbound.unsubscription import unsubscribe_url

MESSAGE_TYPES = (EMAIL,)

SETTINGS: Settings = {
    "mail_url": Setting(text, "The relay, `smtp://host:587` with STARTTLS, or `smtps://host:465`."),
    "smtp_user": Setting(text, "The user of the relay."),
    "smtp_password": Setting(secret, "The password of the relay, also for the templates at `url`."),
    "from_address": Setting(text, "The sender that recipients see, such as `News <news@client.example>`."),
    "bounce_address": Setting(text, "The envelope sender: its mail must reach the bridge."),
}

_PLACEHOLDER = re.compile(r"\{\{ ?([A-Za-z0-9_]+) ?\}\}")
_ONE_CLICK = "List-Unsubscribe=One-Click"
# Longer lines would be folded within the URL of an unsubscription. documented: 998, RFC 5322, 2.1.1
_POLICY = SMTP.clone(max_line_length=998)
_STATUS_MEANINGS = {"delivered": "delivered", "failed": "undelivered", "unsubscribed": UNSUBSCRIBED}
# The message is on its way, or has left the world of notifications. documented: RFC 3464, 2.3.3
_NOT_FINAL = frozenset({"delayed", "relayed", "expanded"})
_MESSAGE_ID = re.compile(r"<(?P<batch>[A-Za-z0-9_-]+)\.[0-9a-f]{16}@[^>]+>")


def open_channel(config: ChannelConfig, http: HttpClient) -> "Smtp":
    """Return the account of a channel. `SettingError` for testing mode, and for a sender that is no address."""
    if config.testing:
        raise SettingError("SMTP has no testing mode")
    for name in ("from_address", "bounce_address"):
        if "@" not in parseaddr(config.options[name])[1]:
            raise SettingError(f"{name}: expected an e-mail address")
    return Smtp(config, http)


class Smtp:
    """One account at a relay."""

    batch_size = 1
    required_attributes: Sequence[str] = ()
    status_meanings: Mapping[str, str] = _STATUS_MEANINGS
    requests_receipts = True
    may_reject_later = False
    has_send_record = False
    knows_customers = False
    lead_ms = 0
    settle_ms = 30 * SECOND

    def __init__(self, config: ChannelConfig, http: HttpClient) -> None:
        """Read everything from the configuration."""
        self._options = config.options
        self._url = config.url.rstrip("/")
        self._http = http
        self._client = SmtpClient(
            SmtpServer(
                url=config.options["mail_url"],
                user=config.options["smtp_user"],
                password=config.options["smtp_password"],
            )
        )

    @values_of("SMTP")
    def list_templates(self) -> list[Template]:
        """Return all templates of the client: the first line is the subject, the others are HTML."""
        headers = {
            "x-smtp-user": self._options["smtp_user"],
            "x-smtp-password": self._options["smtp_password"].reveal(),
        }
        response = check_status(self._http.request("SMTP templates", "GET", f"{self._url}/templates", headers=headers))
        rows = response.json()["templates"]
        return [_template(row) for row in rows]

    def placeholders(self, body: str) -> list[str]:
        """Return the names in `{{NAME}}`."""
        return list(dict.fromkeys(_PLACEHOLDER.findall(body)))

    def compose(self, request: ComposeRequest) -> ComposedMessage:
        """Return subject and HTML of a message. In HTML, values are text."""
        subject, _, body = request.template.body.partition("\n")
        content = {"subject": _filled(subject, request.values), "html": _filled_html(body, request.values)}
        return ComposedMessage(phone=None, content=json.dumps(content))

    def send(self, messages: Sequence[OutgoingMessage], *, batch: str, receipt_url: str) -> SendResult:
        """Send one message. A temporary refusal of the recipient postpones it."""
        (message,) = messages
        mail = self._mail(message, batch, unsubscribe_url(receipt_url, message.recipient))
        envelope = Envelope(sender=self._options["bounce_address"], recipient=message.recipient, id=batch)
        try:
            self._client.send(envelope, mail.as_bytes())
        except (RateLimitedError, UnauthorizedError):
            raise
        except RejectedError as error:
            return SendResult(rejected={message.recipient: str(error)})
        except NotSentError as error:
            return SendResult(postponed={message.recipient: str(error)})
        return SendResult(accepted={message.recipient: ""})

    def _mail(self, message: OutgoingMessage, batch: str, url: str) -> EmailMessage:
        content = json.loads(message.content)
        name, address = parseaddr(self._options["from_address"])
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = Address(name, addr_spec=address)
        mail["To"] = Address(addr_spec=message.recipient)
        mail["Subject"] = content["subject"]
        mail["Message-ID"] = _message_id(batch, message.recipient, address)
        mail["List-Unsubscribe"] = f"<{url}>"
        mail["List-Unsubscribe-Post"] = _ONE_CLICK
        mail.set_content(content["html"], subtype="html", cte="quoted-printable")
        return mail

    def find_sent(self, messages: Sequence[OutgoingMessage], since: Instant) -> Mapping[str, list[str]]:
        """Return nothing: a relay has no record."""
        del messages, since
        return {}

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], batch: str) -> list[Receipt | OptOut | OptIn]:
        """Parse a mail to the envelope sender. One that is no notification, such as a vacation notice, says nothing."""
        del headers, batch
        receipts = (_receipt(found) for found in read_notification(body))
        return [receipt for receipt in receipts if receipt is not None]

    def parse_unsubscription(self, body: bytes, batch: str, recipient: str) -> list[Receipt | OptOut | OptIn]:
        """Parse a one-click unsubscription (RFC 8058)."""
        if body.decode("latin-1").strip() != _ONE_CLICK:
            raise ValueError(f"expected {_ONE_CLICK} as the body")
        return [Receipt(recipient=recipient, status_code="unsubscribed", provider_time="", batch=batch)]

    def poll_statuses(self, messages: Sequence[OpenMessage], known_ids: KnownIds = no_ids) -> Iterator[Receipt]:
        """Yield nothing: a relay has no status query."""
        del messages, known_ids
        yield from ()

    def list_opt_outs(self) -> Sequence[str]:
        """Return nothing: a relay has no list."""
        return ()


def _template(row: Mapping[str, Any]) -> Template:
    return Template(id=whole_number(row["id"]), title=str(row["title"]), body=f"{row['subject']}\n{row['html']}")


def _filled(subject: str, values: Mapping[str, str | None]) -> str:
    """Return a subject in one line: a line end in a value would begin another header."""
    return " ".join(_PLACEHOLDER.sub(lambda name: values.get(name[1]) or "", subject).split())


def _filled_html(body: str, values: Mapping[str, str | None]) -> str:
    return _PLACEHOLDER.sub(lambda name: html.escape(values.get(name[1]) or ""), body)


def _message_id(batch: str, recipient: str, sender: str) -> str:
    """Return the id of a message: the same, however often it is sent."""
    digest = hashlib.sha256(f"{batch} {recipient}".encode()).hexdigest()[:16]
    return f"<{batch}.{digest}@{sender.rpartition('@')[2]}>"


def _receipt(found: Notification) -> Receipt | None:
    """Return the receipt that a notification is; None for one about another message, or without a final status."""
    named = _MESSAGE_ID.fullmatch(found.message_id)
    if named is None or found.action in _NOT_FINAL:
        return None
    if found.action not in _STATUS_MEANINGS:
        raise ValueError(f"expected Action to be delivered, failed, delayed, relayed or expanded, got {found.action!r}")
    return Receipt(recipient=found.recipient, status_code=found.action, provider_time=found.at, batch=named["batch"])
