"""The numbered rules for a bridge, each with its source.

The hundreds follow the life of a campaign: 0xx the run itself, 1xx webhooks, 2xx templates, 3xx audience, 4xx sending,
5xx reporting, 6xx the contract of every request, 7xx opt-outs. A number never changes its meaning.
"""

from sendproof_harness.judge.findings import Requirement

_GUIDE = "https://developer.optimove.com/docs/integrate-your-service-with-optimove"
_LISTENER = "https://developer.optimove.com/reference/post_general-registereventlistener"
_CLIENT = "https://github.com/avalanchy/optimoveapi"
_AUTHENTICATION = "https://developer.optimove.com/docs/authentication-guide"
_RATE = "https://developer.optimove.com/reference/understanding-api-rate-limits-at-optimove"
_INTERACTIONS = "https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions"
_NUMBERS = "https://docs.xtremepush.com/docs/optimove"
_DROPPED = "https://docs.delivyr.net/docs/optimove"

_CLEARANCE = "https://developer.optimove.com/docs/conditional-execution"
_CANCELLED = "https://developer.optimove.com/reference/get_customers-getcanceledcampaigncustomers"
_EVENTS = "https://developer.optimove.com/docs/external-vendors-campaign-engagement-metrics"

RUN_COMPLETED = Requirement(
    number="R001",
    text="The bridge starts with its settings, and runs and responds until the end of the run.",
    source="docs/connect-your-bridge.md",
    evidence="documented",
)
FAULTS_INJECTED = Requirement(
    number="R002",
    text="Every fault of the run was injected, so a pass proves that the bridge can handle it.",
    source="docs/faults.md",
    evidence="documented",
)
SUBJECTS_PRESENT = Requirement(
    number="R003",
    text="The run contains everything that its scenario is about, so a pass proves that the bridge can handle it.",
    source="docs/write-a-scenario.md",
    evidence="documented",
)
LISTENER_REGISTERED = Requirement(
    number="R101",
    text="The bridge registers a listener for each of its channels, so that it receives the events of every campaign.",
    source=_GUIDE,
    evidence="documented",
)
WEBHOOKS_ACKNOWLEDGED = Requirement(
    number="R102",
    text="The bridge acknowledges every webhook with a 2xx status, in the first attempt or a later one.",
    source=_LISTENER,
    evidence="assumed",
)
TRIGGER_EVENT_LATENCY = Requirement(
    number="R103",
    text="Optimove announces a trigger at once: the simulator promises event 11 within 100 ms of the customer event "
    "that met the trigger.",
    source=_GUIDE,
    evidence="assumed",
)
CLEARANCE_GIVEN = Requirement(
    number="R104",
    text="A bridge that listens for campaigns on hold clears, before the deadline, every customer who may get a "
    "message, and no customer who opted out. Customers without a clearance get no message. The TimeStamp of a "
    "clearance is in UTC.",
    source=_CLEARANCE,
    evidence="documented",
)
VALID_EVENTS_ACCEPTED = Requirement(
    number="R105",
    text="A listener accepts every event that its contract allows, for each event type that the bridge registered it "
    "for, with a 2xx status within 10 s.",
    source="openapi/listener.yaml",
    evidence="assumed",
)
INVALID_EVENTS_SURVIVED = Requirement(
    number="R106",
    text="A listener responds to any other request without a server error (5xx), and then accepts events as before.",
    source="openapi/listener.yaml",
    evidence="assumed",
)
INVALID_EVENTS_NOT_SENT = Requirement(
    number="R107",
    text="The bridge sends no message for an event that does not identify the message and its recipient, that is about "
    "a customer who opted out, or that arrives at a URL with a wrong token.",
    source="openapi/listener.yaml",
    evidence="assumed",
)
EVENTS_ANSWERED_FIRST = Requirement(
    number="R108",
    text="The bridge responds to an event as soon as it has stored it, and does the work afterwards.",
    source="openapi/listener.yaml",
    evidence="assumed",
)
TEMPLATES_SYNCHRONISED = Requirement(
    number="R201",
    text="The bridge reports every template that is added, renamed or deleted at the provider to Optimove, so that "
    "marketers choose from exactly the existing templates.",
    source=_GUIDE,
    evidence="documented",
)
BATCHES_WITHIN_LIMITS = Requirement(
    number="R202",
    text="No request has more items than its operation accepts: 100 templates or metrics, 10,000 customers of an "
    "interaction, an attribute or a clearance, 50,000 preferences.",
    source=_INTERACTIONS,
    evidence="observed",
)
APPS_LISTED = Requirement(
    number="R203",
    text="The bridge adds every app of a channel to Optimove by its id and name, and deletes it when it no longer "
    "exists, so that marketers choose from exactly the existing apps.",
    source=_GUIDE,
    evidence="documented",
)
PAGES_COMPLETE = Requirement(
    number="R301",
    text="The bridge reads the whole audience of a campaign, page by page, without a gap and without reading a row "
    "twice.",
    source=_GUIDE,
    evidence="documented",
)
PAGE_SIZE_RESPECTED = Requirement(
    number="R302",
    text="The bridge requests at most 10,000 rows per page.",
    source=_CLIENT,
    evidence="observed",
)
DELIVERED_ONCE = Requirement(
    number="R401",
    text="Each customer of a campaign who may get messages gets exactly one, and no other person gets any.",
    source=_GUIDE,
    evidence="documented",
)
RIGHT_NUMBER = Requirement(
    number="R402",
    text="A message goes to the customer's own number, in digits with the country code, without + or leading zeros; "
    "an e-mail goes to the customer's own address. A provider that sends to users gets the customer's id as the user. "
    "The To and Cc of an e-mail show no address of another customer. Each message is of the type of its channel.",
    source=_NUMBERS,
    evidence="documented",
)
RIGHT_TEXT = Requirement(
    number="R403",
    text="The text is the customer's own template with the customer's own attributes filled in. Templates may differ "
    "from customer to customer within one campaign. If a text or a link changes, each version from an hour before the "
    "announcement or the event until the send is accepted. A message has the link of its template, with any parameters "
    "added, or that of the client's triggered overrides.",
    source=_GUIDE,
    evidence="documented",
)
RIGHT_TIME = Requirement(
    number="R404",
    text="The message goes out at the customer's scheduled time, which Optimove gives in UTC.",
    source=_GUIDE,
    evidence="documented",
)
CONSENT_RESPECTED = Requirement(
    number="R405",
    text="A customer who opted out at the provider gets no message. If the client keeps opt-outs in a consent "
    "attribute (consent: attribute), a customer without consent there gets none either.",
    source=_DROPPED,
    evidence="documented",
)
TRIGGER_SEND_LATENCY = Requirement(
    number="R406",
    text="A customer who meets a trigger gets its message at once. The judge allows one minute after the bridge "
    "receives the event.",
    source=_GUIDE,
    evidence="documented",
)
TESTING_RESPECTED = Requirement(
    number="R407",
    text="While a channel is in testing mode, the bridge sends no real message, and therefore reports nothing.",
    source=_DROPPED,
    evidence="documented",
)
CANCELLATION_RESPECTED = Requirement(
    number="R408",
    text="After a campaign is cancelled, none of its messages goes out, except those that are already on their way.",
    source=_CANCELLED,
    evidence="assumed",
)
SEND_FIELDS_RIGHT = Requirement(
    number="R409",
    text="If a send has fields for them, it names the client's sender, or none if the client keeps the default of "
    "the provider's account or template, and declares texts with characters outside the GSM alphabet as Unicode. A "
    "Message-ID belongs to one e-mail (RFC 5322, 3.6.4).",
    source="http://api.txtlocal.com/docs/sendsms",
    evidence="documented",
)
CUSTOMERS_NAMED_BY_ID = Requirement(
    number="R410",
    text="If the provider knows the client's customers (recipients: customer_ids), the bridge passes it a template "
    "and a group of customer ids, and no numbers or texts, as the brochure of the integration requires.",
    source="docs/brochure-flow.md",
    evidence="documented",
)
SUPPRESSION_RESPECTED = Requirement(
    number="R411",
    text="A customer that the provider's suppression attribute excludes gets no message. The provider fetches the "
    "attribute from Optimove once a day, if Optimove has registered it, and the bridge does not write it.",
    source=_NUMBERS,
    evidence="documented",
)
METRICS_CADENCE = Requirement(
    number="R501",
    text="The bridge reports the metrics of a campaign several times a day for the seven days after it was sent. The "
    "scenario may set the number; otherwise the judge assumes three times a day. Triggered campaigns are judged in the "
    "same way, which is assumed.",
    source=_GUIDE,
    evidence="documented",
)
METRICS_CONSISTENT = Requirement(
    number="R502",
    text="Reported totals add up: sent plus dropped is the number of targeted customers, delivered is at most sent, "
    "and no total decreases.",
    source=_DROPPED,
    evidence="documented",
)
METRICS_ACCURATE = Requirement(
    number="R503",
    text="Each report matches the provider's records: the numbers of sent, delivered and bounced messages, and exactly "
    "those customers, with their campaign, channel and template and the day of the event.",
    source=_GUIDE,
    evidence="documented",
)
EVENTS_ACCURATE = Requirement(
    number="R504",
    text="Reports of single customers by saveEvent are accurate, complete and sent once, with the UTC time of the "
    "event; there is no event for sent.",
    source=_EVENTS,
    evidence="documented",
)
EVENTS_CADENCE = Requirement(
    number="R505",
    text="A bridge that reports by saveEvent reports each event as early as a bridge that polls statuses three times a "
    "day and pushes totals three times a day, or as often as the scenario requires.",
    source=_GUIDE,
    evidence="assumed",
)
INTERACTIONS_COMPLETE = Requirement(
    number="R506",
    text="If the client wants totals and interactions, the bridge reports by UpdateCampaignInteractions every customer "
    "with a message that was sent, delivered, bounced or dropped, and with a click or an opt-out that the provider "
    "reported, as early as its totals.",
    source=_INTERACTIONS,
    evidence="documented",
)
CONTRACT_RESPECTED = Requirement(
    number="R601",
    text="Every request of the bridge matches the contract of its service: URL, parameters and body.",
    source="openapi/README.md",
    evidence="documented",
)
AUTHENTICATED = Requirement(
    number="R602",
    text="Every request has the credential of the client that it is made for. A login may be renewed after a rejected "
    "request, which is then repeated.",
    source=_AUTHENTICATION,
    evidence="documented",
)
RATE_LIMIT_RESPECTED = Requirement(
    number="R603",
    text="The bridge stays below the rate limit: 50 requests in 10 seconds for each Optimove key.",
    source=_RATE,
    evidence="documented",
)
RETRY_AFTER_RESPECTED = Requirement(
    number="R604",
    text="The bridge repeats a request that got a 429 response, unless what it was for has ended, and not before the "
    "time that the service gave.",
    source=_RATE,
    evidence="assumed",
)
CLIENTS_ISOLATED = Requirement(
    number="R605",
    text="A multi-client bridge uses the API key and the provider account of the client that each call is about. An "
    "event of one client, such as an opt-out at its provider, has no effect for another client, even if both know the "
    "number or the id.",
    source=_AUTHENTICATION,
    evidence="documented",
)
RETRIES_PAUSED = Requirement(
    number="R606",
    text="The bridge pauses before it calls a failing service again.",
    source=_RATE,
    evidence="assumed",
)
FINAL_REFUSALS_ACCEPTED = Requirement(
    number="R607",
    text="The bridge does not repeat a message or call unchanged after the provider has refused it for good.",
    source=_DROPPED,
    evidence="assumed",
)
SECRETS_KEPT = Requirement(
    number="R608",
    text="The bridge keeps the credentials of its clients out of its log and its responses, and out of URLs, unless "
    "the service documents them there. It sends none to another company.",
    source=_AUTHENTICATION,
    evidence="assumed",
)
OPT_OUTS_SYNCED = Requirement(
    number="R701",
    text="The bridge reports to Optimove every customer who opts out at the provider, or opts in again, and no other "
    "customer, in the way that the client wants (preference, attribute or none). The judge allows one day.",
    source=_GUIDE,
    evidence="documented",
)
