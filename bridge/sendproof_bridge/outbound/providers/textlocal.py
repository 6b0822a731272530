"""Textlocal's command API: only what the bridge uses. openapi/textlocal.yaml tells where each fact is from."""

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote

from sendproof_bridge.clock import MINUTE, SECOND, Instant
from sendproof_bridge.config import ChannelConfig
from sendproof_bridge.config_fields import Setting, Settings, secret, text
from sendproof_bridge.outbound.errors import (
    CredentialsRefusedError,
    NotDoneError,
    OutsideError,
    RefusedError,
    UnknownOutcomeError,
)
from sendproof_bridge.outbound.http import Answer, Wire, check_status
from sendproof_bridge.outbound.providers import Composed, Open, OptOut, Order, Outgoing, Receipt, SendReply, Template
from sendproof_bridge.outbound.sms_encoding import needs_unicode

SETTINGS: Settings = {
    "apikey": Setting(
        secret, "The account's key; `url` is `https://api.txtlocal.com/` or `https://api.textlocal.in/`."
    ),
    "sender": Setting(text, "Who messages come from."),
}

# documented: https://api.txtlocal.com/docs/bulkjson (no more than 500 messages a call)
_BATCH = 500
# observed: https://github.com/lindar-open/textlocal-java-client (no more than 1,000 rows a call)
_HISTORY_PAGE = 1_000
# documented: https://api.txtlocal.com/docs/helpfulinfo (longer texts are cut)
_LONGEST_TEXT = 765

# observed: https://github.com/PipedreamHQ/pipedream (Indian templates); the form without braces is assumed
_PLACEHOLDER = re.compile(r"%%\|(?P<name>[A-Za-z0-9_]+)(?:\^\{.*?\})?%%", re.DOTALL)

# documented: https://api.txtlocal.com/docs/helpfulinfo; P (pending) changes nothing and is never pushed
_LETTERS = {"D": "delivered", "U": "undelivered", "I": "invalid", "E": "expired", "?": "unknown"}

# Its clock need not agree with ours.
_MARGIN_MS = 10 * MINUTE
# assumed: nobody says which words Textlocal takes for an opt-out; these are what networks ask for
_STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})

_INVALID_LOGIN = 3
# Out of credits; not at this time of day (India). documented and observed: openapi/textlocal.yaml, x-codes
_PASSING = frozenset({7, 191, 192})


logger = logging.getLogger(__name__)


def open_channel(config: ChannelConfig, wire: Wire) -> "Textlocal":
    """The account that a channel's configuration names."""
    return Textlocal(config, wire)


