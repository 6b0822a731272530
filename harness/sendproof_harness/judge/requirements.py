"""The numbered rules that a bridge must keep, each with where it is from.

The hundreds follow a campaign on its way: 0xx the run itself, 1xx notification, 2xx templates, 3xx audience,
4xx sending, 5xx reporting, 6xx the contract of every call, 7xx people's wishes. A number never changes its meaning.
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
    text="The bridge starts from what it is told, and keeps running and answering until the run is over.",
    source="docs/connect-your-bridge.md",
    evidence="documented",
)
FAULTS_INJECTED = Requirement(
    number="R002",
    text="Every fault that a run was to meet has struck, so that passing means that the bridge can take it.",
    source="docs/faults.md",
    evidence="documented",
)
LISTENER_REGISTERED = Requirement(
    number="R101",
    text="The bridge registers a listener for each of its channels, so that it hears of every campaign.",
    source=_GUIDE,
    evidence="documented",
)
WEBHOOKS_ACKNOWLEDGED = Requirement(
    number="R102",
    text="The bridge answers every notification with a 2xx status, if not the first time then in the end.",
    source=_LISTENER,
    evidence="assumed",
)
TRIGGER_EVENT_LATENCY = Requirement(
    number="R103",
    text="Optimove tells of a trigger at once: the simulator promises 100 ms from the event that met it.",
    source=_GUIDE,
    evidence="assumed",
)
CLEARANCE_GIVEN = Requirement(
    number="R104",
    text="A bridge that listens for campaigns on hold says in time who may be sent to, as whoever is not named is "
    "left out.",
    source=_CLEARANCE,
    evidence="documented",
)
VALID_EVENTS_ACCEPTED = Requirement(
    number="R105",
    text="A listener takes every event that its contract allows, of each type that the bridge registered it for, with "
    "a 2xx status within 10 s.",
    source="openapi/listener.yaml",
    evidence="assumed",
)
INVALID_EVENTS_SURVIVED = Requirement(
    number="R106",
    text="Whatever else is posted to a listener, it answers without a failure of its own (5xx), and then takes events "
    "as before.",
    source="openapi/listener.yaml",
    evidence="assumed",
)
INVALID_EVENTS_NOT_SENT = Requirement(
    number="R107",
    text="No message goes out upon an event that does not tell what to send to whom, that is about a customer who does "
    "not want any, or that comes to an address with a wrong token.",
    source="openapi/listener.yaml",
    evidence="assumed",
)
TEMPLATES_SYNCHRONISED = Requirement(
    number="R201",
    text="Every template that is added, renamed or deleted at the provider is told to Optimove, so that marketers "
    "choose from exactly the templates that exist.",
    source=_GUIDE,
    evidence="documented",
)
BATCHES_WITHIN_LIMITS = Requirement(
    number="R202",
    text="No call carries more items than its operation takes: 100 templates or metrics, 10,000 customers of an "
    "interaction, 50,000 preferences.",
    source=_INTERACTIONS,
    evidence="observed",
)
PAGES_COMPLETE = Requirement(
    number="R301",
    text="The bridge reads the whole audience of a campaign, page after page, without a gap and no row twice.",
    source=_GUIDE,
    evidence="documented",
)
PAGE_SIZE_RESPECTED = Requirement(
    number="R302",
    text="The bridge asks for at most 10,000 rows a page.",
    source=_CLIENT,
    evidence="observed",
)
DELIVERED_ONCE = Requirement(
    number="R401",
    text="Every customer of a campaign who may be written to gets the message once, and nobody else gets one.",
    source=_GUIDE,
    evidence="documented",
)
RIGHT_NUMBER = Requirement(
    number="R402",
    text="A message goes to the customer's own number: digits with the country code, without + or leading zeros.",
    source=_NUMBERS,
    evidence="documented",
)
RIGHT_TEXT = Requirement(
    number="R403",
    text="The text is the customer's own template with the customer's own attributes filled in; it may differ from "
    "customer to customer within one campaign.",
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
    text="Nobody who opted out gets a message.",
    source=_DROPPED,
    evidence="documented",
)
TRIGGER_SEND_LATENCY = Requirement(
    number="R406",
    text="Whoever meets a trigger gets its message at once, here within a minute of hearing of it.",
    source=_GUIDE,
    evidence="documented",
)
TESTING_RESPECTED = Requirement(
    number="R407",
    text="While a channel is in testing mode nothing is sent to anybody, and so nothing is reported.",
    source=_DROPPED,
    evidence="documented",
)
CANCELLATION_RESPECTED = Requirement(
    number="R408",
    text="Once a campaign is cancelled nothing of it goes out any more, but for what is on its way in that moment.",
    source=_CANCELLED,
    evidence="assumed",
)
METRICS_CADENCE = Requirement(
    number="R501",
    text="The bridge reports the metrics of a campaign several times a day, here at least three, for the seven days "
    "after it was sent.",
    source=_GUIDE,
    evidence="documented",
)
METRICS_CONSISTENT = Requirement(
    number="R502",
    text="Reported totals add up: sent and dropped are all the customers targeted, delivered is at most sent, and no "
    "total ever shrinks.",
    source=_DROPPED,
    evidence="documented",
)
METRICS_ACCURATE = Requirement(
    number="R503",
    text="What is reported is what the provider said: so many sent, delivered and bounced, and exactly those "
    "customers.",
    source=_GUIDE,
    evidence="documented",
)
EVENTS_ACCURATE = Requirement(
    number="R504",
    text="Reports of single customers by saveEvent are true, complete and told once; there is none for sent.",
    source=_EVENTS,
    evidence="documented",
)
EVENTS_CADENCE = Requirement(
    number="R505",
    text="Whoever reports by saveEvent tells each event as soon as whoever pushes totals three times a day would.",
    source=_GUIDE,
    evidence="assumed",
)
CONTRACT_RESPECTED = Requirement(
    number="R601",
    text="Every call of the bridge is one that the service documents: its address, parameters and body.",
    source="openapi/README.md",
    evidence="documented",
)
AUTHENTICATED = Requirement(
    number="R602",
    text="Every call shows the credential of the client that it is made for.",
    source=_AUTHENTICATION,
    evidence="documented",
)
RATE_LIMIT_RESPECTED = Requirement(
    number="R603",
    text="The bridge stays below the rate limit, 50 requests in 10 seconds for each key of Optimove.",
    source=_RATE,
    evidence="documented",
)
RETRY_AFTER_RESPECTED = Requirement(
    number="R604",
    text="A call that was answered with 429 is made again, and not before the service said that it may be.",
    source=_RATE,
    evidence="assumed",
)
CLIENTS_ISOLATED = Requirement(
    number="R605",
    text="A bridge that serves several clients makes each call with the key of the client whose matter it is.",
    source=_AUTHENTICATION,
    evidence="documented",
)
OPT_OUTS_SYNCED = Requirement(
    number="R701",
    text="Whoever opts out at the provider is told to Optimove, by preference or by attribute, here within a day, and "
    "nobody else is.",
    source=_GUIDE,
    evidence="documented",
)
