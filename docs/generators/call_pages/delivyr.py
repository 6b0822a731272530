"""The two pages of Delivyr."""

from collections.abc import Sequence

from call_pages import optimove_calls
from call_pages.lost_responses import LOOK_UP, ONE_CONNECTION
from call_pages.player import ACCOUNT_URL
from call_pages.steps import Call, Chapter, Control, Page, Step, Until, Webhook

_BODY = "Hello {{FIRST_NAME}}, spring is here. Reply STOP to opt out."
_SCHEDULED, _TRIGGERED = 520, 270
_NAMES = ("PHONENUMBER", "SMS_OPT_IN", "FIRST_NAME")


def _person(name: str, number: str, protection: str = "none") -> dict[str, object]:
    return {"protection": protection, "number": number, "attributes": {"FIRST_NAME": name}}


_PEOPLE = (
    _person("Anna", "+12015550100"),
    _person("Ben", "(201) 555-0203"),
    _person("Cleo", "0012015550340"),
    {"protection": "no_consent", "spelling": "digits", "attributes": {"FIRST_NAME": "Dana"}},
    _person("Emre", "1 201 555 0500", "provider_list"),
    {"protection": "unusable_number", "attributes": {"FIRST_NAME": "Finn"}},
)

_ACCOUNT: tuple[Step, ...] = (
    Control("POST", "/providers/delivyr/templates", [{"title": optimove_calls.TITLE, "body": _BODY}]),
    Control(
        "PUT", "/providers/delivyr/settings", {"testing": False, "webhook_url": ACCOUNT_URL.format(provider="delivyr")}
    ),
)

_TEMPLATES = Call(
    title="Read the templates of the provider",
    why="Optimove knows a template by id and name only. You need the body for the names of the variables.",
    service="delivyr",
    method="GET",
    path="/templates",
    keeps={"template_id": ("templates", 0, "id"), "template_name": ("templates", 0, "synchronised_name")},
    keeps_base_36={"template": ("templates", 0, "id")},
    note="Optimove's `TemplateID` is a whole number, so use the eight characters of `id` as a number in base 36, and "
    "back for a send: in PHP `base_convert($id, 36, 10)` and `base_convert($number, 10, 36)`, padded to eight "
    "characters and in capital letters. A placeholder is `{{NAME}}`.",
)


def _send(name: str, number: str, *, shown: bool = True) -> Call:
    return Call(
        title="Send a message",
        why="One call for one recipient. Delivyr fills in the text with `variables`.",
        service="delivyr",
        method="POST",
        path="/partner/customer_io/send_sms",
        json={"template_id": "<<template_id>>", "phone_number": number, "variables": {"FIRST_NAME": name}},
        keeps={"message": ("message_id",)} if shown else {},
        note="Every name of the template needs a value: give an empty text for an attribute without one. Keep "
        "`message_id`: the events name it. 422 is about this one message: count it as dropped, and do not repeat it. "
        "503 with `queue_full` means later.",
        shown=shown,
    )


def _look_up(number: str) -> Call:
    return Call(
        title="Look for a message before you repeat a call",
        why=LOOK_UP,
        service="delivyr",
        method="GET",
        path="/messages",
        query={"phone_number": number},
        note="The oldest message comes first; `next` is the `after` of the next page, if there is one. A message with "
        "this template, created since the call, and with an id that you do not know yet, is that of the call: keep its "
        "id. " + ONE_CONNECTION,
    )


def _event(event: str, number: str, meaning: str, note: str = "") -> Webhook:
    return Webhook(
        title=f"A message event arrives: {meaning}",
        why="One request for each event, with the id from the reply to the send call. Nothing is signed.",
        contains=[f'"{event}"', number],
        note=note,
    )


