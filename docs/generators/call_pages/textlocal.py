"""The two pages of Textlocal."""

import json

from call_pages import optimove_calls
from call_pages.lost_responses import LOOK_UP, ONE_CONNECTION
from call_pages.player import ACCOUNT_URL, BRIDGE_URL
from call_pages.steps import Call, Chapter, Control, Page, Step, Until, Webhook

_BODY = "Hello {{FIRST_NAME}}, spring is here. Reply STOP to opt out."
_SCHEDULED, _TRIGGERED = 505, 250
_NAMES = ("PHONENUMBER", "SMS_OPT_IN", "FIRST_NAME")


def _person(name: str, number: str, protection: str = "none") -> dict[str, object]:
    return {"protection": protection, "number": number, "attributes": {"FIRST_NAME": name}}


_PEOPLE = (
    _person("Anna", "+447555000100"),
    _person("Ben", "07555 000203"),
    _person("Cleo", "0044 7555 000340"),
    {"protection": "no_consent", "spelling": "digits", "attributes": {"FIRST_NAME": "Dana"}},
    _person("Emre", "(07555) 000500", "provider_list"),
    {"protection": "unusable_number", "attributes": {"FIRST_NAME": "Finn"}},
)


def _text(name: str) -> str:
    return f"Hello {name}, spring is here. Reply STOP to opt out."


_ACCOUNT: tuple[Step, ...] = (
    Control("POST", "/providers/textlocal/templates", [{"title": optimove_calls.TITLE, "body": _BODY}]),
    Control(
        "PUT",
        "/providers/textlocal/settings",
        {"inbound_url": ACCOUNT_URL.format(provider="textlocal"), "sender_names": ["Sendproof"]},
    ),
)

_TEMPLATES = Call(
    title="Read the templates of the provider",
    why="Optimove knows a template by id and name only. You need the body to fill in the placeholders.",
    service="textlocal",
    method="POST",
    path="/get_templates/",
    keeps={"template": ("templates", 0, "id")},
    note="A placeholder is `%%|NAME^{...}%%` or `%%|NAME%%`. Its name is that of a customer attribute. An id may come "
    "as a number or as text.",
)

_OPT_OUTS = Call(
    title="Read the opt-outs",
    why="Textlocal also sends to numbers that opted out. You must leave them out.",
    service="textlocal",
    method="POST",
    path="/get_optouts/",
    note="Read the list shortly before you send, at most an hour old. It has numbers, with the country code. An "
    "account may return `contacts` instead, with the first 100: read the others with `get_contacts`, group 6 "
    "([dialect](../reference/dialects.md#textlocaloptouts_reply)).",
)


def _receipt(number: str, status: str, meaning: str, note: str = "") -> Webhook:
    return Webhook(
        title=f"A receipt arrives: {meaning}",
        why="One request for each number, as a form. Neither a message id nor a signature is in it: the URL that you "
        "gave with the send call must name the batch.",
        contains=["/receipts/", f"number={number}", f"status={status}"],
        note=note,
    )


_STOP = Webhook(
    title="A reply arrives: STOP",
    why="Textlocal posts it to the inbox URL of the account, not to that of the batch. Stop sending to this number, "
    "and report the opt-out to Optimove.",
    contains=["/webhooks/textlocal/", "STOP"],
    note="Compare `content` without case: `stop`, `STOPALL` and `Unsubscribe` mean the same. `START` takes it back. "
    "Serve the path that `account_webhooks` of the handover file names: no call chooses it. If it has no "
    "URL of this provider, nothing is posted: read `get_optouts` instead.",
)

_STATUS = Call(
    title="Ask for a status that never came",
    why="An expired message has no receipt, and a receipt can be lost. Ask after 72 hours at the "
    "latest. A bridge that uses no receipts asks at least every eight hours.",
    service="textlocal",
    method="POST",
    path="/status_message/",
    form={"message_id": "<<message>>"},
    note="`D` delivered, `U` undelivered, `I` invalid number, `E` expired, `?` unknown, `P` pending. "
    "`status_batch` asks for a whole batch.",
)

_BULK = Call(
    title="Send a text to each number",
    why="One call takes 500 messages as recommended. Textlocal fills in nothing: send the final texts.",
    service="textlocal",
    method="POST",
    path="/bulk_json/",
    form={
        "data": json.dumps(
            {
                "sender": "Sendproof",
                "receiptUrl": f"{BRIDGE_URL}/receipts/7001-505-0",
                "unicode": False,
                "messages": [
                    {"number": "447555000100", "text": _text("Anna")},
                    {"number": "447555000203", "text": _text("Ben")},
                    {"number": "447555000340", "text": _text("Cleo")},
                ],
            }
        )
    },
    decodes="data",
    keeps={"message": ("messages", 0, "messages", 0, "id")},
    note="Dana has no consent, Emre is on the list of opt-outs, and Finn has no usable number: they get nothing, and "
    "count as dropped. A failure is a 200 with `status: failure` and `errors`, so read the body. "
    "`messages_not_sent` has numbers that were refused. `sender` is that of the handover file; leave it out if the "
    "file has none. `unicode` is `true` if a text has a character outside the GSM alphabet.",
)

