"""The calls at Optimove that every flow needs, and the webhooks that Optimove posts."""

from collections.abc import Mapping, Sequence

from call_pages.player import BRIDGE_URL
from call_pages.steps import Call, Chapter, Control, Place, Step, Until, Webhook

_COUNTS = {3: "three", 6: "six"}
CAMPAIGN, TRIGGERED_CAMPAIGN = 7001, 8001
ANNOUNCED, SEND_AT = "2026-03-02T06:30:00Z", "2026-03-02T09:00:00Z"
TITLE = "Spring welcome"
_EVENTS = {"scheduled": (13, "a campaign is ready"), "triggered": (11, "a customer has met a trigger")}


def set_up(kind: str, channel: int, read_templates: Sequence[Call], name: str) -> list[Step]:
    """Return the calls at the start: templates to Optimove, and a listener. `name` is the template's at Optimove."""
    event, meaning = _EVENTS[kind]
    return [
        Chapter(
            "Set up",
            "Do this at the start, and the part about templates again at least once an hour: providers do not announce "
            "new templates. Repeating these calls changes nothing.",
        ),
        *read_templates,
        Call(
            title="Read the templates that Optimove knows",
            why="Compare by id and name, and then add only what is new or renamed.",
            service="optimove",
            method="GET",
            path="/current/integrations/GetChannelTemplates",
            query={"ChannelID": str(channel)},
            note="An empty list means that the channel has no templates yet. Accept a 404 and an empty body, too.",
        ),
        Call(
            title="Add the templates to the channel",
            why="A marketer can only choose templates that Optimove knows.",
            service="optimove",
            method="POST",
            path="/current/integrations/AddChannelTemplates",
            query={"ChannelID": str(channel)},
            json=[{"TemplateID": "<<template>>", "TemplateName": name}],
            note="At most 100 templates a call. `TemplateID` is a whole number. Delete a template that the provider no "
            "longer has with `POST /current/integrations/DeleteChannelTemplates`, and a list of objects with "
            "`ChannelID` and `TemplateID`.",
        ),
        Call(
            title=f"Register a listener for event {event}",
            why=f"Optimove posts event {event} to this URL when {meaning}. Without a listener, you do not get it.",
            service="optimove",
            method="POST",
            path="/current/general/RegisterEventListener",
            json={"EventTypeID": event, "ChannelID": channel, "ListenerURL": f"{BRIDGE_URL}/events"},
            note="Put a secret into the URL, such as `webhook_token` of the handover file: Optimove signs nothing. "
            "Registering again replaces the URL.",
        ),
    ]


_KEEPS_NOTHING: Mapping[str, Place] = {}
ASKED_CONSENT = "the consent attribute if the client keeps consent there, and for "
_WITHHELD = "Dana has no consent, Emre has opted out at the provider, and Finn has no usable number."


def announcement(
    channel: int,
    people: int,
    names: Sequence[str],
    *,
    story: str = f"Three get a message. {_WITHHELD}",
    asked: str = f"the phone number, for {ASKED_CONSENT}",
    keeps: Mapping[str, Place] = _KEEPS_NOTHING,
) -> list[Step]:
    """Return event 13, and the call that reads the recipients.

    `story` is about the customers, and `asked` are the attributes to ask for, beside those of the templates. `keeps`
    are what later calls need of the rows.
    """
    return [
        Chapter(
            "A campaign is announced",
            f"A marketer has scheduled campaign 7001 for 09:00 UTC, with {_COUNTS[people]} customers. {story}",
        ),
        Control(
            "POST",
            "/campaigns",
            {
                "campaign": CAMPAIGN,
                "channel": channel,
                "name": "Spring week",
                "customers": people,
                "announce_at": ANNOUNCED,
                "splits": [{"share": 1, "template": TITLE, "send_at": SEND_AT}],
            },
        ),
        Until(ANNOUNCED),
        Webhook(
            title="Event 13 arrives",
            why="Store it, answer within two seconds, and do the work afterwards (R108). Without a 2xx status, "
            "Optimove posts the event again.",
            contains=["7001"],
            note="The same event may come twice: use campaign and channel as its key. Members may come in any case. "
            "Refuse all other requests with 400.",
        ),
        Call(
            title="Read the recipients, page by page",
            why="Each row has the customer, the template, the send time in UTC, and the attributes in the order in "
            f"which you asked for them. Ask for {asked}all names in the templates. Join the names with semicolons, "
            "whatever `CustomerAttributesDelimiter` is.",
            service="optimove",
            method="GET",
            path="/current/customers/GetCustomerSendDetailsByChannel",
            query={
                "CampaignID": str(CAMPAIGN),
                "ChannelID": str(channel),
                "CustomerAttributes": ";".join(names),
                "$top": "10000",
                "$skip": "0",
            },
            keeps=keeps,
            note="At most 10,000 rows a page. A shorter page is the last one; otherwise continue with `$skip=10000`. A "
            "page after the end is empty, or a 404. `ScheduledTime` is UTC, so do not convert it. Pages after the "
            "first are lost most often: test with `scenarios/paging`.",
        ),
    ]