_REJECTED_NOTE = (
    "Rejected counts as dropped. Delivyr has no list of opt-outs to read: it rejects a message to a customer who opted "
    "out, here two seconds after the call. An account may reject at once instead, with 422 ([dialect]("
    "../reference/dialects.md#delivyrrejections))."
)
_DELIVERED_NOTE = (
    "`clicked` looks the same, and comes for each click. For metric 3, count either the customers who clicked or their "
    "clicks, always in the same way: Optimove's documents do not say which."
)
_STOP_NOTE = "Stop sending to this number, and report the opt-out to Optimove."
_STATUS = Call(
    title="Ask for results that never came",
    why="An event can be lost. The Message Log has each message with its state.",
    service="delivyr",
    method="GET",
    path="/messages/<<message>>",
)
_RESULTS = (
    "Serve the path that `account_webhooks` of the handover file names: no call chooses it. If it has no "
    "URL of this provider, nothing is posted: ask for the results at least every eight hours. Answer each "
    "event with 200 as soon as it is stored. They come in any order, and may come twice."
)
_NUMBERS = (
    "Delivyr takes E.164 with `+`, of the United States and Canada: `+12015550100`. Ten digits are refused by default."
)
_LIMITS = "Delivyr: one recipient a call, 1,600 characters a text, 64 KB a body (all assumed). No rate is published."


def _optimove_templates(kind: str, channel: int) -> Sequence[Step]:
    return optimove_calls.set_up(kind, channel, (_TEMPLATES,), "<<template_name>>")


SCHEDULED = Page(
    name="scheduled-delivyr",
    title="Scheduled campaigns with Delivyr",
    kind="scheduled",
    provider="delivyr",
    provider_title="Delivyr",
    channel=_SCHEDULED,
    country="US",
    people=_PEOPLE,
    steps=(
        *_ACCOUNT,
        *_optimove_templates("scheduled", _SCHEDULED),
        *optimove_calls.announcement(_SCHEDULED, len(_PEOPLE), _NAMES),
        Until(optimove_calls.SEND_AT),
        Chapter(
            "Send at 09:00 UTC",
            "Send at `ScheduledTime`, neither earlier nor later. Dana has no consent, and Finn has no usable number: "
            "they get nothing, and count as dropped. Make the same call for Ben, Cleo and Emre.",
        ),
        _send("Anna", "+12015550100"),
        _send("Ben", "+12015550203", shown=False),
        _send("Cleo", "+12015550340", shown=False),
        _send("Emre", "+12015550500", shown=False),
        _look_up("+12015550100"),
        Until("2026-03-02T09:05:00Z"),
        Chapter("Results arrive", _RESULTS),
        _event("delivered", "12015550100", "delivered", _DELIVERED_NOTE),
        _event("undelivered", "12015550203", "undelivered", "Undelivered counts as bounced."),
        _event("rejected", "12015550500", "rejected", _REJECTED_NOTE),
        _event("opted_out", "12015550340", "STOP", _STOP_NOTE),
        _STATUS,
        *optimove_calls.reports("scheduled", _SCHEDULED, {0: 3, 1: 2, 4: 1, 5: 3, 9: 1}, ["C0000000", "C0000002"]),
    ),
    numbers=_NUMBERS,
    limits=_LIMITS,
    proof="scenarios/scheduled/one_text_one_time.yaml --provider delivyr",
)

TRIGGERED = Page(
    name="triggered-delivyr",
    title="Triggered messages with Delivyr",
    kind="triggered",
    provider="delivyr",
    provider_title="Delivyr",
    channel=_TRIGGERED,
    country="US",
    people=(_person("Anna", "(201) 555-0340"),),
    steps=(
        *_ACCOUNT,
        *_optimove_templates("triggered", _TRIGGERED),
        *optimove_calls.trigger(_TRIGGERED, optimove_calls.TITLE),
        Chapter(
            "Send at once",
            "The message goes out now. If the channel of the handover file has `overrides`, [merge them into the "
            "request](../connect-your-bridge.md#2-implement-the-integration) first.",
        ),
        _send("Anna", "+12015550340"),
        _look_up("+12015550340"),
        Until("2026-03-02T06:35:00Z"),
        Chapter("Results arrive", _RESULTS),
        _event("delivered", "12015550340", "delivered", _DELIVERED_NOTE),
        _event("opted_out", "12015550340", "STOP", _STOP_NOTE),
        _STATUS,
        *optimove_calls.reports("triggered", _TRIGGERED, {0: 1, 1: 1, 4: 1, 5: 0, 9: 0}, ["C0000000"]),
    ),
    numbers=_NUMBERS,
    limits=_LIMITS,
    proof="scenarios/triggered/one_event.yaml --provider delivyr",
)