class Textlocal:
    """One account. Trouble with a request comes as 200 and `status: failure`, with codes."""

    batch_size = _BATCH
    letters = _LETTERS
    posts_receipts = True
    rejects_later = False
    attributes = ()
    remembers = True
    settle_ms = 30 * SECOND

    def __init__(self, config: ChannelConfig, wire: Wire) -> None:
        """Take the address, the key and the sender from the configuration."""
        self._url = config.url.rstrip("/")
        self._key = config.options["apikey"]
        self._sender = config.options["sender"]
        self._phone = config.phone_attribute
        self._testing = config.testing
        self._wire = wire

    def templates(self) -> list[Template]:
        """All templates of the account."""
        answer, said = self._command("get_templates", {})
        _raise_failure(answer, said)
        return [_template(answer, row) for row in _list(answer, said, "templates")]

    def placeholders(self, body: str) -> list[str]:
        """The names in `%%|NAME^{...}%%` and `%%|NAME%%`, in order, each once."""
        return list(dict.fromkeys(match["name"] for match in _PLACEHOLDER.finditer(body)))

    def compose(self, order: Order) -> Composed:
        """The final text: Textlocal fills nothing in by itself. One text in Unicode makes its whole call dearer."""
        values = order.values
        final = fill(order.template.body, values)
        return Composed(phone=values[self._phone], content=final, group="unicode" if needs_unicode(final) else "")

    def send(self, messages: Sequence[Outgoing], *, batch: str, receipt_url: str) -> SendReply:
        """One `bulk_json`. Texts are URL-encoded inside the JSON, as in the vendor's sample."""
        del batch
        data: dict[str, object] = {
            "sender": self._sender,
            "messages": [{"number": one.number, "text": quote(one.content, safe="")} for one in messages],
            "receiptUrl": receipt_url,
        }
        if any(needs_unicode(one.content) for one in messages):
            data["unicode"] = True
        if self._testing:
            data["test"] = True
        answer, said = self._command("bulk_json", {"data": json.dumps(data)})
        reply = _send_reply(answer, said)
        if not (reply.accepted or reply.rejected or reply.postponed):
            _raise_failure(answer, said)
        return reply

    def find(self, messages: Sequence[Outgoing], since: Instant) -> Mapping[str, list[str]]:
        """Number and text are the mark: `bulk_json` has no documented key of the caller's own."""
        wanted = {one.number: one.content for one in messages}
        found: dict[str, list[str]] = {}
        for id_, number, said in self._record(since - _MARGIN_MS):
            if number in wanted and same_text(said, wanted[number]):
                found.setdefault(number, []).append(id_)
        return found

    def _record(self, since: Instant) -> Iterator[tuple[str, str, str]]:
        """What was sent, oldest first, so that what is added meanwhile does not shift the pages."""
        start = 0
        while True:
            asked = {"min_time": since // SECOND, "sort_order": "asc", "start": start, "limit": _HISTORY_PAGE}
            answer, said = self._command("get_history_api", {name: str(value) for name, value in asked.items()})
            _raise_failure(answer, said)
            rows = _list(answer, said, "messages")
            yield from (_sent(answer, row) for row in rows)
            start += len(rows)
            if not rows:
                return

    def read(self, body: bytes, headers: Mapping[str, str], batch: str) -> list[Receipt | OptOut]:
        """A receipt comes to its batch's address, what a customer writes to the account's. Neither is signed."""
        del headers
        fields = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True))
        return [_receipt(fields, batch)] if batch else _opt_outs(fields)

    def outcomes(self, messages: Sequence[Open]) -> Iterator[Receipt]:
        """Ask about one after the other; documented: https://api.txtlocal.com/docs/messagereporting/messagestatus ."""
        for one in messages:
            try:
                letter, stamp = self._status(one.message)
            except RefusedError as error:
                logger.warning("message %s: %s", one.message, error)
                continue
            if letter in _LETTERS:
                yield Receipt(recipient=one.recipient, letter=letter, stamp=stamp)

    def opt_outs(self) -> list[str]:
        """The group of those who opted out; observed: the vendor's own client. The form of the list is assumed."""
        answer, said = self._command("get_optouts", {})
        _raise_failure(answer, said)
        return [str(row.get("number", "")).lstrip("+") for row in _list(answer, said, "optouts")]

    def _status(self, message: str) -> tuple[str, str]:
        answer, said = self._command("status_message", {"message_id": message})
        _raise_failure(answer, said)
        told = said.get("message")
        if not isinstance(told, dict) or "status" not in told:
            raise UnknownOutcomeError(f"{answer.what}: expected message with status, got {sorted(said)}")
        return str(told["status"]), str(told.get("date", ""))

    def _command(self, name: str, form: Mapping[str, str]) -> tuple[Answer, dict[str, Any]]:
        # The key travels in the form, not in the address, where logs on the way would keep it.
        fields = {"apikey": self._key.reveal(), **form}
        answer = self._wire.call(f"Textlocal {name}", "POST", f"{self._url}/{name}/", form=fields)
        try:
            said = check_status(answer).json()
        except RefusedError as error:
            # Textlocal refuses with 200 and a code. Another status speaks of the way there, not of the messages.
            raise NotDoneError(str(error)) from error
        if not isinstance(said, dict):
            raise UnknownOutcomeError(f"{answer.what}: expected an object, got {type(said).__name__}")
        return answer, said


def fill(body: str, values: Mapping[str, str | None]) -> str:
    """The final text; an attribute without a value becomes nothing."""
    return _PLACEHOLDER.sub(lambda match: values.get(match["name"]) or "", body)


