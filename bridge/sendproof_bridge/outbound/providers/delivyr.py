"""Delivyr: one recipient a call, by template and variables. openapi/delivyr.yaml tells where each fact is from.

Of its API only the send call is published, and no way to ask what became of one whose reply was lost: that is recorded
as unknown and never repeated, unless the setting `message_log` says that this account's Message Log can be read
by a call. Reading templates by a call is assumed, too.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import jsonata

from sendproof_bridge.clock import SECOND, Instant, parse_time
from sendproof_bridge.config import ChannelConfig
from sendproof_bridge.config_fields import Setting, Settings, WrongError, attributes, flag, secret, text, url
from sendproof_bridge.json_body import json_object
from sendproof_bridge.outbound.errors import RateLimitedError, RefusedError, UnknownOutcomeError
from sendproof_bridge.outbound.http import Answer, Wire, check_status, retry_after
from sendproof_bridge.outbound.providers import (
    CLICKED,
    UNSUBSCRIBED,
    Composed,
    Open,
    OptOut,
    Order,
    Outgoing,
    Receipt,
    SendReply,
    Template,
)

# observed: in Delivyr's sample of event 11 the template's name begins with this
_TEMPLATE = re.compile(r"[A-Z0-9]{8}")
_PLACEHOLDER = re.compile(r"\{\{ ?([A-Za-z0-9_]+) ?\}\}")
# documented: https://docs.delivyr.net/docs/optimove (what there is; that it is posted, and how, is assumed)
_LETTERS = {
    "delivered": "delivered",
    "undelivered": "undelivered",
    "rejected": "rejected",
    "clicked": CLICKED,
    "opted_out": UNSUBSCRIBED,
}
_UNPROCESSABLE, _UNAVAILABLE = 422, 503
# Its clock need not agree with ours.
_MARGIN_MS = 60 * SECOND
# Up to so many messages are asked about one by one; more are read from the log, so many a page (assumed).
_ONE_BY_ONE = 50
_PAGE = 500
_DIGITS_OF_AN_ID = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


logger = logging.getLogger(__name__)


def _expression(value: object) -> str:
    """A JSONata expression that can be read."""
    written = text(value)
    try:
        jsonata.Jsonata(written)
    except jsonata.JException as error:
        raise WrongError(f"expected a JSONata expression ({error})") from error
    return written


SETTINGS: Settings = {
    "account_id": Setting(text, "Sent as `x-account-id`; `url` is `https://api.delivyr.net/`."),
    "api_key": Setting(secret, "Sent as `x-api-key`."),
    "variables": Setting(
        attributes, "Attributes that every template gets as variables, beside those that its text asks for.", ()
    ),
    "default_url": Setting(url, "Where the link of a message leads.", None),
    "overrides": Setting(
        _expression, "A JSONata expression over event 11, whose object is merged over the message request.", None
    ),
    "message_log": Setting(
        flag,
        "Whether this account's Message Log can be read by a call, which is not published: then a lost reply is looked "
        "up.",
        default=False,
    ),
}


def open_channel(config: ChannelConfig, wire: Wire) -> "Delivyr":
    """The account that a channel's configuration names."""
    return Delivyr(config, wire)


