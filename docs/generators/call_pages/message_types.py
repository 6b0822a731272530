"""The pages of Xtremepush about push notifications, web push notifications, inbox messages and e-mails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from call_pages import optimove_calls
from call_pages.lost_responses import ONE_CONNECTION
from call_pages.steps import Call, Chapter, Control, Page, Place, Step, Until
from call_pages.xtremepush import ACCOUNT_WEBHOOKS, LIMITS, RESULTS, list_body, message_event, profiles, status

_BATCH, _TRIGGER_BATCH = "7001-{channel}-0", "trigger-1"
_OPENED, _FAILED, _OPTED_OUT = "delivered, opened", "undelivered after 3 s", "delivered, replies STOP"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Type:
    """What the pages of one type of messages have of their own.

    `flags` are those of its campaigns, `place` is where their content is, and `content` is that of the template.
    `imports` are the columns of an import before the send, with the customer's own value after the id, if any.
    `audience` and `people` are the customers: the first is due a message, opens it and, if anyone can, opts out.
    """

    name: str
    title: str
    channels: tuple[int, int]
    flags: Sequence[str]
    place: str
    content: Mapping[str, str]
    names: Sequence[str]
    asked: str
    consent: str
    opt_in: str
    opt_out: str
    audience: Mapping[str, object]
    people: Sequence[Mapping[str, object]]
    story: str
    sending: str
    imports: Sequence[str] = ()
    targets: Sequence[str] = ()
    totals: Mapping[int, int] = field(default_factory=dict)
    recipients: Sequence[str]
    proofs: tuple[str, str]

    @property
    def slug(self) -> str:
        """The name in file names."""
        return self.name.replace("_", "-")


def _person(name: str, outcome: str = "", **group: str) -> dict[str, object]:
    reached: dict[str, object] = {"protection": "none", "attributes": {"FIRST_NAME": name}, **group}
    return reached | ({"outcome": outcome} if outcome else {})


def _people(group: str, without: str) -> tuple[dict[str, object], ...]:
    """Return six customers with one device, browser or address each, but for Dana, Emre and Finn."""
    return (
        _person("Anna", _OPENED, **{group: "one"}),
        _person("Ben", _FAILED, **{group: "one"}),
        _person("Cleo", _OPTED_OUT, **{group: "one"}),
        _person("Dana", **{group: "no_consent"}),
        _person("Emre", **{group: "unsubscribed"}),
        _person("Finn", **{group: without}),
    )


_USERS = (
    "The user's id at Xtremepush is the customer's id at Optimove, or the value of `user_id_attribute` of the handover "
    "file. No phone number is needed: a customer without one gets the message."
)
_UNREACHABLE = (
    "Dana has no consent: Dana gets nothing, and counts as dropped. You cannot know that Emre has switched off "
    "notifications, and that Finn has no {thing}: Xtremepush sends them nothing, and `list/message` has no row for "
    "them 10 minutes later. Count them as dropped, too."
)
_IMPORTED = (
    "A user who never opened the app has no profile until you import one, with `user_id` as the only column. We assume "
    "that the inbox accepts such a user."
)
_ADDRESSES = (
    "Addresses come as the client's records have them, some with capitals, or with spaces around them. These make no "
    "difference. A customer without a valid address gets no message, and counts as dropped."
)
_TOTALS = {0: 3, 1: 2, 2: 1, 4: 1, 5: 3, 9: 1}

PUSH = _Type(
    name="push",
    title="push notifications",
    channels=(506, 266),
    flags=("ios_push", "android_push"),
    place="`1` (iOS) and `2` (Android). A campaign for one platform has one of them",
    content={"heading": "{{FIRST_NAME}}, spring is here", "body": "Look at what is new, {{FIRST_NAME}}."},
    names=("PUSH_OPT_IN", "FIRST_NAME"),
    asked=optimove_calls.ASKED_CONSENT,
    consent="push_consent",
    opt_in="PUSH_OPT_IN",
    opt_out="notifications switched off",
    audience={"devices": {}},
    people=_people("devices", "none"),
    story="Three get a message. Dana has no consent, Emre has switched off notifications, and Finn has no device.",
    sending=_UNREACHABLE.format(thing="device"),
    targets=("Anna", "Ben", "Cleo", "", "Emre", "Finn"),
    totals=_TOTALS,
    recipients=(
        f"A push notification goes to the user, on each device that accepts notifications. {_USERS}",
        "The app registers its devices itself, so import nothing. A token in Optimove may be out of date: ignore it.",
    ),
    proofs=("scenarios/push/campaign.yaml", "scenarios/push/triggered.yaml"),
)
WEB_PUSH = _Type(
    name="web_push",
    title="web push notifications",
    channels=(512, 267),
    flags=("web_push",),
    place="`3`",
    content={"heading": "{{FIRST_NAME}}, spring is here", "body": "Look at what is new, {{FIRST_NAME}}."},
    names=("WEB_PUSH_OPT_IN", "FIRST_NAME"),
    asked=optimove_calls.ASKED_CONSENT,
    consent="web_push_consent",
    opt_in="WEB_PUSH_OPT_IN",
    opt_out="notifications switched off in the browser",
    audience={"browsers": {}},
    people=_people("browsers", "none"),
    story="Three get a message. Dana has no consent, Emre has switched off notifications, and Finn has no browser that "
    "subscribed.",
    sending=_UNREACHABLE.format(thing="browser that subscribed"),
    targets=("Anna", "Ben", "Cleo", "", "Emre", "Finn"),
    totals=_TOTALS,
    recipients=(
        f"A web push notification goes to the user, in each browser that subscribed. {_USERS}",
        "The website registers its browsers itself, so import nothing.",
    ),
    proofs=("scenarios/push/every_type.yaml", "scenarios/push/web_triggered.yaml"),
)
INBOX = _Type(
    name="inbox",
    title="inbox messages",
    channels=(511, 268),
    flags=("inbox",),
    place="`6`",
    content={"heading": "Spring is here", "body": "{{FIRST_NAME}}, look at what is new."},
    names=("FIRST_NAME",),
    asked="",
    consent="",
    opt_in="",
    opt_out="",
    audience={},
    people=(_person("Anna", _OPENED), _person("Ben", _FAILED), _person("Cleo")),
    story="All of them get a message: an inbox message needs neither a device nor consent.",
    sending="Every customer gets the message.",
    imports=("user_id",),
    targets=("Anna", "Ben", "Cleo"),
    totals={0: 3, 1: 2, 2: 1, 5: 0, 9: 1},
    recipients=(
        f"An inbox message goes to the profile of the user, who reads it in the app or on the website. {_USERS}",
        _IMPORTED,
    ),
    proofs=("scenarios/push/every_type.yaml", "scenarios/push/web_triggered.yaml"),
)
EMAIL = _Type(
    name="email",
    title="e-mails",
    channels=(504, 264),
    flags=("email",),
    place="`7`, with `subject` and `html` in `email`",
    content={"heading": "{{FIRST_NAME}}, spring is here", "body": "<p>Look at what is new, {{FIRST_NAME}}.</p>"},
    names=("EMAIL", "EMAIL_OPT_IN", "FIRST_NAME"),
    asked=f"the e-mail address, for {optimove_calls.ASKED_CONSENT}",
    consent="email_consent",
    opt_in="EMAIL_OPT_IN",
    opt_out="unsubscribed by the link",
    audience={"addresses": {}},
    people=_people("address", "unusable"),
    story="Three get a message. Dana has no consent, Emre has unsubscribed at the provider, and Finn has no usable "
    "address.",
    sending="Dana has no consent and Finn has no usable address; they get nothing, and count as dropped, as does Emre, "
    "who is not subscribed.",
    imports=("user_id", "email", "email_subscription"),
    targets=("Anna", "Ben", "Cleo"),
    totals=_TOTALS,
    recipients=(
        _ADDRESSES,
        _USERS,
    ),
    proofs=("scenarios/email/mailing.yaml", "scenarios/email/basket_mail.yaml"),
)


def _user(position: int) -> str:
    return f"C{position:07d}"


def _targets(type_: _Type) -> dict[str, str]:
    return {_user(position): name for position, name in enumerate(type_.targets) if name}


def _account(type_: _Type) -> tuple[Step, ...]:
    template = {"title": optimove_calls.TITLE, "message": type_.name, **type_.content}
    return (Control("POST", "/providers/xtremepush/templates", [template]), ACCOUNT_WEBHOOKS)


def _templates(type_: _Type) -> tuple[Call, ...]:
    flags = " or ".join(f"`{flag}`" for flag in type_.flags)
    return (
        Call(
            title="List the campaigns that serve as templates",
            why=f"At Xtremepush, a template is a campaign that the API may execute (`trigger` 3) and that has {flags}.",
            service="xtremepush",
            method="POST",
            path="/api/external/list/campaign",
            json=list_body([["trigger", "=", 3], ["sms", "=", 0]]),
            keeps={"template": ("data", 0, "id")},
            note=f"Leave out those without {flags}. Read on with `offset` until a page is shorter than `limit`. A "
            "failure has `success: false` and a `code`.",
        ),
        Call(
            title="Read the content of each",
            why=f"The content is in `messages`, under the message type {type_.place}. You need the names in it.",
            service="xtremepush",
            method="POST",
            path="/api/external/info/campaign",
            json={"id": "<<template>>"},
            note="A placeholder is `{{NAME}}`, and its name is that of a customer attribute.",
        ),
    )


def _execute(users: Mapping[str, str], batch: str) -> Call:
    return Call(
        title="Send",
        why="Xtremepush fills in the content with the values in `target_with_params`.",
        service="xtremepush",
        method="POST",
        path="/api/external/execute/campaign",
        json={
            "id": "<<template>>",
            "target_by": "user_id",
            "target_with_params": {user: {"FIRST_NAME": name} for user, name in users.items()},
            "params": {"external_message_id": batch},
        },
        note="Success does not mean that a message exists: it comes later, with the results. An empty value must be an "
        "empty text: if the name is absent everywhere, no message goes out. `external_message_id` comes back in each "
        "webhook. After a timeout, or a restart in the middle of the call, wait a moment and look in `list/message` "
        "before you repeat the call: otherwise customers get the message twice. The messages of a call exist only "
        "after its response, so an earlier look finds nothing. " + ONE_CONNECTION,
    )


def _sending(type_: _Type, users: Mapping[str, str], others: Sequence[str], batch: str) -> list[Step]:
    """Return the calls that send, after an import for types that need one; `others` are only looked up."""
    send = _execute(users, batch)
    if not type_.imports:
        return [send]
    if type_.name == INBOX.name:
        why = "A user who is not listed is not known yet."
        imported = _import(type_, [[user] for user in users], "Import the unknown users", "So that they have an inbox.")
        return [profiles([*users, *others], why=why, note="At most 200 ids in one `IN`."), imported, send]
    why = (
        "A user with `email_subscription` 0 has unsubscribed. Leave them out: the import of the next step would "
        "subscribe them again."
    )
    rows = [[user, f"<<address_of_{user}>>", 1] for user in users]
    store = "Xtremepush sends to the address of the profile. Import those that are new or changed."
    return [profiles([*users, *others], why=why), _import(type_, rows, "Store the addresses", store), send]


def _import(type_: _Type, rows: Sequence[Sequence[object]], title: str, why: str) -> Call:
    return Call(
        title=title,
        why=why,
        service="xtremepush",
        method="POST",
        path="/api/external/import/profile",
        json={"columns": list(type_.imports), "rows": rows},
        note="At most 99 rows: a larger import is answered with 202 and is done later, so a send at once would come "
        "too early.",
    )


def _page(type_: _Type, kind: str, steps: Sequence[Step], people: Sequence[Mapping[str, object]]) -> Page:
    is_scheduled = kind == "scheduled"
    words = f"Scheduled {type_.title}" if is_scheduled else f"Triggered {type_.title}"
    return Page(
        name=f"{kind}-xtremepush-{type_.slug}",
        title=f"{words} with Xtremepush",
        kind=kind,
        provider="xtremepush",
        provider_title="Xtremepush",
        channel=type_.channels[0 if is_scheduled else 1],
        country="GB",
        people=people,
        steps=steps,
        limits=LIMITS,
        proof=type_.proofs[0 if is_scheduled else 1],
        message=type_.name,
        audience=type_.audience,
        consent=type_.consent,
        recipients=type_.recipients,
    )


def _results(type_: _Type, ending: int) -> list[Step]:
    """Return the events of the customers of a scheduled page."""
    opened = "Opened counts as metric 2, once for each message. `message_click` of an e-mail counts as metric 3."
    steps: list[Step] = [
        Chapter("Results arrive", RESULTS),
        message_event("message_delivery", _user(0), "delivered", "Ignore `message_send`, but answer it."),
        message_event("message_open", _user(0), "opened", opened),
        message_event("message_error", _user(1), "not delivered", "Not delivered counts as bounced."),
    ]
    if type_.opt_out:
        note = "Report the opt-out to Optimove, for the channel of this type only: the customer may still want SMS."
        steps.append(message_event("message_unsubscribe", _user(ending), type_.opt_out, note))
    return [*steps, status(_user(0))]


def _scheduled(type_: _Type) -> Page:
    channel = type_.channels[0]
    is_email = type_.name == EMAIL.name
    others = [_user(4)] if is_email else []
    keeps: Mapping[str, Place] = {
        f"address_of_{_user(row)}": (row, "CustomerAttributes", 0) for row in range(3) if is_email
    }
    steps = (
        *_account(type_),
        *optimove_calls.set_up("scheduled", channel, _templates(type_), optimove_calls.TITLE),
        *optimove_calls.announcement(
            channel, len(type_.people), type_.names, story=type_.story, asked=type_.asked, keeps=keeps
        ),
        Until(optimove_calls.SEND_AT),
        Chapter("Send at 09:00 UTC", f"Send at `ScheduledTime`, neither earlier nor later. {type_.sending}"),
        *_sending(type_, _targets(type_), others, _BATCH.format(channel=channel)),
        Until("2026-03-02T09:12:00Z"),
        *_results(type_, 2),
        *_reports(type_, "scheduled", type_.totals, [_user(0), _user(2)]),
    )
    return _page(type_, "scheduled", steps, type_.people)


def _reports(type_: _Type, kind: str, totals: Mapping[int, int], delivered: Sequence[str]) -> list[Step]:
    channel = type_.channels[0 if kind == "scheduled" else 1]
    what = "2 opened, 4 unsubscribed" if type_.opt_in else "2 opened"
    return optimove_calls.reports(kind, channel, totals, delivered, what=what, opt_in=type_.opt_in)


def _triggered(type_: _Type) -> Page:
    channel = type_.channels[1]
    keeps: Mapping[str, Place] = {f"address_of_{_user(0)}": (0, "Value")} if type_.name == EMAIL.name else {}
    steps = (
        *_account(type_),
        *optimove_calls.set_up("triggered", channel, _templates(type_), optimove_calls.TITLE),
        *optimove_calls.trigger(channel, optimove_calls.TITLE, keeps),
        Chapter("Send at once", "The message goes out now."),
        *_sending(type_, {_user(0): "Anna"}, [], _TRIGGER_BATCH),
        Until("2026-03-02T06:45:00Z"),
        Chapter("Results arrive", RESULTS),
        message_event("message_delivery", _user(0), "delivered", "Ignore `message_send`, but answer it."),
        message_event("message_open", _user(0), "opened", "Opened counts as metric 2, once for each message."),
        status(_user(0)),
        *optimove_calls.reports(
            "triggered", channel, {0: 1, 1: 1, 2: 1, 5: 0, 9: 0}, [_user(0)], what="2 opened", opt_in=""
        ),
    )
    return _page(type_, "triggered", steps, type_.people[:1])


PAGES: tuple[Page, ...] = tuple(
    page(type_) for type_ in (PUSH, WEB_PUSH, INBOX, EMAIL) for page in (_scheduled, _triggered)
)
