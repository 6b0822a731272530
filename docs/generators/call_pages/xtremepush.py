"""The two pages of Xtremepush."""

from collections.abc import Mapping, Sequence

from call_pages import optimove_calls
from call_pages.lost_responses import ONE_CONNECTION
from call_pages.player import ACCOUNT_URL
from call_pages.steps import Call, Chapter, Control, Page, Step, Until, Webhook

_BODY = "Hello {{FIRST_NAME}}, spring is here. Reply STOP to opt out."
_SCHEDULED, _TRIGGERED = 510, 260
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

ACCOUNT_WEBHOOKS = Control(
    "PUT", "/providers/xtremepush/settings", {"webhooks": [{"url": ACCOUNT_URL.format(provider="xtremepush")}]}
)
_ACCOUNT: tuple[Step, ...] = (
    Control("POST", "/providers/xtremepush/templates", [{"title": optimove_calls.TITLE, "body": _BODY}]),
    ACCOUNT_WEBHOOKS,
)


def list_body(condition: Sequence[object]) -> dict[str, object]:
    """Return the body of a call that lists rows."""
    return {"condition": condition, "order": ["id ASC"], "limit": 1000, "offset": 0}


_PROFILES_NOTE = (
    "At most 200 ids in one `IN`. The user's id at Xtremepush is the customer's id at Optimove. A user who is not "
    "listed is not known yet."
)
_TEMPLATES = (
    Call(
        title="List the campaigns that serve as templates",
        why="At Xtremepush, a template is a campaign that the API may execute (`trigger` 3) and that has an SMS.",
        service="xtremepush",
        method="POST",
        path="/api/external/list/campaign",
        json=list_body([["trigger", "=", 3], ["sms", "=", 1]]),
        keeps={"template": ("data", 0, "id")},
        note="Read on with `offset` until a page is shorter than `limit`. A failure has `success: false` and a `code`.",
    ),
    Call(
        title="Read the text of each",
        why="The text is in `messages`, under the message type `9`, which is SMS. You need the names in it.",
        service="xtremepush",
        method="POST",
        path="/api/external/info/campaign",
        json={"id": "<<template>>"},
        note="A placeholder is `{{NAME}}`, and its name is that of a customer attribute.",
    ),
)


def profiles(users: Sequence[str], *, why: str, note: str = _PROFILES_NOTE) -> Call:
    """Return the call that reads the profiles of users."""
    return Call(
        title="Read the profiles",
        why=why,
        service="xtremepush",
        method="POST",
        path="/api/external/list/profile",
        json=list_body([["user_id", "IN", list(users)]]),
        note=note,
    )


def _sending(users: Mapping[str, tuple[str, str]], left_out: Sequence[str], batch: str) -> list[Step]:
    """Return the calls that send; `users` are numbers and names by id of the customer."""
    everyone = [*users, *left_out]
    return [
        profiles(
            everyone,
            why="A user with `sms_subscription` 0 has opted out. Leave them out: the import of the next step would "
            "subscribe them again.",
        ),
        Call(
            title="Store the numbers",
            why="Xtremepush sends to the number of the profile. Import those that are new or changed.",
            service="xtremepush",
            method="POST",
            path="/api/external/import/profile",
            json={
                "columns": ["user_id", "mobile_number", "sms_subscription"],
                "rows": [[user, number, 1] for user, (number, _) in users.items()],
            },
            note="At most 99 rows: a larger import is answered with 202 and is done later, so a send at once would "
            "miss the numbers.",
        ),
        Call(
            title="Send",
            why="Xtremepush fills in the text with the values in `target_with_params`.",
            service="xtremepush",
            method="POST",
            path="/api/external/execute/campaign",
            json={
                "id": "<<template>>",
                "target_by": "user_id",
                "target_with_params": {user: {"FIRST_NAME": name} for user, (_, name) in users.items()},
                "params": {"external_message_id": batch},
            },
            note="Success does not mean that a message exists: it comes later, with the results. An empty value must "
            "be an empty text: if the name is absent everywhere, no message goes out. `external_message_id` comes "
            "back in each webhook. After a timeout, or a restart in the middle of the call, wait a moment and look in "
            "`list/message` before you repeat the call: otherwise customers get the text twice. The messages of a call "
            "exist only after its response, so an earlier look finds nothing. " + ONE_CONNECTION,
        ),
    ]


def message_event(event: str, user: str, meaning: str, note: str = "") -> Webhook:
    """Return the arrival of a message event about a user."""
    return Webhook(
        title=f"A message event arrives: {meaning}",
        why="One request for each event. `external_message_id` and `user_id` name the message; `time` is in seconds "
        "since 1970.",
        contains=[event, user],
        note=note,
    )