class Delivyr:
    """One account. Templates have eight letters and digits; Optimove knows them by the number which those write."""

    batch_size = 1
    letters = _LETTERS
    posts_receipts = False
    rejects_later = True
    settle_ms = 30 * SECOND

    def __init__(self, config: ChannelConfig, wire: Wire) -> None:
        """Take everything from the configuration."""
        self._config = config
        self._options = config.options
        self.attributes: Sequence[str] = config.options["variables"]
        self.remembers: bool = config.options["message_log"]
        self._wire = wire

    def templates(self) -> list[Template]:
        """Named as Delivyr names them in Optimove: `<id> - <name>`."""
        rows = _object(check_status(self._call("GET", "templates"))).get("templates")
        if not isinstance(rows, list):
            raise UnknownOutcomeError("Delivyr templates: expected a list of templates")
        return [_template(row) for row in rows]

    def placeholders(self, body: str) -> list[str]:
        """The names in `{{NAME}}`."""
        return list(dict.fromkeys(_PLACEHOLDER.findall(body)))

    def compose(self, order: Order) -> Composed:
        """A message request without its number. Overrides are for triggers only, and are merged over it.

        documented: https://docs.delivyr.net/docs/optimove-triggered-overrides
        """
        names = [*self.attributes, *self.placeholders(order.template.body)]
        request: dict[str, Any] = {
            "template_id": _letters(order.template.id),
            "phone_number": order.values[self._config.phone_attribute],
            "variables": {name: order.values.get(name) or "" for name in names},
        }
        if self._options["default_url"]:
            request["url"] = self._options["default_url"]
        if order.event is not None and self._options["overrides"]:
            request = _merged(request, self._overrides(order.event))
        phone = request.pop("phone_number")
        return Composed(phone=None if phone is None else str(phone), content=json.dumps(request))

    def _overrides(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            found = jsonata.Jsonata(self._options["overrides"]).evaluate(dict(event))
        except jsonata.JException as error:
            raise ValueError(f"the overrides fail on this event: {error}") from error
        if found is not None and not isinstance(found, dict):
            raise ValueError(f"expected the overrides to be an object, got {type(found).__name__}")
        return found or {}

    def send(self, messages: Sequence[Outgoing], *, batch: str, receipt_url: str) -> SendReply:
        """One call for one message."""
        del batch, receipt_url
        (one,) = messages
        request = {**json.loads(one.content), "phone_number": f"+{one.number}"}
        if self._config.testing:
            request["testing"] = True
        answer = self._call("POST", "partner/customer_io/send_sms", body=request)
        if answer.status == _UNPROCESSABLE:
            code = _code(answer)
            opted_out = frozenset({one.recipient} if code == "opted_out" else ())
            return SendReply(rejected={one.recipient: code}, opted_out=opted_out)
        if answer.status == _UNAVAILABLE and _code(answer) == "queue_full":
            raise RateLimitedError(f"{answer.what}: queue_full", retry_after(answer))
        told = _object(check_status(answer))
        return SendReply(accepted={one.recipient: str(told.get("message_id", ""))})

    def find(self, messages: Sequence[Outgoing], since: Instant) -> Mapping[str, list[str]]:
        """Number and template in the Message Log, from shortly before the send on."""
        found: dict[str, list[str]] = {}
        for one in messages:
            template = json.loads(one.content)["template_id"]
            for row in self._log({"phone_number": f"+{one.number}"}):
                if row.get("template_id") == template and _made(row) >= since - _MARGIN_MS:
                    found.setdefault(one.recipient, []).append(str(row["message_id"]))
        return found

    def _log(self, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """The oldest first."""
        after: dict[str, str] = {}
        while True:
            page = _object(check_status(self._call("GET", "messages", query={**query, **after})))
            rows = page.get("messages")
            if not isinstance(rows, list):
                raise UnknownOutcomeError("Delivyr messages: expected a list of messages")
            yield from rows
            if not page.get("next"):
                return
            after = {"after": str(page["next"])}

    def read(self, body: bytes, headers: Mapping[str, str], batch: str) -> list[Receipt | OptOut]:
        """What happened to a message; openapi/delivyr-webhooks.yaml. Nothing is signed."""
        del headers, batch
        said = json_object(body)
        if not isinstance(said.get("event"), str) or said["event"] not in _LETTERS or not said.get("message_id"):
            raise ValueError(f"expected an object with event, one of {', '.join(_LETTERS)}, and message_id")
        number = str(said.get("phone_number", "")).lstrip("+")
        if number and _LETTERS[said["event"]] == UNSUBSCRIBED:
            # Also when the message is one that this bridge knows nothing of.
            return [OptOut(number=number, how="reply")]
        stamp, message = str(said.get("occurred_at", "")), str(said["message_id"])
        template = _number(str(said.get("template_id", "")))
        return [Receipt(recipient=number, letter=said["event"], stamp=stamp, message=message, template=template)]

    def outcomes(self, messages: Sequence[Open]) -> Iterator[Receipt]:
        """From the Message Log, where there is one."""
        for one, row in self._rows(messages) if self.remembers else ():
            if row.get("status") in _LETTERS:
                stamp, message = str(row.get("updated_at", "")), str(row.get("message_id", one.message))
                yield Receipt(recipient=one.recipient, letter=row["status"], stamp=stamp, message=message)

    def _rows(self, messages: Sequence[Open]) -> Iterator[tuple[Open, Mapping[str, Any]]]:
        """Each with what the log has of it; of many, from the oldest on, page by page."""
        left = {one.message: one for one in sorted(messages, key=lambda one: one.sent_at) if one.message}
        if len(left) > _ONE_BY_ONE:
            oldest = left.pop(next(iter(left)))
            yield oldest, self._row(oldest)
            for row in self._log({"after": oldest.message, "limit": str(_PAGE)}):
                one = left.pop(str(row.get("message_id")), None)
                if one is not None:
                    yield one, row
                if not left:
                    break
        # Also those that were logged before the oldest, as several are sent at once.
        for one in (*left.values(), *(one for one in messages if not one.message)):
            yield one, self._row(one)

    def _row(self, one: Open) -> Mapping[str, Any]:
        """By its id; without one, the first by its template that the log has of its number since it was sent."""
        if one.message:
            try:
                return _object(check_status(self._call("GET", f"messages/{quote(one.message, safe='')}")))
            except RefusedError as error:
                # One that the log does not know must not keep the others from being asked about.
                logger.warning("message %s: %s", one.message, error)
                return {}
        template, since = _letters(one.template), one.sent_at - _MARGIN_MS
        log = self._log({"phone_number": f"+{one.recipient}"})
        rows = (row for row in log if row.get("template_id") == template and _made(row) >= since)
        return min(rows, key=_made, default={})

    def opt_outs(self) -> Sequence[str]:
        """Delivyr lists none; it posts them, and rejects messages to them."""
        return ()

    def _call(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> Answer:
        headers = {"x-account-id": self._options["account_id"], "x-api-key": self._options["api_key"].reveal()}
        base = self._config.url.rstrip("/")
        what = f"Delivyr {path.partition('/')[0] if 'messages' in path else path.rpartition('/')[2]}"
        return self._wire.call(what, method, f"{base}/{path}", query=query, headers=headers, body=body)


def _object(answer: Answer) -> dict[str, Any]:
    said = answer.json()
    if not isinstance(said, dict):
        raise UnknownOutcomeError(f"{answer.what}: expected an object, got {type(said).__name__}")
    return said


def _code(answer: Answer) -> str:
    try:
        return str(_object(answer)["error"]["code"])
    except (UnknownOutcomeError, KeyError, TypeError):
        return f"refused with {answer.status}"


def _template(row: object) -> Template:
    if not isinstance(row, dict) or not _TEMPLATE.fullmatch(str(row.get("id", "")).upper()):
        raise UnknownOutcomeError("Delivyr templates: expected an id of eight letters and digits in every template")
    return Template(
        id=int(str(row["id"]), 36),
        title=str(row.get("synchronised_name") or f"{row['id']} - {row.get('name', '')}"),
        body=str(row.get("body", "")),
    )


def _number(template: str) -> int | None:
    """The number by which Optimove knows a template; None when it is no id of one."""
    return int(template, 36) if _TEMPLATE.fullmatch(template.upper()) else None


def _letters(template: int) -> str:
    """The id that this number writes in base 36: 2698724035423 is YFRYM0RJ."""
    written = ""
    while template:
        template, digit = divmod(template, 36)
        written = _DIGITS_OF_AN_ID[digit] + written
    return written.rjust(8, "0")


def _merged(request: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Object by object; assumed."""
    merged = dict(request)
    for name, value in over.items():
        before = merged.get(name)
        merged[name] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def _made(row: Mapping[str, Any]) -> Instant:
    try:
        return parse_time(str(row.get("created_at", "")))
    except ValueError as error:
        raise UnknownOutcomeError(f"Delivyr messages: created_at: {error}") from error