def _receipt(fields: Mapping[str, str], batch: str) -> Receipt:
    """documented: https://api.txtlocal.com/docs/handlingreceipts ."""
    number, letter = fields.get("number", "").strip().lstrip("+"), fields.get("status", "").strip()
    if not (number.isascii() and number.isdigit()):
        raise ValueError(f"expected number in digits, got {fields.get('number')!r}")
    if letter not in _LETTERS:
        raise ValueError(f"expected status to be one of {', '.join(_LETTERS)}, got {fields.get('status')!r}")
    return Receipt(recipient=number, letter=letter, stamp=fields.get("datetime", ""), batch=batch)


def _opt_outs(fields: Mapping[str, str]) -> list[Receipt | OptOut]:
    """documented: https://api.txtlocal.com/docs/inboundmessages/postmessages (`comments` is without the keyword)."""
    number = fields.get("sender", "").strip().lstrip("+")
    if not (number.isascii() and number.isdigit()):
        raise ValueError(f"expected sender in digits, got {fields.get('sender')!r}")
    first = {fields.get(name, "").strip().upper().partition(" ")[0].rstrip(".!") for name in ("content", "comments")}
    return [OptOut(number=number, how="reply")] if first & _STOP_WORDS else []


def same_text(one: str, other: str) -> bool:
    """The record holds no more than what was sent, which is cut at 765 characters."""
    return one[:_LONGEST_TEXT].rstrip() == other[:_LONGEST_TEXT].rstrip()


def _raise_failure(answer: Answer, said: Mapping[str, Any]) -> None:
    """Raise unless `status` is success. A failure had no effect."""
    if said.get("status") == "success":
        return
    errors = said.get("errors")
    if said.get("status") != "failure" or not isinstance(errors, list) or not errors:
        raise UnknownOutcomeError(f"{answer.what}: expected status success, or failure with errors")
    raise _failure(answer, [error if isinstance(error, dict) else {} for error in errors])


def _failure(answer: Answer, errors: Sequence[Mapping[str, Any]]) -> OutsideError:
    codes = [error.get("code") for error in errors]
    reason = f"{answer.what}: " + "; ".join(_reason(error) for error in errors)
    if _INVALID_LOGIN in codes:
        return CredentialsRefusedError(f"{answer.what}: credentials refused (code {_INVALID_LOGIN})")
    if _PASSING.intersection(codes):
        return NotDoneError(reason)
    return RefusedError(reason)


def _reason(error: Mapping[str, Any]) -> str:
    return f"{error.get('code', 'no code')} {error.get('message', '')}".strip()


def _send_reply(answer: Answer, said: Mapping[str, Any]) -> SendReply:
    accepted: dict[str, str] = {}
    rejected: dict[str, str] = {}
    postponed: dict[str, str] = {}
    try:
        for part in said.get("messages") or []:
            for one in part["messages"]:
                accepted[str(one["recipient"]).lstrip("+")] = str(one["id"])
        for one in said.get("messages_not_sent") or []:
            error = one["error"]
            kind = postponed if error.get("code") in _PASSING else rejected
            kind[str(one["number"]).lstrip("+")] = _reason(error)
    except (TypeError, KeyError, AttributeError) as problem:
        raise UnknownOutcomeError(f"{answer.what}: the reply has another form than is known: {problem!r}") from problem
    return SendReply(accepted=accepted, rejected=rejected, postponed=postponed)


def _list(answer: Answer, said: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    rows = said.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnknownOutcomeError(f"{answer.what}: expected a list of objects as {name}, got {type(rows).__name__}")
    return rows


def _template(answer: Answer, row: Mapping[str, Any]) -> Template:
    try:
        return Template(id=int(row["id"]), title=str(row["title"]), body=str(row["body"]))
    except (KeyError, TypeError, ValueError) as error:
        raise RefusedError(f"{answer.what}: expected id, title and body in every template: {error!r}") from error


def _sent(answer: Answer, row: Mapping[str, Any]) -> tuple[str, str, str]:
    # observed: rows have an id and a message; that the number is called so is assumed, and other replies say recipient
    number, said = row.get("number", row.get("recipient")), row.get("message", row.get("content"))
    if "id" not in row or number is None or said is None:
        raise UnknownOutcomeError(f"{answer.what}: expected id, number and message in every row, got {sorted(row)}")
    return str(row["id"]), str(number).lstrip("+"), str(said)