def status(user: str) -> Call:
    """Return the call that asks for the results of a user."""
    return Call(
        title="Ask for results that never came",
        why="A webhook can be lost. `list/message` has a row for each message.",
        service="xtremepush",
        method="POST",
        path="/api/external/list/message",
        json=list_body([["campaign_id", "=", "<<template>>"], ["user_id", "IN", [user]]]),
        note="`delivery` 1 is delivered, `error` 1 is not delivered. Add `create_time` to the condition if a customer "
        "gets the same campaign again.",
    )


_DELIVERED_NOTE = (
    "`message_click` looks the same, and counts as metric 3. Ignore `message_send` and `message_open`, but answer them."
)
_STOP_NOTE = (
    "Report the opt-out to Optimove. Xtremepush sets `sms_subscription` to 0 itself. It posts nothing when the "
    "customer opts in again with START: read the profiles of those who opted out at least once a day, and report an "
    "opt-in when `sms_subscription` is 1."
)
RESULTS = (
    "Serve the path that `account_webhooks` of the handover file names: no call chooses it. If it has no "
    "URL of this provider, nothing is posted: ask for the results at least every eight hours. Answer each "
    "event with 200 as soon as it is stored. They come in any order, and may come twice."
)
_NUMBERS = "Xtremepush takes digits with the country code, without `+`, as `mobile_number`: `447555000100`."
LIMITS = (
    "Xtremepush: 99 rows in an import that is done at once, 10,000 targets in `execute/campaign` (assumed), 200 ids "
    "in a condition. No rate is published; the simulator has none by default."
)

SCHEDULED = Page(
    name="scheduled-xtremepush",
    title="Scheduled campaigns with Xtremepush",
    kind="scheduled",
    provider="xtremepush",
    provider_title="Xtremepush",
    channel=_SCHEDULED,
    country="GB",
    people=_PEOPLE,
    steps=(
        *_ACCOUNT,
        *optimove_calls.set_up("scheduled", _SCHEDULED, _TEMPLATES, optimove_calls.TITLE),
        *optimove_calls.announcement(_SCHEDULED, len(_PEOPLE), _NAMES),
        Until(optimove_calls.SEND_AT),
        Chapter(
            "Send at 09:00 UTC",
            "Send at `ScheduledTime`, neither earlier nor later. Dana has no consent and Finn has no usable number; "
            "they get nothing, and count as dropped, as does Emre, who is not subscribed.",
        ),
        *_sending(
            {
                "C0000000": ("447555000100", "Anna"),
                "C0000001": ("447555000203", "Ben"),
                "C0000002": ("447555000340", "Cleo"),
            },
            ["C0000004"],
            "7001-510-0",
        ),
        Until("2026-03-02T09:12:00Z"),
        Chapter("Results arrive", RESULTS),
        message_event("message_delivery", "C0000000", "delivered", _DELIVERED_NOTE),
        message_event("message_error", "C0000001", "not delivered", "Not delivered counts as bounced."),
        message_event("message_unsubscribe", "C0000002", "STOP", _STOP_NOTE),
        status("C0000000"),
        *optimove_calls.reports("scheduled", _SCHEDULED, {0: 3, 1: 2, 4: 1, 5: 3, 9: 1}, ["C0000000", "C0000002"]),
    ),
    numbers=_NUMBERS,
    limits=LIMITS,
    proof="scenarios/scheduled/one_text_one_time.yaml --provider xtremepush",
)

TRIGGERED = Page(
    name="triggered-xtremepush",
    title="Triggered messages with Xtremepush",
    kind="triggered",
    provider="xtremepush",
    provider_title="Xtremepush",
    channel=_TRIGGERED,
    country="GB",
    people=(_person("Anna", "07555 000340"),),
    steps=(
        *_ACCOUNT,
        *optimove_calls.set_up("triggered", _TRIGGERED, _TEMPLATES, optimove_calls.TITLE),
        *optimove_calls.trigger(_TRIGGERED, optimove_calls.TITLE),
        Chapter("Send at once", "The message goes out now."),
        *_sending({"C0000000": ("447555000340", "Anna")}, [], "trigger-1"),
        Until("2026-03-02T06:45:00Z"),
        Chapter("Results arrive", RESULTS),
        message_event("message_delivery", "C0000000", "delivered", _DELIVERED_NOTE),
        message_event("message_unsubscribe", "C0000000", "STOP", _STOP_NOTE),
        status("C0000000"),
        *optimove_calls.reports("triggered", _TRIGGERED, {0: 1, 1: 1, 4: 1, 5: 0, 9: 0}, ["C0000000"]),
    ),
    numbers=_NUMBERS,
    limits=LIMITS,
    proof="scenarios/triggered/one_event.yaml --provider xtremepush",
)
