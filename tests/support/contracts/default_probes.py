"""One probe for each default in the contracts: a request that can leave the parameter or member out.

A probe sends its request with `fields`, and returns what shows the effect of the parameter.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from limit_probes import MINUTE, add_campaigns, bulk_is_accepted, encoded, numbers
from local_simulators import MAIL, LocalSandbox

Observe = Callable[[LocalSandbox, Mapping[str, object]], object]


@dataclass(frozen=True)
class DefaultProbe:
    """A probe, the parameter's name, and the value that replaces the default in the contract."""

    name: str
    value: object
    observe: Observe
    dialects: Mapping[str, str] | None = None


# -- Optimove ----------------------------------------------------------------------------------------


def customers_of_page(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the customers in a page of send details."""
    add_campaigns(sandbox)
    query = {"CampaignID": 7001, "ChannelID": 505, **fields}
    reply = sandbox.send("optimove", "GET", "/current/customers/GetCustomerSendDetailsByChannel", query)
    return [row["CustomerID"] for row in reply.json]


def joined_attributes(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return two attributes of each customer, in one text."""
    add_campaigns(sandbox)
    query = {"CampaignID": 7001, "ChannelID": 505, "CustomerAttributes": "CITY;COUNTRY", **fields}
    return sandbox.send("optimove", "GET", "/current/customers/GetCustomerSendDetailsByChannel", query).json


def members_of_row(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the names in a row of a campaign."""
    add_campaigns(sandbox)
    query = {"CampaignID": 7001, **fields}
    return list(sandbox.send("optimove", "GET", "/current/customers/GetCustomerSendDetailsByCampaign", query).json[0])


def groups_of_customers(sandbox: LocalSandbox, fields: Mapping[str, object], function: str) -> object:
    """Return the groups of the customers of a campaign with a control group."""
    add_campaigns(sandbox)
    splits = [{"share": 1, "template": "Offer", "send_at": "2026-03-05T09:00:00Z"}]
    plan = {"campaign": 7004, "channel": 505, "customers": 20, "splits": splits, "control_group": 0.5}
    sandbox.control("POST", "/campaigns", plan)
    sandbox.wait(1_000)
    query = {"Date": "2026-03-02"} if function.endswith("ByDate") else {"CampaignID": 7004}
    rows = sandbox.send("optimove", "GET", f"/current/customers/{function}", {**query, **fields}).json
    return {row["ActionID"] for row in rows}


def group_of_interaction(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the groups of all reported interactions."""
    add_campaigns(sandbox)
    members = {"CampaignID": 7001, "ChannelID": 505, "TemplateID": 1, "EventID": 1, "InteractionDate": "2026-03-02"}
    sandbox.optimove("integrations/UpdateCampaignInteractions", {**members, "CustomerIDs": ["C0000001"], **fields})
    period = {"StartDate": "2026-03-02", "EndDate": "2026-03-02", "CustomerID": "C0000001"}
    rows = sandbox.optimove("customers/GetCustomerChannelInteractions", **period).json
    return [row["RecipientGroupID"] for row in rows if row["EventID"] == 1]


# -- Textlocal ---------------------------------------------------------------------------------------


def sent(sandbox: LocalSandbox, fields: Mapping[str, object], message: str = "Hi") -> object:
    """Return the response to a send to one number, without its ids."""
    reply = sandbox.textlocal("send", numbers=numbers(1)[0], message=message, **fields)
    return {name: value for name, value in reply.items() if name not in {"batch_id", "messages"}}


def format_of_balance(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the text of a response."""
    return sandbox.send("textlocal", "GET", "/balance", fields).body


def messages_to_opt_out(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the number of messages of a send to two numbers; one opted out."""
    sandbox.textlocal("create_contacts", numbers=numbers(1)[0], group_id=6)
    return sandbox.textlocal("send", numbers=",".join(numbers(2)), message="Hi", **fields)["num_messages"]


def history(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the numbers in the history, after three sends."""
    for number in numbers(3):
        sandbox.textlocal("send", numbers=number, message="Hi")
        sandbox.wait(MINUTE)
    return [row["number"] for row in sandbox.textlocal("get_history_api", **fields)["messages"]]


def inbox(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the numbers in the inbox, after replies from the higher number first."""
    for number in ("447555000240", "447555000140"):
        sandbox.textlocal("send", numbers=number, message="Hi")
        sandbox.wait(2 * MINUTE)
    return [row["number"] for row in sandbox.textlocal("get_messages", inbox_id=10, **fields)["messages"]]


def contacts(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the contacts of a group with three."""
    sandbox.textlocal("create_contacts", numbers=",".join(numbers(3)), group_id=5)
    return sandbox.textlocal("get_contacts", group_id=5, **fields)["contacts"]


def group_of_contact(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the group that gets a contact."""
    return sandbox.textlocal("create_contacts", numbers=numbers(1)[0], **fields)["group_id"]


def bulk_cost(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return whether a bulk send is a test, and its cost."""
    assert bulk_is_accepted(sandbox, "bulk_json", 1)
    data = encoded({"messages": [{"number": numbers(1)[0], "text": "x" * 100}], **fields})
    reply = sandbox.textlocal("bulk_json", data=data)
    return reply.get("test"), reply["total_cost"]


# -- Delivyr and Xtremepush --------------------------------------------------------------------------


def log_of_delivyr(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the texts in the Message Log, after three sends."""
    for number in range(3):
        sandbox.delivyr(variables={"TEXT": f"Offer {number}"})
    return [row["text"] for row in sandbox.send("delivyr", "GET", "/messages", fields).json["messages"]]


def status_at_delivyr(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the status of a message."""
    return sandbox.delivyr(variables={"TEXT": "Hi"}, **fields).json["status"]


def text_at_relay(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the status of a mail in base64: it has no sender if it is read as it is."""
    return sandbox.smtp(content=b64encode(MAIL.encode()).decode(), **fields).status


def utf8_at_relay(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the status of a mail whose header is in UTF-8."""
    return sandbox.smtp(content=MAIL.replace("Subject: ", "Subject: é", 1), **fields).status


def listed_campaigns(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the titles of the three campaigns."""
    templates = [{"id": number, "title": f"Offer {number}", "body": "Hi"} for number in (1, 2, 3)]
    sandbox.control("POST", "/providers/xtremepush/templates", templates)
    return [row["title"] for row in sandbox.xtremepush("list/campaign", **fields).json["data"]]


def trigger_of_campaign(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the kind of a new campaign."""
    sandbox.xtremepush("create/campaign", title="Offer", **fields)
    return sandbox.xtremepush("list/campaign", limit=10, offset=0).json["data"][0]["trigger"]


def deliveries(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the numbers of deliveries at once and later of an execution for an unknown user with a number."""
    sandbox.control("POST", "/providers/xtremepush/templates", [{"id": 1, "title": "Offer", "body": "Hi"}])
    target = {"U1": {"mobile_number": "447555000100", "mobile_subscription": 1}}
    call = {"id": 1, "target_by": "user_id", "target_with_params": target}
    sandbox.xtremepush("execute/campaign", **call, **fields)
    at_once = len(sandbox.entries("delivery"))
    sandbox.wait(MINUTE)
    return at_once, len(sandbox.entries("delivery"))


def deliveries_at_once(sandbox: LocalSandbox, fields: Mapping[str, object]) -> object:
    """Return the number of deliveries before time passes, for a user who is known."""
    columns, row = ["user_id", "mobile_number", "sms_subscription"], ["U1", "447555000100", 1]
    sandbox.xtremepush("import/profile", columns=columns, rows=[row])
    sandbox.control("POST", "/providers/xtremepush/templates", [{"id": 1, "title": "Offer", "body": "Hi"}])
    sandbox.xtremepush("execute/campaign", id=1, target_by="user_id", target=["U1"], **fields)
    return len(sandbox.entries("delivery"))


PROBES: Mapping[tuple[str, str], DefaultProbe] = {
    ("optimove", "$top"): DefaultProbe("$top", 2, customers_of_page),
    ("optimove", "$skip"): DefaultProbe("$skip", 3, customers_of_page),
    ("optimove", "CustomerAttributesDelimiter"): DefaultProbe(
        "CustomerAttributesDelimiter", ";", joined_attributes, {"optimove__attributes_shape": "joined"}
    ),
    ("optimove", "GetCustomerSendDetailsByCampaign.IncludeTemplateIDs"): DefaultProbe(
        "IncludeTemplateIDs", True, members_of_row
    ),
    **{
        ("optimove", f"{function}.IncludeControlGroup"): DefaultProbe(
            "IncludeControlGroup", True, partial(groups_of_customers, function=function)
        )
        for function in ("GetCustomerOneTimeActionsByCampaign", "GetCustomerOneTimeActionsByDate")
    },
    ("optimove", "CampaignInteractions.RecipientGroupID"): DefaultProbe("RecipientGroupID", 2, group_of_interaction),
    ("textlocal", "Format"): DefaultProbe("format", "xml", format_of_balance),
    ("textlocal", "OptOuts"): DefaultProbe("optouts", True, messages_to_opt_out),
    ("textlocal", "Unicode"): DefaultProbe("unicode", True, lambda sandbox, fields: sent(sandbox, fields, "x" * 100)),
    ("textlocal", "SimpleReply"): DefaultProbe("simple_reply", True, sent),
    ("textlocal", "TrackingLinks"): DefaultProbe(
        "tracking_links", True, lambda sandbox, fields: sent(sandbox, fields, "See https://example.com/offers")
    ),
    ("textlocal", "Test"): DefaultProbe("test", True, sent),
    ("textlocal", "SortOrder"): DefaultProbe("sort_order", "asc", history),
    ("textlocal", "Start"): DefaultProbe("start", 1, history),
    ("textlocal", "HistoryLimit"): DefaultProbe("limit", 2, history),
    ("textlocal", "ContactLimit"): DefaultProbe("limit", 2, contacts),
    ("textlocal", "GroupIdOrContacts"): DefaultProbe("group_id", 6, group_of_contact),
    ("textlocal", "InboxOrder"): DefaultProbe("sort_order", "desc", inbox),
    ("textlocal", "SortField"): DefaultProbe("sort_field", "number", inbox),
    ("textlocal", "BulkData.test"): DefaultProbe("test", True, bulk_cost),
    ("textlocal", "BulkData.unicode"): DefaultProbe("unicode", True, bulk_cost),
    ("smtp", "Submission.encoding"): DefaultProbe("encoding", "base64", text_at_relay),
    ("smtp", "Submission.smtputf8"): DefaultProbe("smtputf8", True, utf8_at_relay),
    ("delivyr", "Send.testing"): DefaultProbe("testing", True, status_at_delivyr),
    ("delivyr", "listMessages.limit"): DefaultProbe("limit", 2, log_of_delivyr),
    ("xtremepush", "ListCall.limit"): DefaultProbe("limit", 2, listed_campaigns),
    ("xtremepush", "ListCall.offset"): DefaultProbe("offset", 1, listed_campaigns),
    ("xtremepush", "NewCampaign.trigger"): DefaultProbe("trigger", 3, trigger_of_campaign),
    ("xtremepush", "Execution.target_existing_only"): DefaultProbe("target_existing_only", 0, deliveries),
    ("xtremepush", "Execution.async"): DefaultProbe("async", False, deliveries_at_once),
}
