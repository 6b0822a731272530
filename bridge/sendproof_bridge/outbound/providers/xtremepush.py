"""Xtremepush's external API: a campaign is a template. openapi/xtremepush.yaml tells where each fact is from.

A user who is not known there is imported with the mobile number before the campaign is executed; one who is known and
has unsubscribed is never made to subscribe again. execute/campaign is asynchronous: its success is no message yet, so a
send whose reply was lost is looked up only when messages must be in list/message.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sendproof_bridge.clock import MINUTE, SECOND, Instant, iso
from sendproof_bridge.config import ChannelConfig
from sendproof_bridge.config_fields import Setting, Settings, WrongError, attribute, secret
from sendproof_bridge.json_body import json_object
from sendproof_bridge.outbound.errors import (
    CredentialsRefusedError,
    NotDoneError,
    RateLimitedError,
    RefusedError,
    UnknownOutcomeError,
)
from sendproof_bridge.outbound.http import Answer, Wire, check_status
from sendproof_bridge.outbound.providers import (
    CLICKED,
    UNSUBSCRIBED,
    Composed,
    NotGenuineError,
    Open,
    OptOut,
    Order,
    Outgoing,
    Receipt,
    SendReply,
    Template,
)

_POST_BACK = 444
# The client whose lists are observed splits `IN` at 200.
_AT_ONCE = 200
# documented: up to 99 rows are imported before the answer; https://docs.xtremepush.com/reference/user-profile-import
_IMPORTED_AT_ONCE = 99
_PAGE = 1_000
_SMS = "9"
_BY_API = 3
_PLACEHOLDER = re.compile(r"\{\{ ?([A-Za-z0-9_]+) ?\}\}")
# The end of the year 9999, the last that a clock knows.
_LAST_SECOND = 253_402_300_799
# documented: the first two by name; the others are assumed
_LETTERS = {
    "message_delivery": "delivered",
    "message_error": "undelivered",
    "message_click": CLICKED,
    "message_unsubscribe": UNSUBSCRIBED,
}
# documented: https://docs.xtremepush.com/docs/webhooks-integration (that there are these events)
_SAYS_NOTHING = frozenset({"message_send", "message_open"})
_SIGNATURE = "x-xtremepush-signature"
# Its clock need not agree with ours.
_MARGIN_MS = 30 * SECOND
_OPTED_OUT = "opted_out"

SETTINGS: Settings = {
    "apptoken": Setting(
        secret,
        "The project's token; `url` is `https://external-api.xtremepush.com/` or `https://api.us.xtremepush.com/`.",
    ),
    "user_id_attribute": Setting(
        attribute, "The attribute that is the user's id there; without it, the customer's id.", None
    ),
    "webhook_secret": Setting(secret, "The secret of a webhook connection with signed payloads.", None),
    "webhook_login": Setting(secret, "The `user:password` of a connection with Basic authentication.", None),
}


def open_channel(config: ChannelConfig, wire: Wire) -> "Xtremepush":
    """The account that a channel's configuration names; `WrongError` when the channel cannot be one."""
    if config.id == _POST_BACK:
        raise WrongError(f"channel {_POST_BACK} only carries subscriptions back; name it as preference_channel")
    if config.testing:
        raise WrongError("Xtremepush has no testing mode")
    return Xtremepush(config, wire)


