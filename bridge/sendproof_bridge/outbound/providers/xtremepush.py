"""Xtremepush's external API, in which a campaign is a template. openapi/xtremepush.yaml has the sources.

Before a campaign is executed, unknown users are imported: for SMS with their mobile numbers, for e-mails with their
addresses, and for the inbox with their ids. Known users who have unsubscribed are never subscribed again.
execute/campaign is asynchronous: its success does not mean that a message exists. So after a lost response, the look-up
waits until the messages must be in list/message.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sendproof_bridge.clock import MINUTE, SECOND, Instant, iso
from sendproof_bridge.config import EMAIL, INBOX, PUSH, SMS, WEB_PUSH, ChannelConfig
from sendproof_bridge.config_fields import Setting, SettingError, Settings, attribute, secret
from sendproof_bridge.json_body import json_object
from sendproof_bridge.outbound.errors import (
    NotSentError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    UnauthorizedError,
)
from sendproof_bridge.outbound.http import HttpClient, Response, check_status
from sendproof_bridge.outbound.providers import (
    CLICKED,
    OPENED,
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
    UnauthenticatedWebhookError,
    no_ids,
)
from sendproof_bridge.outbound.response_values import pages, values_of, whole_number

# This channel of Optimove sends no messages: it only carries subscriptions back.
_PREFERENCE_CHANNEL = 444
# observed: a client of the API splits `IN` lists at 200
_USERS_PER_CALL = 200
# documented: up to 99 rows are imported before the response; https://docs.xtremepush.com/reference/user-profile-import
_ROWS_PER_IMPORT = 99
# The profile's field with the address, and the names of the subscription, by the type of messages.
# documented: the first name in import/profile, the second in execute/campaign
_ADDRESS_FIELDS: Mapping[str, str] = {SMS: "mobile_number", EMAIL: "email"}
_SUBSCRIPTION_NAMES: Mapping[str, tuple[str, ...]] = {
    SMS: ("sms_subscription", "mobile_subscription"),
    EMAIL: ("email_subscription",),
}
_PAGE_SIZE = 1_000
_SMS_MESSAGE_TYPE = "9"
# documented: https://docs.xtremepush.com/reference/campaign-model
_CHANNELS = {PUSH: ("ios_push", "android_push"), WEB_PUSH: ("web_push",), INBOX: ("inbox",), EMAIL: ("email",)}
_MESSAGE_TYPES = {PUSH: ("1", "2"), WEB_PUSH: ("3",), INBOX: ("6",), EMAIL: ("7",)}
_API_TRIGGER = 3
_PLACEHOLDER = re.compile(r"\{\{ ?([A-Za-z0-9_]+) ?\}\}")
# The end of the year 9999, the last that Python's clock supports.
_MAX_UNIX_SECONDS = 253_402_300_799
# documented: the names of the first two; the others are assumed
_STATUS_MEANINGS = {
    "message_delivery": "delivered",
    "message_error": "undelivered",
    "message_click": CLICKED,
    "message_open": OPENED,
    "message_unsubscribe": UNSUBSCRIBED,
}
# documented: https://docs.xtremepush.com/docs/webhooks-integration (that these events exist)
_IGNORED_EVENTS = frozenset({"message_send"})
_SIGNATURE_HEADER = "x-xtremepush-signature"
# Xtremepush's clock may differ from the bridge's clock.
_CLOCK_MARGIN_MS = 30 * SECOND
_OPTED_OUT = "opted_out"

MESSAGE_TYPES = (SMS, PUSH, WEB_PUSH, INBOX, EMAIL)

SETTINGS: Settings = {
    "apptoken": Setting(
        secret,
        "The project's token; `url` is `https://external-api.xtremepush.com/` or `https://api.us.xtremepush.com/`.",
    ),
    "user_id_attribute": Setting(
        attribute, "The attribute with the user's id at Xtremepush; by default the customer's id.", None
    ),
    "webhook_secret": Setting(secret, "The secret of a webhook connection with signed payloads.", None),
    "webhook_login": Setting(secret, "The `user:password` of a connection with Basic authentication.", None),
    "webhook_token": Setting(secret, "The token of a connection with Bearer authentication.", None),
}


def open_channel(config: ChannelConfig, http: HttpClient) -> "Xtremepush":
    """Return the account of a channel. `SettingError` for channel 444 and for testing mode."""
    if config.id == _PREFERENCE_CHANNEL:
        raise SettingError(
            f"channel {_PREFERENCE_CHANNEL} only carries subscriptions back; name it as preference_channel"
        )
    if config.testing:
        raise SettingError("Xtremepush has no testing mode")
    return Xtremepush(config, http)


class Xtremepush:
    """One project. Every response is an envelope with `code` and `success`."""

    batch_size = _USERS_PER_CALL
    status_meanings = _STATUS_MEANINGS
    requests_receipts = False
    may_reject_later = False
    has_send_record = True
    knows_customers = False
    lead_ms = 0
    settle_ms = 10 * MINUTE

    def __init__(self, config: ChannelConfig, http: HttpClient) -> None:
        """Read everything from the configuration."""
        self._config = config
        self._user_attribute = config.options["user_id_attribute"]
        self.required_attributes: Sequence[str] = (self._user_attribute,) if self._user_attribute else ()
        self._http = http
        self._is_sms = config.message == SMS
        self._address_field = _ADDRESS_FIELDS.get(config.message)
        self._subscription_names: tuple[str, ...] = _SUBSCRIPTION_NAMES.get(config.message, ())
        self._subscription = next(iter(self._subscription_names), "")

    @values_of("Xtremepush")
    def list_templates(self) -> list[Template]:
        """Return the campaigns that the API may execute and that have messages of the channel's type."""
        condition = [["trigger", "=", _API_TRIGGER], ["sms", "=", int(self._is_sms)]]
        return [template for row in self._list("campaign", condition) if (template := self._template(row))]

    def _template(self, row: Mapping[str, Any]) -> Template | None:
        """Return the campaign's message as a template; None if it has no text."""
        if not self._is_sms and not any(row.get(name) for name in _CHANNELS[self._config.message]):
            return None
        campaign = self._call("info/campaign", {"id": row["id"]}).get("model")
        messages = campaign.get("messages", {}) if isinstance(campaign, dict) else {}
        body = _sms_text(messages) if self._is_sms else _titled_text(messages, self._config.message)
        return Template(id=whole_number(row["id"]), title=str(row["title"]), body=body) if body else None

    def placeholders(self, body: str) -> list[str]:
        """Return the names in `{{NAME}}`."""
        return list(dict.fromkeys(_PLACEHOLDER.findall(body)))

    def compose(self, request: ComposeRequest) -> ComposedMessage:
        """Return the values of the text's variables. One call is for one campaign."""
        params = {name: request.values.get(name) or "" for name in self.placeholders(request.template.body)}
        user = request.values.get(self._user_attribute) if self._user_attribute else request.customer
        if not user:
            raise ValueError(f"customer {request.customer} has no {self._user_attribute}")
        phone = request.values[self._config.phone_attribute] if self._is_sms else None
        group = str(request.template.id)
        return ComposedMessage(phone=phone, content=json.dumps(params), recipient=user, group=group)

    def send(self, messages: Sequence[OutgoingMessage], *, batch: str, receipt_url: str) -> SendResult:
        """Import unknown users, leave out unsubscribed users, and execute the campaign for the others.

        App and website create the profiles of their own users, so push notifications need no import.
        """
        del receipt_url
        try:
            unsubscribed = self._import_users(messages) if self._address_field else set()
            if self._config.message == INBOX:
                self._import_ids(messages)
        except OutcomeUnknownError as error:
            # Nothing is sent yet, and a repeated import changes nothing.
            raise NotSentError(str(error)) from error
        subscribed = [message for message in messages if message.recipient not in unsubscribed]
        rejected = dict.fromkeys(unsubscribed, _OPTED_OUT)
        if subscribed:
            request = {
                "id": subscribed[0].template,
                "target_with_params": {message.recipient: json.loads(message.content) for message in subscribed},
                "target_by": "user_id",
                "params": {"external_message_id": batch},
            }
            self._call("execute/campaign", request)
        accepted = {message.recipient: "" for message in subscribed}
        return SendResult(accepted=accepted, rejected=rejected, opted_out=frozenset(unsubscribed))

    @values_of("Xtremepush")
    def _import_users(self, messages: Sequence[OutgoingMessage]) -> set[str]:
        """Import each user with an unknown or a different address; return the unsubscribed users."""
        users = [message.recipient for message in messages]
        profiles = {str(row["user_id"]): row for row in self._list("profile", [["user_id", "IN", users]])}
        unsubscribed = {
            user for user, row in profiles.items() if self._known_address(row) and not int(row[self._subscription])
        }
        outdated = [
            message
            for message in messages
            if message.recipient not in unsubscribed
            and self._known_address(profiles.get(message.recipient, {})) != message.number
        ]
        for start in range(0, len(outdated), _ROWS_PER_IMPORT):
            part = outdated[start : start + _ROWS_PER_IMPORT]
            self._import_rows([[message.recipient, message.number, 1] for message in part])
        return unsubscribed

    def _known_address(self, row: Mapping[str, Any]) -> str:
        return str(row.get(self._address_field or "") or "").lower()

    @values_of("Xtremepush")
    def _import_ids(self, messages: Sequence[OutgoingMessage]) -> None:
        """Import each unknown user: an inbox message waits for a user who has never opened the app."""
        users = [message.recipient for message in messages]
        known = {str(row["user_id"]) for row in self._list("profile", [["user_id", "IN", users]])}
        unknown = [user for user in users if user not in known]
        for start in range(0, len(unknown), _ROWS_PER_IMPORT):
            rows = [[user] for user in unknown[start : start + _ROWS_PER_IMPORT]]
            self._call("import/profile", {"columns": ["user_id"], "rows": rows})

    def _import_rows(self, rows: Sequence[Sequence[object]]) -> None:
        """Import ids, addresses and subscriptions.

        If a project refuses the documented name of the subscription, try the one that execute/campaign documents.
        """
        name, *others = self._subscription_names
        try:
            self._import_named(rows, name)
        except RejectedError as error:
            if not others:
                raise
            try:
                self._import_named(rows, others[0])
            except RejectedError:
                # The name was not the reason.
                raise error from None

    def _import_named(self, rows: Sequence[Sequence[object]], name: str) -> None:
        self._call("import/profile", {"columns": ["user_id", self._address_field, name], "rows": rows})
        # Once a name is accepted, a refusal has another reason.
        self._subscription_names = (name,)

    @values_of("Xtremepush")
    def find_sent(self, messages: Sequence[OutgoingMessage], since: Instant) -> Mapping[str, list[str]]:
        """Return the rows of this campaign and these users that were created since the send began."""
        found: dict[str, list[str]] = {}
        users = [message.recipient for message in messages]
        for row in self._messages(messages[0].template, users, since - _CLOCK_MARGIN_MS):
            found.setdefault(str(row["user_id"]), []).append(str(row["id"]))
        return found

    def _messages(self, campaign: int, users: Sequence[str], since: Instant) -> list[dict[str, Any]]:
        """Return rows of list/message, oldest first. Sort here: no document states that ids grow with time."""
        condition: list[list[object]] = [
            ["campaign_id", "=", campaign],
            ["user_id", "IN", users],
            ["create_time", ">=", since // SECOND],
        ]
        return sorted(self._list("message", condition), key=_created_seconds)

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], batch: str) -> list[Receipt | OptOut | OptIn]:
        """Parse one event of a message; openapi/xtremepush-webhooks.yaml."""
        del batch
        self._authenticate(body, headers)
        payload = json_object(body)
        properties = payload.get("properties")
        if not isinstance(properties, dict) or not isinstance(payload.get("event"), str):
            raise ValueError("expected an object with event and properties")  # noqa: TRY004 one kind of error
        if payload["event"] in _IGNORED_EVENTS:
            return []
        if payload["event"] not in _STATUS_MEANINGS:
            raise ValueError(f"expected event to be one of {', '.join(_STATUS_MEANINGS)}, got {payload['event']!r}")
        ids = {name: str(properties.get(name, "")) for name in ("user_id", "external_message_id", "message_id")}
        receipt = Receipt(
            recipient=ids["user_id"],
            status_code=payload["event"],
            provider_time=iso(_event_seconds(payload) * SECOND),
            batch=ids["external_message_id"],
            message=ids["message_id"],
        )
        return [receipt]

    def _authenticate(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Check the credentials that the channel's settings require, in addition to the token in the URL."""
        options, presented = self._config.options, headers.get("authorization", "")
        key, login, token = options["webhook_secret"], options["webhook_login"], options["webhook_token"]
        if login is not None:
            _require_authorization(presented, "Basic", base64.b64encode(login.reveal().encode()).decode())
        if token is not None:
            _require_authorization(presented, "Bearer", token.reveal())
        if key is not None and not _is_signature(headers.get(_SIGNATURE_HEADER, ""), key.reveal().encode(), body):
            raise UnauthenticatedWebhookError

    def poll_statuses(self, messages: Sequence[OpenMessage], known_ids: KnownIds = no_ids) -> Iterator[Receipt]:
        """Read list/message: delivered, or failed with a reason."""
        by_campaign: dict[int, list[OpenMessage]] = {}
        for message in messages:
            by_campaign.setdefault(message.template, []).append(message)
        for campaign, of_campaign in by_campaign.items():
            for start in range(0, len(of_campaign), _USERS_PER_CALL):
                yield from self._final_statuses(campaign, of_campaign[start : start + _USERS_PER_CALL], known_ids)

    def _final_statuses(self, campaign: int, messages: Sequence[OpenMessage], known_ids: KnownIds) -> Iterator[Receipt]:
        earliest = {message.recipient: message.sent_at - _CLOCK_MARGIN_MS for message in messages}
        row_ids = {message.recipient: message.message for message in messages}
        rows = self._messages(campaign, list(row_ids), min(earliest.values()))
        of_others = set(known_ids([_row_ids(row)[1] for row in rows])) - set(row_ids.values())
        for row in rows:
            user, id_ = _row_ids(row)
            if (
                id_ in of_others
                or row_ids.get(user) not in {"", id_}
                or _created_seconds(row) < earliest[user] // SECOND
            ):
                continue
            # The first row since a message was sent is its own; rows after it belong to later campaigns.
            is_new, row_ids[user] = not row_ids[user], id_
            code = "message_delivery" if row.get("delivery") else "message_error" if row.get("error") else ""
            if code or is_new:
                yield Receipt(recipient=user, status_code=code, provider_time="", message=id_)

    def list_opt_outs(self) -> list[str]:
        """Return the addresses of profiles that are not subscribed. No method lists subscriptions of devices."""
        if self._address_field is None:
            return []
        rows = self._list("profile", [[self._subscription, "=", 0], [self._address_field, "!=", ""]])
        return [address for row in rows if (address := self._known_address(row))]

    def _list(self, model: str, condition: Sequence[Sequence[object]]) -> Iterator[dict[str, Any]]:
        """Yield all rows, page by page, in the order of their ids."""
        offset = 0
        for _ in pages(f"Xtremepush list/{model}"):
            query = {"condition": condition, "order": ["id ASC"], "limit": _PAGE_SIZE, "offset": offset}
            rows = self._call(f"list/{model}", query).get("data")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise OutcomeUnknownError(f"Xtremepush list/{model}: expected a list of objects as data")
            yield from rows
            offset += len(rows)
            if len(rows) < _PAGE_SIZE:
                return

    def _call(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        full = {"apptoken": self._config.options["apptoken"].reveal(), **body}
        url = f"{self._config.url.rstrip('/')}/api/external/{path}"
        response = check_status(self._http.request(f"Xtremepush {path}", "POST", url, body=full))
        payload = response.json()
        if not isinstance(payload, dict):
            raise OutcomeUnknownError(f"{response.operation}: expected an object, got {type(payload).__name__}")
        if payload.get("success") is not True:
            raise _failure(response, payload)
        return payload


def _sms_text(messages: Mapping[str, Any]) -> str:
    content = messages.get(_SMS_MESSAGE_TYPE)
    return str(content.get("sms", {}).get("text") or "") if isinstance(content, dict) else ""


def _titled_text(messages: Mapping[str, Any], message: str) -> str:
    """Return title and text of a message of this type, which are needed for their placeholders only.

    The contents of the platforms may have different placeholders, so all count.
    """
    contents = [messages.get(type_) for type_ in _MESSAGE_TYPES[message]]
    if message == EMAIL:
        contents = [content.get("email") for content in contents if isinstance(content, dict)]
    parts = [
        str(content[name])
        for content in contents
        if isinstance(content, dict)
        for name in ("push_title", "push_text", "subject", "html")
        if content.get(name)
    ]
    return "\n".join(dict.fromkeys(parts))


@values_of("Xtremepush list/message")
def _row_ids(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the user's id, and that of the row."""
    return str(row["user_id"]), str(row["id"])


def _created_seconds(row: Mapping[str, Any]) -> int:
    """Return the creation time of a row, in seconds since the epoch."""
    try:
        return whole_number(row["create_time"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise OutcomeUnknownError("Xtremepush list/message: expected create_time in seconds in every row") from error


def _failure(response: Response, payload: Mapping[str, Any]) -> Exception:
    """Return the error for a `code`. In current documents the HTTP status follows it; in older ones it is 200."""
    code, reason = payload.get("code"), f"{response.operation}: {payload.get('code')} {payload.get('message', '')}"
    if not isinstance(code, int):
        return OutcomeUnknownError(reason)
    if code in {401, 403}:
        return UnauthorizedError(f"{response.operation}: credentials refused ({code})")
    if code == 429:  # noqa: PLR2004 as in HTTP
        return RateLimitedError(reason)
    if 400 <= code < 500:  # noqa: PLR2004 as in HTTP
        return RejectedError(reason)
    return OutcomeUnknownError(reason)


def _event_seconds(payload: Mapping[str, Any]) -> int:
    """Return the time of an event, in seconds since the epoch."""
    value = payload.get("time", 0)
    if not isinstance(value, int) or not 0 <= value <= _MAX_UNIX_SECONDS:
        raise ValueError(f"expected time as a Unix time in seconds, got {value!r:.80}")
    return value


def _require_authorization(presented: str, scheme: str, expected: str) -> None:
    """Raise `UnauthenticatedWebhookError` unless a header has this scheme, in any case, and this value."""
    given, _, value = presented.partition(" ")
    if given.lower() != scheme.lower() or not hmac.compare_digest(value.strip().encode(), expected.encode()):
        raise UnauthenticatedWebhookError


def _is_signature(presented: str, key: bytes, body: bytes) -> bool:
    """Compare with each usual kind of signature: no document states which one Xtremepush uses."""
    digest = hmac.digest(key, body, "sha256")
    candidates = (
        digest.hex().encode(),
        base64.b64encode(digest),
        hmac.new(key, body, hashlib.sha1).hexdigest().encode(),
        key,
    )
    return sum(hmac.compare_digest(presented.encode(), candidate) for candidate in candidates) > 0
