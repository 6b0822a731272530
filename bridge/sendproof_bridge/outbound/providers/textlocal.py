"""Textlocal's command API: only the commands that the bridge needs. openapi/textlocal.yaml has the sources."""

import hashlib
import json
import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import msgspec

from sendproof_bridge.clock import MINUTE, SECOND, Instant
from sendproof_bridge.config import ChannelConfig
from sendproof_bridge.config_fields import Setting, Settings, one_of, secret, text
from sendproof_bridge.json_body import decode_form
from sendproof_bridge.outbound.errors import (
    NotSentError,
    OutcomeUnknownError,
    RejectedError,
    RemoteCallError,
    UnauthorizedError,
)
from sendproof_bridge.outbound.form_body import form_fields
from sendproof_bridge.outbound.http import HttpClient, Response, check_status
from sendproof_bridge.outbound.providers import (
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
from sendproof_bridge.outbound.response_values import pages, values_of, whole_number
from sendproof_bridge.outbound.sms_encoding import needs_unicode

NUMBERS, CUSTOMER_IDS = "numbers", "customer_ids"

SETTINGS: Settings = {
    "apikey": Setting(
        secret, "The account's key; `url` is `https://api.txtlocal.com/` or `https://api.textlocal.in/`."
    ),
    "sender": Setting(
        text, "The sender of messages, as recipients see it. Default: the default sender of the account.", None
    ),
    "recipients": Setting(
        one_of((NUMBERS, CUSTOMER_IDS)),
        "Whether the bridge sends texts to `numbers`, or templates to groups of `customer_ids`.",
        NUMBERS,
    ),
}

# documented: https://api.txtlocal.com/docs/bulkjson (no more than 500 messages a call)
_BATCH_SIZE = 500
# observed: https://github.com/PipedreamHQ/pipedream (no more than 10,000 numbers a call)
_GROUP_SIZE = 10_000
# observed: https://github.com/lindar-open/textlocal-java-client (no more than 1,000 rows a call)
_HISTORY_PAGE = 1_000
# observed: https://github.com/shailahir/textlocal-api (the default of get_contacts)
_CONTACTS_PAGE = "100"
# documented: https://api.txtlocal.com/docs/helpfulinfo
_OPT_OUT_GROUP = "6"
# documented: https://api.txtlocal.com/docs/helpfulinfo (longer texts are cut)
_MAX_TEXT_LENGTH = 765
# A receipt has about ten fields.
_MAX_FIELDS = 1_000

# observed: https://github.com/PipedreamHQ/pipedream (Indian templates); the form without braces is assumed
# Nothing in a placeholder begins another, so a text with very many beginnings takes no longer than others.
_PLACEHOLDER = re.compile(r"%%\|(?P<name>[A-Za-z0-9_]++)(?:\^\{(?:(?!\}%%|%%\|).)*+\})?%%", re.DOTALL)

# documented: https://api.txtlocal.com/docs/helpfulinfo; P (pending) changes nothing and is never pushed
_STATUS_MEANINGS = {"D": "delivered", "U": "undelivered", "I": "invalid", "E": "expired", "?": "unknown"}

# Textlocal's clock may differ from the bridge's clock.
_CLOCK_MARGIN_MS = 10 * MINUTE
# assumed: no public page lists the words that Textlocal treats as an opt-out; networks require these
_STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
# observed: in the same guidelines of the carriers; that Textlocal takes the number off its list is assumed.
_START_WORDS = frozenset({"START", "UNSTOP"})

_INVALID_LOGIN = 3
# The group is empty, no number of it is valid, or none of the customers is known: final for all of its customers.
_NOBODY_CODES = frozenset({4, 11, 51, 56})
_SCHEDULED_IN_PAST = 9
_LEFT_OUT = "Textlocal left the customer out"
# Out of credits; not at this time of day (India). documented and observed: openapi/textlocal.yaml, x-codes
_TEMPORARY_CODES = frozenset({7, 191, 192})


logger = logging.getLogger(__name__)


class _ListedNumber(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    number: int | str


class _OptOutList(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The list of all numbers: it may have a million, so nothing else is kept in memory."""

    num_optouts: int = 0
    optouts: list[_ListedNumber]
    status: Literal["success"]


_OPT_OUT_LIST = msgspec.json.Decoder(_OptOutList)
_OK = 200


def open_channel(config: ChannelConfig, http: HttpClient) -> "Textlocal":
    """Return the account of a channel."""
    return (TextlocalGroups if config.options["recipients"] == CUSTOMER_IDS else Textlocal)(config, http)


class Textlocal:
    """One account. Failures are a 200 with `status: failure` and codes."""

    batch_size = _BATCH_SIZE
    status_meanings = _STATUS_MEANINGS
    requests_receipts = True
    may_reject_later = False
    required_attributes = ()
    has_send_record = True
    knows_customers = False
    lead_ms = 0
    settle_ms = 30 * SECOND

    def __init__(self, config: ChannelConfig, http: HttpClient) -> None:
        """Read the URL, the key and the sender from the configuration."""
        self._url = config.url.rstrip("/")
        self._key = config.options["apikey"]
        self._sender = config.options["sender"]
        self._phone_attribute = config.phone_attribute
        self._testing = config.testing
        self._http = http

    def list_templates(self) -> list[Template]:
        """Return all templates of the account."""
        response, payload = self._command("get_templates", {})
        _check_success(response, payload)
        return [_template(response, row) for row in _rows(response, payload, "templates")]

    def placeholders(self, body: str) -> list[str]:
        """Return the names in `%%|NAME^{...}%%` and `%%|NAME%%`, in order, each once."""
        return list(dict.fromkeys(match["name"] for match in _PLACEHOLDER.finditer(body)))

    def compose(self, request: ComposeRequest) -> ComposedMessage:
        """Return the final text: Textlocal fills no placeholders. One Unicode text makes its whole call dearer."""
        final = fill(request.template.body, request.values)
        group = "unicode" if needs_unicode(final) else ""
        return ComposedMessage(phone=request.values[self._phone_attribute], content=final, group=group)

    def send(self, messages: Sequence[OutgoingMessage], *, batch: str, receipt_url: str) -> SendResult:
        """Make one `bulk_json` call, with plain texts. The encoded ones of a sample may be decoded or not."""
        del batch
        data: dict[str, object] = {
            **({} if self._sender is None else {"sender": self._sender}),
            "messages": [{"number": message.number, "text": message.content} for message in messages],
            # Clients were seen with the first spelling; the documents of `send` have the second.
            "receiptUrl": receipt_url,
            "receipt_url": receipt_url,
        }
        if needs_unicode("".join(message.content for message in messages)):
            data["unicode"] = True
        if self._testing:
            data["test"] = True
        response, payload = self._command("bulk_json", {"data": json.dumps(data)})
        result = _send_result(response, payload)
        if not (result.accepted or result.rejected or result.postponed):
            _check_success(response, payload)
        return result

    def find_sent(self, messages: Sequence[OutgoingMessage], since: Instant) -> Mapping[str, list[str]]:
        """Match by number and text: `bulk_json` has no documented key for the caller's own id."""
        texts = {message.number: message.content for message in messages}
        found: dict[str, list[str]] = {}
        for id_, number, sent_text in self._history(since - _CLOCK_MARGIN_MS):
            if number in texts and same_text(sent_text, texts[number]):
                found.setdefault(number, []).append(id_)
        return found

    def _history(self, since: Instant) -> Iterator[tuple[str, str, str]]:
        """Yield id, number and text of sent messages, oldest first, so that new messages do not shift the pages."""
        start = 0
        for _ in pages("Textlocal get_history_api"):
            query = {"min_time": since // SECOND, "sort_order": "asc", "start": start, "limit": _HISTORY_PAGE}
            response, payload = self._command("get_history_api", {name: str(value) for name, value in query.items()})
            _check_success(response, payload)
            rows = _rows(response, payload, "messages")
            yield from (_history_row(response, row) for row in rows)
            start += len(rows)
            if not rows:
                return

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], batch: str) -> list[Receipt | OptOut | OptIn]:
        """Parse a receipt, posted to its batch's URL, or a customer's message, posted to the account's URL.

        Neither is signed.
        """
        del headers
        fields = form_fields(body, _MAX_FIELDS)
        return [_receipt(fields, batch)] if batch else _replies(fields)

    def poll_statuses(self, messages: Sequence[OpenMessage], known_ids: KnownIds = no_ids) -> Iterator[Receipt]:
        """Make one call per message; documented: https://api.txtlocal.com/docs/messagereporting/messagestatus ."""
        del known_ids
        for message in messages:
            try:
                code, time = self._status(message.message)
            except RejectedError as error:
                logger.warning("message %s: %s", message.message, error)
                continue
            if code in _STATUS_MEANINGS:
                yield Receipt(recipient=message.recipient, status_code=code, provider_time=time)

    def list_opt_outs(self) -> list[str]:
        """Return the opt-out group; observed: the vendor's own client. The form of the list is assumed.

        It is a list of all numbers, or the first contacts of the group: then `get_contacts` has the others.
        """
        response = self._call("get_optouts", {})
        listed = decode_form(response.body, _OPT_OUT_LIST) if response.status == _OK else None
        if listed is not None:
            return [str(row.number).lstrip("+") for row in listed.optouts]
        payload = _payload(response)
        _check_success(response, payload)
        if "contacts" not in payload:
            return _numbers(_rows(response, payload, "optouts"))
        numbers = rows = _numbers(_rows(response, payload, "contacts"))
        for _ in pages("Textlocal get_contacts") if rows else ():
            page = {"group_id": _OPT_OUT_GROUP, "start": str(len(numbers)), "limit": _CONTACTS_PAGE}
            response, payload = self._command("get_contacts", page)
            _check_success(response, payload)
            rows = _numbers(_rows(response, payload, "contacts"))
            if not rows:
                break
            numbers += rows
        return numbers

    def _status(self, message: str) -> tuple[str, str]:
        """Return the status code of a message, and its time as text."""
        response, payload = self._command("status_message", {"message_id": message})
        _check_success(response, payload)
        status = payload.get("message")
        if not isinstance(status, dict) or "status" not in status:
            raise OutcomeUnknownError(f"{response.operation}: expected message with status, got {sorted(payload)}")
        return str(status["status"]), str(status.get("date", ""))

    def _command(self, name: str, form: Mapping[str, str]) -> tuple[Response, dict[str, Any]]:
        response = self._call(name, form)
        return response, _payload(response)

    def _call(self, name: str, form: Mapping[str, str]) -> Response:
        # The key is in the form, not in the URL, which logs on the way would keep.
        fields = {"apikey": self._key.reveal(), **form}
        return self._http.request(f"Textlocal {name}", "POST", f"{self._url}/{name}/", form=fields)


class TextlocalGroups(Textlocal):
    """One account that knows the client's customers, and sends templates to groups of their ids.

    This is the integration of the brochure Textlocal x Optimove: Textlocal has numbers, attributes and translations.
    The names of the parameters and members are assumed: openapi/textlocal.yaml, dialect `template_send: brochure`.
    """

    batch_size = _GROUP_SIZE
    requests_receipts = False
    # Until its send time, a message can be withdrawn.
    may_reject_later = True
    knows_customers = True
    lead_ms = 10 * MINUTE

    def compose(self, request: ComposeRequest) -> ComposedMessage:
        """Return the template and the send time, which are the same for all messages of a call."""
        schedule_time = str(request.send_at // SECOND)
        group = f"{request.template.id}"
        return ComposedMessage(phone=None, content=schedule_time, recipient=request.customer, group=group)

    @values_of("Textlocal")
    def send(self, messages: Sequence[OutgoingMessage], *, batch: str, receipt_url: str) -> SendResult:
        """Create a group of the customers, and have Textlocal send the template to it at the time."""
        del batch, receipt_url
        name = _group_name(messages)
        group = self._group(name) or self._create_group(name)
        customers = ",".join(message.recipient for message in messages)
        response, payload = self._command("create_contacts", {"group_id": group, "numbers": customers})
        if payload.get("status") == "success":
            response, payload = self._send_to_group(messages, group)
        if _NOBODY_CODES.intersection(_error_codes(payload)):
            return SendResult(rejected={message.recipient: _LEFT_OUT for message in messages})
        _check_success(response, payload)
        accepted = _message_ids(payload, payload.get("batch_id"))
        # The response has every customer who gets a message. The others are unknown, opted out, or without a number.
        left_out = {message.recipient: _LEFT_OUT for message in messages if message.recipient not in accepted}
        return SendResult(accepted=accepted, rejected=left_out)

    @values_of("Textlocal")
    def find_sent(self, messages: Sequence[OutgoingMessage], since: Instant) -> Mapping[str, list[str]]:
        """Find the group by its name, and the batches that were sent to it: equal campaigns share a group."""
        group = self._group(_group_name(messages))
        found: dict[str, list[str]] = {}
        for batch in [] if group is None else self._batches_of(group, since):
            status = self._successful("status_batch", {"batch_id": batch})
            for customer, id_ in _message_ids(status, batch).items():
                found.setdefault(customer, []).append(id_)
        return found

    def withdraw(self, messages: Sequence[OpenMessage]) -> Collection[str]:
        """Cancel the scheduled batches of these messages; observed: the PHP client in openapi/textlocal.yaml."""
        batches = dict.fromkeys(_batch_id(message) for message in messages)
        gone = {batch for batch in batches if self._cancel(batch)}
        return [message.recipient for message in messages if _batch_id(message) in gone]

    def _cancel(self, batch: str) -> bool:
        """Return True if the batch does not go out: an earlier attempt, with a lost response, may have cancelled it."""
        try:
            self._successful("cancel_scheduled", {"sent_id": batch})
        except RejectedError:
            return not self._is_known(batch)
        return True

    def _is_known(self, batch: str) -> bool:
        """Return False for a cancelled batch (assumed)."""
        try:
            self._successful("status_batch", {"batch_id": batch})
        except RejectedError:
            return False
        return True

    def poll_statuses(self, messages: Sequence[OpenMessage], known_ids: KnownIds = no_ids) -> Iterator[Receipt]:
        """Make one call per batch, with rows that name the customers."""
        del known_ids
        wanted = {message.recipient for message in messages}
        for batch in dict.fromkeys(_batch_id(message) for message in messages):
            for customer, code in self._batch_statuses(batch):
                if customer in wanted and code in _STATUS_MEANINGS:
                    yield Receipt(recipient=customer, status_code=code, provider_time="")

    @values_of("Textlocal status_batch")
    def _batch_statuses(self, batch: str) -> list[tuple[str, str]]:
        rows = self._successful("status_batch", {"batch_id": batch}).get("messages", [])
        return [(str(row.get("customer", "")), str(row.get("status"))) for row in rows]

    def _send_to_group(self, messages: Sequence[OutgoingMessage], group: str) -> tuple[Response, dict[str, Any]]:
        form = {
            "group_id": group,
            "template_id": str(messages[0].template),
            "optouts": "true",
            **({"sender": self._sender} if self._sender else {}),
            **({"test": "true"} if self._testing else {}),
        }
        response, payload = self._command("send", {**form, "schedule_time": messages[0].content})
        # After an outage, the time may have passed: the messages are due at once.
        return self._command("send", form) if _SCHEDULED_IN_PAST in _error_codes(payload) else (response, payload)

    def _group(self, name: str) -> str | None:
        groups = self._successful("get_groups", {}).get("groups", [])
        return next((str(row["id"]) for row in groups if row.get("name") == name), None)

    def _create_group(self, name: str) -> str:
        return str(self._successful("create_group", {"name": name})["group"]["id"])

    def _batches_of(self, group: str, since: Instant) -> list[str]:
        """Return the batches that were or will be sent to a group, each once."""
        scheduled = self._command("get_scheduled", {})[1].get("scheduled", [])
        history = self._successful("get_history_group", {"min_time": str((since - _CLOCK_MARGIN_MS) // SECOND)})
        waiting = [str(row["id"]) for row in scheduled if str(row.get("groupid")) == group]
        sent = [str(row["batch_id"]) for row in history.get("messages", []) if str(row.get("group_id")) == group]
        return list(dict.fromkeys(waiting + sent))

    def _successful(self, command: str, form: Mapping[str, str]) -> dict[str, Any]:
        response, payload = self._command(command, form)
        _check_success(response, payload)
        return payload


def _batch_id(message: OpenMessage) -> str:
    return message.message.partition(":")[0]


def _group_name(messages: Sequence[OutgoingMessage]) -> str:
    """Return a name that a repeated call finds again: it depends on template, time and customers alone."""
    customers = "\n".join(sorted(message.recipient for message in messages))
    digest = hashlib.sha256(customers.encode()).hexdigest()[:12]
    return f"Optimove {messages[0].template} {messages[0].content} {digest}"


def _message_ids(payload: Mapping[str, Any], batch: object) -> dict[str, str]:
    """Return an id for each customer in a response: rows of a batch status have no id of their own."""
    rows = payload.get("messages")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "customer" in row for row in rows):
        raise OutcomeUnknownError("Textlocal: expected messages that each name their customer")
    return {str(row["customer"]): f"{batch}:{row['customer']}" for row in rows}


def fill(body: str, values: Mapping[str, str | None]) -> str:
    """Return the final text; an attribute without a value becomes empty."""
    parts = list(_parts(body))
    parts[1::2] = [values.get(name) or "" for name in parts[1::2]]
    return "".join(parts)


@lru_cache(maxsize=1024)
def _parts(body: str) -> Sequence[str]:
    """Return the texts of a template, with the names of the placeholders between them."""
    return _PLACEHOLDER.split(body)


def _receipt(fields: Mapping[str, str], batch: str) -> Receipt:
    # documented: https://api.txtlocal.com/docs/handlingreceipts
    number, code = fields.get("number", "").strip().lstrip("+"), fields.get("status", "").strip()
    if not (number.isascii() and number.isdigit()):
        raise ValueError(f"expected number in digits, got {fields.get('number')!r}")
    if code not in _STATUS_MEANINGS:
        raise ValueError(f"expected status to be one of {', '.join(_STATUS_MEANINGS)}, got {fields.get('status')!r}")
    return Receipt(recipient=number, status_code=code, provider_time=fields.get("datetime", ""), batch=batch)


def _replies(fields: Mapping[str, str]) -> list[Receipt | OptOut | OptIn]:
    # documented: https://api.txtlocal.com/docs/inboundmessages/postmessages (`comments` is without the keyword)
    number = fields.get("sender", "").strip().lstrip("+")
    if not (number.isascii() and number.isdigit()):
        raise ValueError(f"expected sender in digits, got {fields.get('sender')!r}")
    words = {fields.get(name, "").strip().upper().partition(" ")[0].rstrip(".!") for name in ("content", "comments")}
    if words & _STOP_WORDS:
        return [OptOut(number=number, source="reply")]
    return [OptIn(number=number)] if words & _START_WORDS else []


def same_text(text: str, other: str) -> bool:
    """Compare texts as the history stores them: cut after 765 characters."""
    return text[:_MAX_TEXT_LENGTH].rstrip() == other[:_MAX_TEXT_LENGTH].rstrip()


def _payload(response: Response) -> dict[str, Any]:
    """Return the object in a response, which may be a failure."""
    payload: dict[str, Any] | None
    try:
        payload = check_status(response).json()
    except RejectedError as error:
        # Textlocal rejects with 200 and a code. Any other status is about the connection, not the messages, unless the
        # body has the form of a rejection.
        payload = _failure_form(response)
        if payload is None:
            raise NotSentError(str(error)) from error
    if not isinstance(payload, dict):
        raise OutcomeUnknownError(f"{response.operation}: expected an object, got {type(payload).__name__}")
    return payload


def _check_success(response: Response, payload: Mapping[str, Any]) -> None:
    """Raise an error unless `status` is success. A failure had no effect."""
    if payload.get("status") == "success":
        return
    errors = payload.get("errors")
    if payload.get("status") != "failure" or not isinstance(errors, list) or not errors:
        raise OutcomeUnknownError(f"{response.operation}: expected status success, or failure with errors")
    raise _failure(response, [error if isinstance(error, dict) else {} for error in errors])


def _failure(response: Response, errors: Sequence[Mapping[str, Any]]) -> RemoteCallError:
    codes = _codes(errors)
    reason = f"{response.operation}: " + "; ".join(_reason(error) for error in errors)
    if _INVALID_LOGIN in codes:
        return UnauthorizedError(f"{response.operation}: credentials refused (code {_INVALID_LOGIN})")
    if _TEMPORARY_CODES.intersection(codes):
        return NotSentError(reason)
    return RejectedError(reason)


def _failure_form(response: Response) -> dict[str, Any] | None:
    """Return the body if it has the form of a failure, with errors; else None."""
    try:
        payload = response.json()
    except OutcomeUnknownError:
        return None
    is_failure = isinstance(payload, dict) and payload.get("status") == "failure" and payload.get("errors")
    return payload if is_failure else None


def _error_codes(payload: Mapping[str, Any]) -> set[object]:
    errors = payload.get("errors")
    return _codes([error for error in errors if isinstance(error, dict)]) if isinstance(errors, list) else set()


def _codes(errors: Iterable[Mapping[str, Any]]) -> set[object]:
    return {code for error in errors if isinstance(code := error.get("code"), int)}


def _reason(error: Mapping[str, Any]) -> str:
    return f"{error.get('code', 'no code')} {error.get('message', '')}".strip()


def _send_result(response: Response, payload: Mapping[str, Any]) -> SendResult:
    accepted: dict[str, str] = {}
    rejected: dict[str, str] = {}
    postponed: dict[str, str] = {}
    try:
        for part in payload.get("messages") or []:
            for message in part["messages"]:
                accepted[str(message["recipient"]).lstrip("+")] = str(message["id"])
        for message in payload.get("messages_not_sent") or []:
            error = message["error"]
            reasons = postponed if error.get("code") in _TEMPORARY_CODES else rejected
            reasons[str(message["number"]).lstrip("+")] = _reason(error)
    except (TypeError, KeyError, AttributeError) as problem:
        raise OutcomeUnknownError(f"{response.operation}: the response has an unknown form: {problem!r}") from problem
    return SendResult(accepted=accepted, rejected=rejected, postponed=postponed)


def _rows(response: Response, payload: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    rows = payload.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        got = type(rows).__name__
        raise OutcomeUnknownError(f"{response.operation}: expected a list of objects as {name}, got {got}")
    return rows


def _numbers(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(row.get("number", "")).lstrip("+") for row in rows]


def _template(response: Response, row: Mapping[str, Any]) -> Template:
    try:
        return Template(id=whole_number(row["id"]), title=str(row["title"]), body=str(row["body"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RejectedError(
            f"{response.operation}: expected id, title and body in every template: {error!r}"
        ) from error


def _history_row(response: Response, row: Mapping[str, Any]) -> tuple[str, str, str]:
    # observed: rows have an id and a message; the name of the number is assumed, and other responses call it recipient
    number, content = row.get("number", row.get("recipient")), row.get("message", row.get("content"))
    if "id" not in row or number is None or content is None:
        got = sorted(row)
        raise OutcomeUnknownError(f"{response.operation}: expected id, number and message in every row, got {got}")
    return str(row["id"]), str(number).lstrip("+"), str(content)