class Xtremepush:
    """One project. Every answer is an envelope with `code` and `success`."""

    batch_size = _AT_ONCE
    letters = _LETTERS
    posts_receipts = False
    rejects_later = False
    remembers = True
    settle_ms = 10 * MINUTE

    def __init__(self, config: ChannelConfig, wire: Wire) -> None:
        """Take everything from the configuration."""
        self._config = config
        self._user = config.options["user_id_attribute"]
        self.attributes: Sequence[str] = (self._user,) if self._user else ()
        self._wire = wire

    def templates(self) -> list[Template]:
        """Campaigns that the API may execute and that have an SMS."""
        condition = [["trigger", "=", _BY_API], ["sms", "=", 1]]
        return [found for row in self._list("campaign", condition) if (found := self._template(row))]

    def _template(self, row: Mapping[str, Any]) -> Template | None:
        told = self._call("info/campaign", {"id": row["id"]}).get("model")
        content = told.get("messages", {}).get(_SMS) if isinstance(told, dict) else None
        body = content.get("sms", {}).get("text") if isinstance(content, dict) else None
        return Template(id=int(row["id"]), title=str(row["title"]), body=str(body)) if body else None

    def placeholders(self, body: str) -> list[str]:
        """The names in `{{NAME}}`."""
        return list(dict.fromkeys(_PLACEHOLDER.findall(body)))

    def compose(self, order: Order) -> Composed:
        """The values of the text's variables; one call is for one campaign."""
        params = {name: order.values.get(name) or "" for name in self.placeholders(order.template.body)}
        user = order.values.get(self._user) if self._user else order.customer
        if not user:
            raise ValueError(f"customer {order.customer} has no {self._user}")
        phone = order.values[self._config.phone_attribute]
        return Composed(phone=phone, content=json.dumps(params), recipient=user, group=str(order.template.id))

    def send(self, messages: Sequence[Outgoing], *, batch: str, receipt_url: str) -> SendReply:
        """Import who is missing, leave out who has unsubscribed, and execute the campaign for the others."""
        del receipt_url
        try:
            gone = self._prepare(messages)
        except UnknownOutcomeError as error:
            # Nothing was sent yet, and importing again changes nothing.
            raise NotDoneError(str(error)) from error
        reached = [one for one in messages if one.recipient not in gone]
        rejected = dict.fromkeys(gone, _OPTED_OUT)
        if reached:
            request = {
                "id": reached[0].template,
                "target_with_params": {one.recipient: json.loads(one.content) for one in reached},
                "target_by": "user_id",
                "params": {"external_message_id": batch},
            }
            self._call("execute/campaign", request)
        return SendReply(accepted={one.recipient: "" for one in reached}, rejected=rejected, opted_out=frozenset(gone))

    def _prepare(self, messages: Sequence[Outgoing]) -> set[str]:
        """See to it that everybody's number is known; answers who has unsubscribed."""
        users = [one.recipient for one in messages]
        known = {str(row["user_id"]): row for row in self._list("profile", [["user_id", "IN", users]])}
        gone = {user for user, row in known.items() if row.get("mobile_number") and not int(row["sms_subscription"])}
        wrong = [
            one
            for one in messages
            if one.recipient not in gone and str(known.get(one.recipient, {}).get("mobile_number") or "") != one.number
        ]
        for start in range(0, len(wrong), _IMPORTED_AT_ONCE):
            rows = [[one.recipient, one.number, 1] for one in wrong[start : start + _IMPORTED_AT_ONCE]]
            columns = ["user_id", "mobile_number", "sms_subscription"]
            self._call("import/profile", {"columns": columns, "rows": rows})
        return gone

    def find(self, messages: Sequence[Outgoing], since: Instant) -> Mapping[str, list[str]]:
        """Rows of this campaign for these users, created since the send began."""
        found: dict[str, list[str]] = {}
        users = [one.recipient for one in messages]
        for row in self._messages(messages[0].template, users, since - _MARGIN_MS):
            found.setdefault(str(row["user_id"]), []).append(str(row["id"]))
        return found

    def _messages(self, campaign: int, users: Sequence[str], since: Instant) -> list[dict[str, Any]]:
        """The oldest first. That ids grow with time is not published."""
        condition: list[list[object]] = [
            ["campaign_id", "=", campaign],
            ["user_id", "IN", users],
            ["create_time", ">=", since // SECOND],
        ]
        return sorted(self._list("message", condition), key=_made)

    def read(self, body: bytes, headers: Mapping[str, str], batch: str) -> list[Receipt | OptOut]:
        """One event of a message; openapi/xtremepush-webhooks.yaml."""
        del batch
        self._check(body, headers)
        said = json_object(body)
        about = said.get("properties")
        if not isinstance(about, dict) or not isinstance(said.get("event"), str):
            raise ValueError("expected an object with event and properties")  # noqa: TRY004 one kind of error
        if said["event"] in _SAYS_NOTHING:
            return []
        if said["event"] not in _LETTERS:
            raise ValueError(f"expected event to be one of {', '.join(_LETTERS)}, got {said['event']!r}")
        told = {name: str(about.get(name, "")) for name in ("user_id", "external_message_id", "message_id")}
        receipt = Receipt(
            recipient=told["user_id"],
            letter=said["event"],
            stamp=iso(_seconds(said) * SECOND),
            batch=told["external_message_id"],
            message=told["message_id"],
        )
        return [receipt]

    def _check(self, body: bytes, headers: Mapping[str, str]) -> None:
        """The proof that the channel's settings ask for; the address holds a token in any case."""
        key, login = self._config.options["webhook_secret"], self._config.options["webhook_login"]
        shown = headers.get("authorization", "")
        if login is not None:
            wanted = "Basic " + base64.b64encode(login.reveal().encode()).decode()
            if not hmac.compare_digest(shown.encode(), wanted.encode()):
                raise NotGenuineError
        if key is not None and not _signed(headers.get(_SIGNATURE, ""), key.reveal().encode(), body):
            raise NotGenuineError

    def outcomes(self, messages: Sequence[Open]) -> Iterator[Receipt]:
        """What list/message says of them: delivered, or failed with a reason."""
        by_campaign: dict[int, list[Open]] = {}
        for one in messages:
            by_campaign.setdefault(one.template, []).append(one)
        for campaign, some in by_campaign.items():
            for start in range(0, len(some), _AT_ONCE):
                yield from self._ended(campaign, some[start : start + _AT_ONCE])

    def _ended(self, campaign: int, some: Sequence[Open]) -> Iterator[Receipt]:
        earliest = {one.recipient: one.sent_at - _MARGIN_MS for one in some}
        meant = {one.recipient: one.message for one in some}
        for row in self._messages(campaign, list(meant), min(earliest.values())):
            user, id_ = str(row["user_id"]), str(row["id"])
            if meant.get(user) not in {"", id_} or _made(row) < earliest[user] // SECOND:
                continue
            # The first row since a message was sent is its own; those behind it are of later campaigns.
            meant[user] = id_
            letter = "message_delivery" if row.get("delivery") else "message_error" if row.get("error") else ""
            if letter:
                yield Receipt(recipient=user, letter=letter, stamp="", message=id_)

    def opt_outs(self) -> list[str]:
        """Profiles that are not subscribed to SMS."""
        rows = self._list("profile", [["sms_subscription", "=", 0], ["mobile_number", "!=", ""]])
        return [str(row["mobile_number"]) for row in rows if row.get("mobile_number")]

    def _list(self, model: str, condition: Sequence[Sequence[object]]) -> Iterator[dict[str, Any]]:
        """All rows, page by page, in the order of their ids."""
        offset = 0
        while True:
            asked = {"condition": condition, "order": ["id ASC"], "limit": _PAGE, "offset": offset}
            rows = self._call(f"list/{model}", asked).get("data")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise UnknownOutcomeError(f"Xtremepush list/{model}: expected a list of objects as data")
            yield from rows
            offset += len(rows)
            if len(rows) < _PAGE:
                return

    def _call(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        full = {"apptoken": self._config.options["apptoken"].reveal(), **body}
        url = f"{self._config.url.rstrip('/')}/api/external/{path}"
        answer = check_status(self._wire.call(f"Xtremepush {path}", "POST", url, body=full))
        said = answer.json()
        if not isinstance(said, dict):
            raise UnknownOutcomeError(f"{answer.what}: expected an object, got {type(said).__name__}")
        if said.get("success") is not True:
            raise _refusal(answer, said)
        return said


def _made(row: Mapping[str, Any]) -> int:
    """When a row was created, in seconds."""
    try:
        return int(row["create_time"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownOutcomeError("Xtremepush list/message: expected create_time in seconds in every row") from error


def _refusal(answer: Answer, said: Mapping[str, Any]) -> Exception:
    """The status follows `code` in current documents; in older ones only the code tells."""
    code, reason = said.get("code"), f"{answer.what}: {said.get('code')} {said.get('message', '')}"
    if code in {401, 403}:
        return CredentialsRefusedError(f"{answer.what}: credentials refused ({code})")
    if code == 429:  # noqa: PLR2004 as in HTTP
        return RateLimitedError(reason)
    if isinstance(code, int) and 400 <= code < 500:  # noqa: PLR2004 as in HTTP
        return RefusedError(reason)
    return UnknownOutcomeError(reason)


def _seconds(said: Mapping[str, Any]) -> int:
    """When it happened, as far as there are years."""
    value = said.get("time", 0)
    if not isinstance(value, int) or not 0 <= value <= _LAST_SECOND:
        raise ValueError(f"expected time as a Unix time in seconds, got {value!r:.80}")
    return value


def _signed(shown: str, key: bytes, body: bytes) -> bool:
    """Whether any of the usual ways to sign gives what was shown; which one it is, is not published."""
    digest = hmac.digest(key, body, "sha256")
    usual = (
        digest.hex().encode(),
        base64.b64encode(digest),
        hmac.new(key, body, hashlib.sha1).hexdigest().encode(),
        key,
    )
    return sum(hmac.compare_digest(shown.encode(), one) for one in usual) > 0
