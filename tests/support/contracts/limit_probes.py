"""One probe for each limit in `x-limits`: a real request that uses exactly `n` of what is limited.

A probe returns True if the simulator accepts the request, or returns as many rows.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from local_simulators import MAIL, LocalSandbox

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# 2026-03-02T09:00:00Z, the start of each sandbox, and the midnight after it in India.
NOW = 1_772_442_000
INDIAN_MIDNIGHT = NOW + 15 * 3600 - 5 * 3600 - 1800
NOWHERE = "http://127.0.0.1:9/callback"

Accepts = Callable[[LocalSandbox, str, int], bool]


@dataclass(frozen=True)
class Probe:
    """A probe, and the number that replaces the one in the contract. Options get the next higher numbers."""

    number: int
    accepts: Accepts
    dialects: Mapping[str, str] | None = None


# -- all services ------------------------------------------------------------------------------------


def body_is_accepted(sandbox: LocalSandbox, service: str, length: int) -> bool:
    """Send a body of `length` bytes, which is invalid in any other way."""
    return sandbox.send(service, "POST", "/", (), b"x" * length).status != 413


def requests_are_accepted(sandbox: LocalSandbox, service: str, count: int) -> bool:
    """Send `count` requests at the same instant."""
    requests: Mapping[str, Callable[[], int]] = {
        "optimove": lambda: sandbox.optimove("general/GetLastDataUpdate").status,
        "textlocal": lambda: sandbox.send("textlocal", "GET", "/balance").status,
        "xtremepush": lambda: sandbox.xtremepush("list/campaign").status,
    }
    return {requests[service]() for _ in range(count)} == {200}


# -- Optimove ----------------------------------------------------------------------------------------


def page_is_full(sandbox: LocalSandbox, operation: str, rows: int) -> bool:
    """Request a page of this number of rows."""
    functions: Mapping[str, Mapping[str, object]] = {
        "GetCustomerSendDetailsByChannel": {"CampaignID": 7001, "ChannelID": 505},
        "GetProcessedCampaignCustomers": {"CampaignID": 7002},
        "GetCanceledCampaignCustomers": {"CampaignID": 7003},
        "GetCampaignInteractionCustomers": {"ChannelID": 505, "Date": "2026-03-02", "EventID": 0},
        "GetCustomerAttributeChangers": {"ChangedCustomerAttribute": "CITY"},
        "GetCustomerOneTimeActionsByDate": {"Date": "2026-03-02"},
    }
    if "channel_templates" not in sandbox.prepared:
        add_campaigns(sandbox)
    query = functions.get(operation, {"CampaignID": 7001})
    reply = sandbox.optimove(f"customers/{operation}", S_top=rows, **query)
    return reply.status == 200 and len(reply.json) == rows


def add_campaigns(sandbox: LocalSandbox) -> None:
    """Add an announced, a held and a cancelled campaign of ten customers, interactions, and changed attributes."""
    sandbox.prepared.add("channel_templates")
    sandbox.control("POST", "/providers/textlocal/templates", [{"title": "Offer", "body": "Hi"}])
    templates = [{"TemplateID": 1, "TemplateName": "Offer"}]
    sandbox.send("optimove", "POST", "/current/integrations/AddChannelTemplates", {"ChannelID": 505}, templates)
    splits = [{"share": 1, "template": "Offer", "send_at": "2026-03-05T09:00:00Z"}]
    for campaign, more in (7001, {}), (7002, {"conditional": {"clearance_by": "2026-03-04T09:00:00Z"}}), (7003, {}):
        plan = {"campaign": campaign, "channel": 505, "customers": 10, "splits": splits, **more}
        sandbox.control("POST", "/campaigns", plan)
    sandbox.wait(1_000)
    customers = [row["CustomerID"] for row in send_details(sandbox)]
    interactions = {"CampaignID": 7001, "ChannelID": 505, "TemplateID": 1, "EventID": 0}
    body = {**interactions, "InteractionDate": "2026-03-02", "CustomerIDs": customers}
    sandbox.optimove("integrations/UpdateCampaignInteractions", body)
    for customer in customers:
        change_city(sandbox, customer)
    sandbox.wait(MINUTE)
    sandbox.control("POST", "/campaigns/7003/cancel")


def send_details(sandbox: LocalSandbox) -> list[dict[str, object]]:
    """Return up to ten recipients of campaign 7001, whatever the largest page is."""
    pages = (
        sandbox.optimove(
            "customers/GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=505, S_skip=skip, S_top=1
        )
        for skip in range(10)
    )
    return [row for page in pages if page.status == 200 for row in page.json]


def change_city(sandbox: LocalSandbox, *customers: str) -> int:
    """Change an attribute of customers, which takes half a minute; return the status."""
    attributes = [{"RealFieldName": "CITY", "Value": "Elsewhere"}]
    items = [{"CustomerID": customer, "Attributes": attributes} for customer in customers]
    return sandbox.optimove("customers/UpdateCustomerAttributes", {"CustomerNewAttributesValuesList": items}).status


def cancelled_is_readable(sandbox: LocalSandbox, operation: str, hours: int) -> bool:
    """Read a campaign this number of hours after it was cancelled."""
    add_campaigns(sandbox)
    sandbox.wait(hours * HOUR)
    return sandbox.optimove(f"customers/{operation}", CampaignID=7003).status == 200


def change_is_listed(sandbox: LocalSandbox, operation: str, hours: int) -> bool:
    """List changes just before this number of hours after a change."""
    change_city(sandbox, "C0000001")
    sandbox.wait(MINUTE // 2 + hours * HOUR - 1)
    reply = sandbox.optimove(f"customers/{operation}", ChangedCustomerAttribute="CITY")
    return len(reply.json) == 1


def attributes_are_added(sandbox: LocalSandbox, operation: str, count: int) -> bool:
    """Add this number of attributes."""
    for number in range(count):
        body = {"Name": f"NEW_{number}", "Type": "INT", "CallbackURL": NOWHERE}
        assert sandbox.optimove(f"customers/{operation}", body).status == 200
        sandbox.wait(MINUTE)
    return len(sandbox.entries("attribute")) == count


def text_type_is_accepted(sandbox: LocalSandbox, operation: str, length: int) -> bool:
    """Add an attribute with a text type of this length."""
    body = {"Name": "NEW", "Type": f"NVARCHAR({length})", "CallbackURL": NOWHERE}
    assert sandbox.optimove(f"customers/{operation}", body).status == 200
    sandbox.wait(MINUTE)
    return len(sandbox.entries("attribute")) == 1


def update_is_accepted(sandbox: LocalSandbox, operation: str, customers: int) -> bool:
    """Update this number of customers in one call."""
    return change_city(sandbox, *(f"C{number:07}" for number in range(1, customers + 1))) == 200


def token_is_valid(sandbox: LocalSandbox, operation: str, minutes: int) -> bool:
    """Use a token just before this number of minutes after the login."""
    credentials = sandbox.credentials("optimove")
    login = {"Username": credentials["username"], "Password": credentials["password"]}
    token = sandbox.optimove("general/login", login).json
    sandbox.wait(minutes * MINUTE - 1)
    headers = {"authorization-token": token}
    reply = sandbox.simulators.send("GET", "/optimove/current/general/GetLastDataUpdate", "", headers, b"")
    return reply.status == 200


def event_is_saved(sandbox: LocalSandbox, operation: str, days: int) -> bool:
    """Report an event that is this number of days old."""
    at = datetime.fromtimestamp(NOW, UTC) - timedelta(days=days)
    event = {"event": "delivered", "category": "metric", "customer": "C0000001", "context": {}}
    body = {**event, "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}Z"}
    return sandbox.send("optimove-metrics", "POST", "/api/saveEvent", (), body).status == 200


# -- Textlocal ---------------------------------------------------------------------------------------


def numbers(count: int) -> list[str]:
    """Return this number of different UK numbers that get messages."""
    return [f"4475550{number:03}00" for number in range(count)]


def succeeds(reply: Mapping[str, object]) -> bool:
    """Return True for a successful command."""
    return reply["status"] == "success"


def numbers_are_accepted(sandbox: LocalSandbox, operation: str, count: int) -> bool:
    """Name this number of numbers in one call."""
    more = {} if "contacts" in operation else {"message": "Hi"}
    return succeeds(sandbox.textlocal(operation, numbers=",".join(numbers(count)), **more))


def text_is_accepted(sandbox: LocalSandbox, operation: str, length: int) -> bool:
    """Send a text of this length."""
    sender, text = allow_indian_texts(sandbox), "x" * length
    if operation.startswith("send"):
        return succeeds(sandbox.textlocal(operation, numbers=numbers(1)[0], message=text, sender=sender))
    return bulk_is_accepted(sandbox, operation, 1, text=text, sender=sender)


def allow_indian_texts(sandbox: LocalSandbox) -> str:
    """Approve all texts and some senders, as India needs it, and return the sender of the right length."""
    if "india" not in sandbox.prepared:
        sandbox.prepared.add("india")
        body = '%%|text^{"inputtype":"text","maxlength":"2000"}%%'
        sandbox.control("POST", "/providers/textlocal/templates", [{"title": "Any text", "body": body}])
        names = ["A" * length for length in range(1, 12)]
        sandbox.control("PUT", "/providers/textlocal/settings", {"default_sender": "AAAAAA", "sender_names": names})
    return "A" * (5 if sandbox.simulators.is_changed else 6)


def bulk_is_accepted(sandbox: LocalSandbox, operation: str, count: int, text: str = "Hi", **fields: object) -> bool:
    """Send this number of messages in one call."""
    data = {"messages": [{"number": number, "text": text} for number in numbers(count)], **fields}
    reply = sandbox.textlocal(operation, data=encoded(data))
    return succeeds(reply) and not reply["messages_not_sent"]


def contacts_are_accepted(sandbox: LocalSandbox, operation: str, count: int) -> bool:
    """Add this number of contacts in one call."""
    return succeeds(sandbox.textlocal(operation, contacts=encoded([{"number": n} for n in numbers(count)])))


def validity_is_accepted(sandbox: LocalSandbox, operation: str, hours: int) -> bool:
    """Let a message expire after this number of hours."""
    return succeeds(
        sandbox.textlocal(operation, numbers=numbers(1)[0], message="Hi", validity=NOW + hours * HOUR // 1000)
    )


def time_is_accepted(sandbox: LocalSandbox, operation: str, seconds: int) -> bool:
    """Schedule a message for a Unix time."""
    sender = allow_indian_texts(sandbox)
    if operation.startswith("bulk"):
        return bulk_is_accepted(sandbox, operation, 1, sender=sender, schedule_time=seconds)
    fields = {"numbers": numbers(1)[0], "message": "Hi", "sender": sender, "schedule_time": seconds}
    return succeeds(sandbox.textlocal(operation, **fields))


def sender_is_accepted(sandbox: LocalSandbox, sender: str) -> bool:
    """Send with this sender."""
    allow_indian_texts(sandbox)
    return succeeds(sandbox.textlocal("send", numbers=numbers(1)[0], message="Hi", sender=sender))


def message_is_listed(sandbox: LocalSandbox, operation: str, days: int) -> bool:
    """List messages this number of days after one was sent, and its reply arrived."""
    replies_stop = "447555000040"
    group = sandbox.textlocal("create_group", name="Group")["group"]["id"]
    sandbox.textlocal("create_contacts", numbers=replies_stop, group_id=group)
    to = {"group_id": group} if "group" in operation else {"numbers": replies_stop}
    assert succeeds(sandbox.textlocal("send", message="Hi", **to))
    sandbox.wait(days * DAY)
    fields = {"inbox_id": 10} if "messages" in operation else {}
    return len(sandbox.textlocal(operation, **fields)["messages"]) == 1


def opt_outs_are_listed(sandbox: LocalSandbox, operation: str, rows: int) -> bool:
    """List opt-outs; there are more."""
    for number in numbers(rows + 1):
        sandbox.textlocal("create_contacts", numbers=number, group_id=6)
    return len(sandbox.textlocal(operation)["contacts"]) >= rows


# -- Delivyr and Xtremepush --------------------------------------------------------------------------


def long_text_is_accepted(sandbox: LocalSandbox, operation: str, length: int) -> bool:
    """Send a text of this length."""
    return sandbox.delivyr(variables={"TEXT": "x" * length}).status == 200


def override_is_accepted(sandbox: LocalSandbox, operation: str, length: int) -> bool:
    """Set an expression of this length."""
    path = f"/control/sandboxes/{sandbox.made['sandbox']}/providers/delivyr/settings"
    body = encoded({"overrides": f'"{"x" * (length - 2)}"'}).encode()
    return sandbox.simulators.send("PUT", path, "", {"content-type": "application/json"}, body).status == 200


def mail_is_accepted(sandbox: LocalSandbox, operation: str, length: int) -> bool:
    """Submit a mail of this length."""
    return sandbox.smtp(content=MAIL.ljust(length, "x")).status == 200


def targets_are_accepted(sandbox: LocalSandbox, operation: str, count: int) -> bool:
    """Execute a campaign for this number of targets."""
    if "campaign" not in sandbox.prepared:
        sandbox.prepared.add("campaign")
        sandbox.control("POST", "/providers/xtremepush/templates", [{"id": 5, "title": "Offer", "body": "Hi"}])
    target = [f"C{number:07}" for number in range(count)]
    return sandbox.xtremepush("execute/campaign", id=5, target=target, target_by="user_id").status == 200


def rows_are_imported_at_once(sandbox: LocalSandbox, operation: str, count: int) -> bool:
    """Import this number of rows; more than the limit become a task."""
    rows = [[f"U{number}"] for number in range(count)]
    return sandbox.xtremepush("import/profile", columns=["user_id"], rows=rows).status == 200


def row_errors_are_listed(sandbox: LocalSandbox, operation: str, count: int) -> bool:
    """Import this number of rows without a user."""
    reply = sandbox.xtremepush("import/profile", columns=["user_id"], rows=[[""]] * count)
    return len(reply.json["errors"]) == count


def encoded(value: object) -> str:
    """Return JSON."""
    return json.dumps(value)


PROBES: Mapping[tuple[str, str], Probe] = {
    **{
        (service, "body"): Probe(4_000, body_is_accepted)
        for service in ("optimove", "textlocal", "delivyr", "xtremepush", "smtp")
    },
    **{(service, "requests"): Probe(3, requests_are_accepted) for service in ("optimove", "textlocal", "xtremepush")},
    ("optimove", "unused token"): Probe(5, token_is_valid, {"optimove__password_login": "accepted"}),
    ("optimove", "rows per page"): Probe(3, page_is_full),
    ("optimove", "age of the cancellation"): Probe(1, cancelled_is_readable),
    ("optimove", "age of the change"): Probe(3, change_is_listed),
    ("optimove", "attributes added by API"): Probe(2, attributes_are_added),
    ("optimove", "length of a text type"): Probe(20, text_type_is_accepted),
    ("optimove", "customers"): Probe(3, update_is_accepted),
    ("optimove-metrics", "age of the timestamp"): Probe(3, event_is_saved),
    ("textlocal", "numbers"): Probe(3, numbers_are_accepted),
    ("textlocal", "messages"): Probe(4, bulk_is_accepted),
    ("textlocal", "contacts"): Probe(2, contacts_are_accepted),
    ("textlocal", "message characters"): Probe(30, text_is_accepted),
    ("textlocal", "validity"): Probe(5, validity_is_accepted),
    ("textlocal", "schedule notice"): Probe(
        30, lambda sandbox, operation, minutes: time_is_accepted(sandbox, operation, NOW + 60 * minutes)
    ),
    ("textlocal", "schedule ahead"): Probe(
        2, lambda sandbox, operation, days: time_is_accepted(sandbox, operation, NOW + 86_400 * days)
    ),
    ("textlocal", "age of a message"): Probe(1, message_is_listed, {"textlocal__histories": "kind"}),
    ("textlocal", "rows"): Probe(3, opt_outs_are_listed),
    ("textlocal", "first hour of a text"): Probe(
        10, lambda sandbox, _, hour: time_is_accepted(sandbox, "send", INDIAN_MIDNIGHT + hour * 3600)
    ),
    ("textlocal", "last hour of a text"): Probe(
        20, lambda sandbox, _, hour: time_is_accepted(sandbox, "send", INDIAN_MIDNIGHT + hour * 3600 - 1)
    ),
    ("textlocal", "least characters of a sender"): Probe(
        5, lambda sandbox, _, length: sender_is_accepted(sandbox, "A" * length)
    ),
    ("textlocal", "characters of a sender"): Probe(
        8, lambda sandbox, _, length: sender_is_accepted(sandbox, "A" * length)
    ),
    ("textlocal", "digits of a sender"): Probe(
        12, lambda sandbox, _, length: sender_is_accepted(sandbox, "1" * length)
    ),
    ("textlocal", "letters of a sender"): Probe(
        5, lambda sandbox, _, length: sender_is_accepted(sandbox, "A" * length)
    ),
    ("delivyr", "text"): Probe(50, long_text_is_accepted),
    ("delivyr", "triggered override"): Probe(50, override_is_accepted),
    ("smtp", "message"): Probe(2_000, mail_is_accepted),
    ("xtremepush", "targets"): Probe(3, targets_are_accepted),
    ("xtremepush", "rows imported at once"): Probe(10, rows_are_imported_at_once),
    ("xtremepush", "errors of rows in a response"): Probe(3, row_errors_are_listed),
}
# Limits of the whole service, whose probe needs to know which service it is.
BY_SERVICE = frozenset({"body", "requests"})
# Probes that change what later requests of the same sandbox meet.
FRESH = frozenset(
    {
        "requests", "unused token", "age of the cancellation", "age of the change", "attributes added by API",
        "length of a text type", "age of a message", "age of the timestamp", "rows", "letters of a sender",
    }
)  # fmt: skip
