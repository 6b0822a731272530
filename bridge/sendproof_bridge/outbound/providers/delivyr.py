"""Delivyr's API: one recipient per call, by template and variables. openapi/delivyr.yaml has the sources.

Only the send call is published, and no way to look up a send after its response was lost. Such a send is recorded as
unknown and never repeated, unless the setting `message_log` says that a call can read this account's Message Log. The
call that reads templates is assumed, too.
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
from sendproof_bridge.config_fields import Setting, SettingError, Settings, attributes, boolean, secret, text, url
from sendproof_bridge.json_body import json_object
from sendproof_bridge.outbound.errors import OutcomeUnknownError, RateLimitedError, RejectedError
from sendproof_bridge.outbound.http import HttpClient, Response, check_status, retry_after_ms
from sendproof_bridge.outbound.providers import (
    CLICKED,
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
from sendproof_bridge.outbound.response_values import pages, values_of

# observed: in Delivyr's sample of event 11 the template's name begins with this
_TEMPLATE_ID = re.compile(r"[A-Z0-9]{8}")
_PLACEHOLDER = re.compile(r"\{\{ ?([A-Za-z0-9_]+) ?\}\}")
# documented: https://docs.delivyr.net/docs/optimove (that these events exist; that and how they are posted is assumed)
_STATUS_MEANINGS = {
    "delivered": "delivered",
    "undelivered": "undelivered",
    "rejected": "rejected",
    "clicked": CLICKED,
    "opted_out": UNSUBSCRIBED,
}
_NOT_FOUND, _UNPROCESSABLE, _UNAVAILABLE = 404, 422, 503
# Delivyr's clock may differ from the bridge's clock.
_CLOCK_MARGIN_MS = 60 * SECOND
# Up to this many messages are polled one by one; more are read from pages of the log. The page size is assumed.
_MAX_SINGLE_POLLS = 50
_PAGE_SIZE = 500
_BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


logger = logging.getLogger(__name__)


def _jsonata_expression(value: object) -> str:
    """Accept a valid JSONata expression."""
    expression = text(value)
    try:
        jsonata.Jsonata(expression)
    except jsonata.JException as error:
        raise SettingError(f"expected a JSONata expression ({error})") from error
    return expression


SETTINGS: Settings = {
    "account_id": Setting(text, "Sent as `x-account-id`; `url` is `https://api.delivyr.net/`."),
    "api_key": Setting(secret, "Sent as `x-api-key`."),
    "variables": Setting(
        attributes, "Attributes that every template gets as variables, in addition to those in its text.", ()
    ),
    "default_url": Setting(url, "The target of a message's link.", None),
    "overrides": Setting(
        _jsonata_expression,
        "A JSONata expression over event 11; the resulting object is merged over the message request.",
        None,
    ),
    "message_log": Setting(
        boolean,
        "Whether a call can read this account's Message Log, which is not published. If so, the bridge looks up sends "
        "without a response.",
        default=False,
    ),
}


def open_channel(config: ChannelConfig, http: HttpClient) -> "Delivyr":
    """Return the account of a channel."""
    return Delivyr(config, http)


class Delivyr:
    """One account. Template ids have eight letters and digits; Optimove's ids are the same in base 36."""

    batch_size = 1
    status_meanings = _STATUS_MEANINGS
    requests_receipts = False
    may_reject_later = True
    knows_customers = False
    lead_ms = 0
    settle_ms = 30 * SECOND

    def __init__(self, config: ChannelConfig, http: HttpClient) -> None:
        """Read everything from the configuration."""
        self._config = config
        self._options = config.options
        self.required_attributes: Sequence[str] = config.options["variables"]
        self.has_send_record: bool = config.options["message_log"]
        self._http = http

    def list_templates(self) -> list[Template]:
        """Return all templates. Titles are as Delivyr writes them to Optimove: `<id> - <name>`."""
        rows = _object(check_status(self._call("GET", "templates"))).get("templates")
        if not isinstance(rows, list):
            raise OutcomeUnknownError("Delivyr templates: expected a list of templates")
        return [_template(row) for row in rows]

    def placeholders(self, body: str) -> list[str]:
        """Return the names in `{{NAME}}`."""
        return list(dict.fromkeys(_PLACEHOLDER.findall(body)))

    def compose(self, request: ComposeRequest) -> ComposedMessage:
        """Return a message request without its number. For triggers, the overrides are merged over it.

        documented: https://docs.delivyr.net/docs/optimove-triggered-overrides
        """
        names = [*self.required_attributes, *self.placeholders(request.template.body)]
        message: dict[str, Any] = {
            "template_id": _base_36_id(request.template.id),
            "phone_number": request.values[self._config.phone_attribute],
            "variables": {name: request.values.get(name) or "" for name in names},
        }
        if self._options["default_url"]:
            message["url"] = self._options["default_url"]
        if request.event is not None and self._options["overrides"]:
            message = _merged(message, self._overrides(request.event))
        phone = message.pop("phone_number")
        return ComposedMessage(phone=None if phone is None else str(phone), content=json.dumps(message))

    def _overrides(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            result = jsonata.Jsonata(self._options["overrides"]).evaluate(dict(event))
        except jsonata.JException as error:
            raise ValueError(f"the overrides fail on this event: {error}") from error
        if result is not None and not isinstance(result, dict):
            raise ValueError(f"expected the overrides to be an object, got {type(result).__name__}")
        return result or {}

    def send(self, messages: Sequence[OutgoingMessage], *, batch: str, receipt_url: str) -> SendResult:
        """Make one call for one message."""
        del batch, receipt_url
        (message,) = messages
        request = {**json.loads(message.content), "phone_number": f"+{message.number}"}
        if self._config.testing:
            request["testing"] = True
        response = self._call("POST", "partner/customer_io/send_sms", body=request)
        if _is_refused_message(response):
            code = _error_code(response)
            opted_out = frozenset({message.recipient} if code == "opted_out" else ())
            return SendResult(rejected={message.recipient: code}, opted_out=opted_out)
        if response.status == _UNAVAILABLE and _error_code(response) == "queue_full":
            raise RateLimitedError(f"{response.operation}: queue_full", retry_after_ms(response))
        payload = _object(check_status(response))
        return SendResult(accepted={message.recipient: str(payload.get("message_id", ""))})

    @values_of("Delivyr messages")
    def find_sent(self, messages: Sequence[OutgoingMessage], since: Instant) -> Mapping[str, list[str]]:
        """Match by number and template in the Message Log, starting shortly before the send."""
        found: dict[str, list[str]] = {}
        for message in messages:
            template = json.loads(message.content)["template_id"]
            for row in self._log({"phone_number": f"+{message.number}"}):
                if row.get("template_id") == template and _created_at(row) >= since - _CLOCK_MARGIN_MS:
                    found.setdefault(message.recipient, []).append(str(row["message_id"]))
        return found

    def _log(self, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield rows of the Message Log, oldest first."""
        after: dict[str, str] = {}
        for _ in pages("Delivyr messages"):
            page = _object(check_status(self._call("GET", "messages", query={**query, **after})))
            rows = page.get("messages")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise OutcomeUnknownError("Delivyr messages: expected a list of messages")
            yield from rows
            if not page.get("next"):
                return
            after = {"after": str(page["next"])}

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], batch: str) -> list[Receipt | OptOut | OptIn]:
        """Parse an event of a message; openapi/delivyr-webhooks.yaml. Nothing is signed."""
        del headers, batch
        payload = json_object(body)
        event = payload.get("event")
        if not isinstance(event, str) or event not in _STATUS_MEANINGS or not payload.get("message_id"):
            raise ValueError(f"expected an object with event, one of {', '.join(_STATUS_MEANINGS)}, and message_id")
        number = str(payload.get("phone_number", "")).lstrip("+")
        if number and _STATUS_MEANINGS[event] == UNSUBSCRIBED:
            # It counts even if this bridge does not know the message.
            return [OptOut(number=number, source="reply")]
        receipt = Receipt(
            recipient=number,
            status_code=event,
            provider_time=str(payload.get("occurred_at", "")),
            message=str(payload["message_id"]),
            template=_template_number(str(payload.get("template_id", ""))),
        )
        return [receipt]

    def poll_statuses(self, messages: Sequence[OpenMessage], known_ids: KnownIds = no_ids) -> Iterator[Receipt]:
        """Read the Message Log, if the account's log can be read."""
        for message, row in self._log_rows(messages, known_ids) if self.has_send_record else ():
            status = row["status"] if row.get("status") in _STATUS_MEANINGS else ""
            id_ = str(row.get("message_id", message.message))
            if status or id_ != message.message:
                yield Receipt(
                    recipient=message.recipient,
                    status_code=status,
                    provider_time=str(row.get("updated_at", "")),
                    message=id_,
                )

    def _log_rows(
        self, messages: Sequence[OpenMessage], known_ids: KnownIds
    ) -> Iterator[tuple[OpenMessage, Mapping[str, Any]]]:
        """Yield each message with its log row. For many messages, read pages from the oldest message on."""
        remaining = {
            message.message: message
            for message in sorted(messages, key=lambda message: message.sent_at)
            if message.message
        }
        if len(remaining) > _MAX_SINGLE_POLLS:
            oldest = remaining.pop(next(iter(remaining)))
            yield oldest, self._log_row(oldest, known_ids)
            for row in self._log({"after": oldest.message, "limit": str(_PAGE_SIZE)}):
                message = remaining.pop(str(row.get("message_id")), None)
                if message is not None:
                    yield message, row
                if not remaining:
                    break
        # Several messages are sent in parallel, so some may be logged before the oldest.
        for message in (*remaining.values(), *(message for message in messages if not message.message)):
            yield message, self._log_row(message, known_ids)

    def _log_row(self, message: OpenMessage, known_ids: KnownIds) -> Mapping[str, Any]:
        """Find a row by message id; without one, the first since the send with the same number and template."""
        if message.message:
            try:
                return _object(check_status(self._call("GET", f"messages/{quote(message.message, safe='')}")))
            except RejectedError as error:
                # A message that is missing in the log must not keep the others from being polled.
                logger.warning("message %s: %s", message.message, error)
                return {}
        template, since = _base_36_id(message.template), message.sent_at - _CLOCK_MARGIN_MS
        log = self._log({"phone_number": f"+{message.recipient}"})
        rows = [row for row in log if row.get("template_id") == template and _created_at(row) >= since]
        of_others = set(known_ids([str(row.get("message_id")) for row in rows]))
        own = (row for row in rows if str(row.get("message_id")) not in of_others)
        return min(own, key=_created_at, default={})

    def list_opt_outs(self) -> Sequence[str]:
        """Return nothing: Delivyr has no list. It posts opt-outs, and rejects messages to opted-out numbers."""
        return ()

    def _call(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> Response:
        headers = {"x-account-id": self._options["account_id"], "x-api-key": self._options["api_key"].reveal()}
        base = self._config.url.rstrip("/")
        operation = f"Delivyr {path.partition('/')[0] if 'messages' in path else path.rpartition('/')[2]}"
        return self._http.request(operation, method, f"{base}/{path}", query=query, headers=headers, body=body)


def _object(response: Response) -> dict[str, Any]:
    payload = response.json()
    if not isinstance(payload, dict):
        raise OutcomeUnknownError(f"{response.operation}: expected an object, got {type(payload).__name__}")
    return payload


def _is_refused_message(response: Response) -> bool:
    """Return True if the call is correct and its one message is not: other 404 responses mean a wrong URL."""
    unknown_template = response.status == _NOT_FOUND and _error_code(response) == "template_not_found"
    return response.status == _UNPROCESSABLE or unknown_template


def _error_code(response: Response) -> str:
    try:
        return str(_object(response)["error"]["code"])
    except (OutcomeUnknownError, KeyError, TypeError):
        return f"refused with {response.status}"


def _template(row: object) -> Template:
    if not isinstance(row, dict) or not _TEMPLATE_ID.fullmatch(str(row.get("id", "")).upper()):
        raise OutcomeUnknownError("Delivyr templates: expected an id of eight letters and digits in every template")
    return Template(
        id=int(str(row["id"]), 36),
        title=str(row.get("synchronised_name") or f"{row['id']} - {row.get('name', '')}"),
        body=str(row.get("body", "")),
    )


def _template_number(template: str) -> int | None:
    """Return Optimove's id of a template; None if the text is no template id."""
    return int(template, 36) if _TEMPLATE_ID.fullmatch(template.upper()) else None


def _base_36_id(template: int) -> str:
    """Return Delivyr's id of a template: 2698724035423 is YFRYM0RJ."""
    written = ""
    while template:
        template, digit = divmod(template, 36)
        written = _BASE_36[digit] + written
    return written.rjust(8, "0")


def _merged(request: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Merge nested objects member by member; assumed."""
    merged = dict(request)
    for name, value in overrides.items():
        before = merged.get(name)
        merged[name] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def _created_at(row: Mapping[str, Any]) -> Instant:
    try:
        return parse_time(str(row.get("created_at", "")))
    except ValueError as error:
        raise OutcomeUnknownError(f"Delivyr messages: created_at: {error}") from error