_SEND = Call(
    title="Send the text",
    why="`send` takes one text for up to 10,000 numbers; `bulk_json` works as well. Textlocal fills in nothing.",
    service="textlocal",
    method="POST",
    path="/send/",
    form={
        "numbers": "447555000340",
        "message": _text("Anna"),
        "sender": "Sendproof",
        "receipt_url": f"{BRIDGE_URL}/receipts/trigger-1",
        "custom": "trigger-1",
    },
    keeps={"message": ("messages", 0, "id")},
    note="A failure is a 200 with `status: failure` and `errors`, so read the body. `sender` is that of the handover "
    "file; leave it out if the file has none. Add `unicode=true` if the text "
    "has a character outside the GSM alphabet.",
)


def _look_up(since: str) -> Call:
    """Return the call that finds the messages of a call without a response; `since` is the Unix time of that call."""
    return Call(
        title="Look for messages before you repeat a call",
        why=LOOK_UP,
        service="textlocal",
        method="POST",
        path="/get_history_api/",
        form={"min_time": since, "sort_order": "asc", "start": "0", "limit": "1000"},
        note="`min_time` is the Unix time of the call. Read on with `start` until you have `total` rows. A row with "
        "the number and the text of a message is that message: keep its `id`, and only send what is missing. "
        + ONE_CONNECTION,
    )


_NUMBERS = (
    "Textlocal takes digits with the country code, without `+`: `447555000100`. By default it refuses "
    "`07555000203` with code 32 ([dialect](../reference/dialects.md#textlocalnational_numbers))."
)
_LIMITS = (
    "Textlocal: 500 messages in `bulk_json` as recommended, 10,000 numbers in `send`, 765 characters a "
    "text. No rate is published; the simulator has none by default."
)

SCHEDULED = Page(
    name="scheduled-textlocal",
    title="Scheduled campaigns with Textlocal",
    kind="scheduled",
    provider="textlocal",
    provider_title="Textlocal",
    channel=_SCHEDULED,
    country="GB",
    people=_PEOPLE,
    steps=(
        *_ACCOUNT,
        *optimove_calls.set_up("scheduled", _SCHEDULED, (_TEMPLATES,), optimove_calls.TITLE),
        *optimove_calls.announcement(_SCHEDULED, len(_PEOPLE), _NAMES),
        Until(optimove_calls.SEND_AT),
        Chapter("Send at 09:00 UTC", "Send at `ScheduledTime`, neither earlier nor later."),
        _OPT_OUTS,
        _BULK,
        _look_up("1772442000"),
        Until("2026-03-02T09:05:00Z"),
        Chapter(
            "Results arrive",
            "Answer each with 200 as soon as it is stored. They come in any order, and may come twice.",
        ),
        _receipt("447555000100", "D", "delivered"),
        _receipt("447555000203", "U", "undelivered", "Undelivered counts as bounced."),
        _STOP,
        _STATUS,
        *optimove_calls.reports("scheduled", _SCHEDULED, {0: 3, 1: 2, 4: 1, 5: 3, 9: 1}, ["C0000000", "C0000002"]),
    ),
    numbers=_NUMBERS,
    limits=_LIMITS,
    proof="scenarios/scheduled/first_campaign.yaml",
)

TRIGGERED = Page(
    name="triggered-textlocal",
    title="Triggered messages with Textlocal",
    kind="triggered",
    provider="textlocal",
    provider_title="Textlocal",
    channel=_TRIGGERED,
    country="GB",
    people=(_person("Anna", "07555 000340"),),
    steps=(
        *_ACCOUNT,
        *optimove_calls.set_up("triggered", _TRIGGERED, (_TEMPLATES,), optimove_calls.TITLE),
        *optimove_calls.trigger(_TRIGGERED, optimove_calls.TITLE),
        Chapter("Send at once", "The text goes out now, in one call."),
        _OPT_OUTS,
        _SEND,
        _look_up("1772433000"),
        Until("2026-03-02T06:35:00Z"),
        Chapter("Results arrive", "Answer each with 200 as soon as it is stored. They may come twice."),
        _receipt("447555000340", "D", "delivered"),
        _STOP,
        _STATUS,
        *optimove_calls.reports("triggered", _TRIGGERED, {0: 1, 1: 1, 4: 1, 5: 0, 9: 0}, ["C0000000"]),
    ),
    numbers=_NUMBERS,
    limits=_LIMITS,
    proof="scenarios/triggered/one_event.yaml --provider textlocal",
)