def trigger(channel: int, template: str, keeps: Mapping[str, Place] = _KEEPS_NOTHING) -> list[Step]:
    """Return event 11, and the call for attributes that it lacks. `keeps` are what later calls need of them."""
    return [
        Chapter("A customer meets a trigger", "The customer C0000000 has visited a page at 06:30 UTC."),
        Control(
            "POST",
            "/triggers",
            {
                "trigger": "Page visit",
                "campaign": TRIGGERED_CAMPAIGN,
                "channel": channel,
                "template": template,
                "criteria": [{"event": "page_visit"}],
            },
        ),
        Until(ANNOUNCED),
        Control(
            "POST",
            "/events",
            [{"customer": "C0000000", "event": "page_visit", "parameters": {"page": "/offers"}}],
        ),
        Until("2026-03-02T06:30:01Z"),
        Webhook(
            title="Event 11 arrives",
            why="Store it, answer within two seconds, and then send: R406 allows one minute. Without a 2xx status, "
            "the event comes again.",
            contains=["page_visit"],
            note="`requestId` is the key of the event: the same one may come twice, and a customer may meet a trigger "
            "again with another one. The values for the text are in `personalization`. `isVisitor` true means that "
            "there is no customer: send nothing. Ids may come as text, as `campaignID` does here, and "
            "`eventTypeID` may be absent. Accept a `campaignID` that is no whole number, too: a vendor's sample of "
            "event 11 has `2.38`.",
        ),
        Call(
            title="Read the attributes that the event lacks",
            why="The client chooses which attributes event 11 contains. Call this only if one that you need is absent.",
            service="optimove",
            method="GET",
            path="/current/customers/C0000000/Attributes",
            keeps=keeps,
            note="Accept 403: the key may not have the permission. Do not repeat a 404.",
        ),
    ]


def reports(
    kind: str,
    channel: int,
    metrics: Mapping[int, int],
    delivered: Sequence[str],
    *,
    what: str = "3 clicked, 4 unsubscribed",
    opt_in: str = "SMS_OPT_IN",
) -> list[Step]:
    """Return totals by metric, and the customers with a delivered message.

    Both ways to report an opt-out of the last one follow; none without `opt_in`, the name of the consent attribute.
    `what` are the metrics between delivered and dropped.
    """
    campaign = CAMPAIGN if kind == "scheduled" else TRIGGERED_CAMPAIGN
    of_template = {"ChannelID": channel, "CampaignID": campaign, "TemplateID": "<<template>>"}
    stopped = delivered[-1]
    return [
        Until("2026-03-02T09:15:00Z"),
        Chapter(
            "Report to Optimove",
            "Report totals at least three times a day, for seven days after a message. `bridge` of the handover file "
            "has the other requirements of the client.",
        ),
        Call(
            title="Report totals",
            why=f"Metrics are 0 sent, 1 delivered, {what}, 5 dropped, 9 bounced. Sent and dropped "
            "together are all recipients of the template. A recipient without a message counts as dropped.",
            service="optimove",
            method="POST",
            path="/current/integrations/UpdateCampaignMetrics",
            json=[{**of_template, "MetricID": metric, "MetricValue": value} for metric, value in metrics.items()],
            note="At most 100 items a call. Values are totals since the beginning, not what is new since the last "
            "call: a repeated call then does no harm.",
        ),
        Call(
            title="Report customers by event",
            why="Only if `reports` of `bridge` is `campaign_metrics`, which means both totals and customers. Report "
            "each customer who counts in a total, also those who were dropped. One call is for one event of one "
            "template and day.",
            service="optimove",
            method="POST",
            path="/current/integrations/UpdateCampaignInteractions",
            json={
                "CampaignID": campaign,
                "ChannelID": channel,
                "TemplateID": "<<template>>",
                "InteractionDate": "2026-03-02",
                "EventID": 1,
                "CustomerIDs": list(delivered),
            },
            note="`EventID` has the numbers of the metrics. The day is that of the event, in UTC. At most 10,000 "
            "customers a call.",
        ),
        *(_opt_out(channel, stopped, opt_in) if opt_in else ()),
    ]


def _opt_out(channel: int, stopped: str, opt_in: str) -> list[Step]:
    stop = "a STOP" if opt_in == "SMS_OPT_IN" else "an opt-out"
    again = "START" if opt_in == "SMS_OPT_IN" else "a new subscription"
    return [
        Call(
            title="Report an opt-out as a preference",
            why=f"After {stop}, within a day, if `opt_outs` of `bridge` is `preference` or absent.",
            service="optimove",
            method="POST",
            path="/current/integrations/SetCustomerChannelPreference",
            json={"ChannelID": channel, "CustomerIDs": [stopped], "CommunicationMode": 2, "AppID": None},
            note=f"2 is an opt-out, 1 an opt-in after {again}. If the channel has a `preference_channel`, name that "
            "one.",
        ),
        Call(
            title="Or report it as an attribute",
            why="If `opt_outs` is `attribute`: the client keeps consent in an attribute. This needs the `admin_key`.",
            service="optimove",
            method="POST",
            path="/current/customers/UpdateCustomerAttributes",
            credential="admin_key",
            json={
                "CustomerNewAttributesValuesList": [
                    {"CustomerID": stopped, "Attributes": [{"RealFieldName": opt_in, "Value": "0"}]}
                ]
            },
            note=f"At most 10,000 customers a call. The value after {again} is `1`.",
        ),
    ]
