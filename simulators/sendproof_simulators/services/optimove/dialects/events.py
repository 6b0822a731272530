"""The open questions about Optimove's events, and the effects of their options."""

from collections.abc import Callable, Mapping

from sendproof_simulators.core.dialects import Dialect, Option

_NO_STATEMENT = "no statement"

EVENT_KEYS = Dialect(
    name="event_keys",
    question="How are the members of an event spelled?",
    options=(
        Option(
            value="as_seen",
            meaning="CampaignID in events 1 to 5 and 13, campaignID in event 11",
            evidence="observed",
            source="clients: a Vonage SMS bridge (1), Node promotion webhook services (13); Delivyr's sample (11)",
        ),
        Option(
            value="pascal", meaning="CampaignID in every event", evidence="assumed", source="event 11 like the others"
        ),
        Option(
            value="camel",
            meaning="campaignId in every event",
            evidence="observed",
            source="event 13: https://user.netmera.com/netmera-developer-guide/integrated-modules; others: assumed",
        ),
        Option(
            value="camel_id",
            meaning="campaignID in every event",
            evidence="assumed",
            source="the others like event 11 in Delivyr's sample",
        ),
    ),
)
WEBHOOK_RETRIES = Dialect(
    name="webhook_retries",
    question="When is an event retried that did not get a 2xx response?",
    options=(
        Option(value="ladder", meaning="after 1, 5, 15 and 60 minutes", evidence="assumed", source=_NO_STATEMENT),
        Option(value="none", meaning="never", evidence="assumed", source=_NO_STATEMENT),
        Option(
            value="day",
            meaning="after 1, 10 and 60 minutes, and 6 and 17 hours",
            evidence="assumed",
            source=_NO_STATEMENT,
        ),
    ),
)
PERSONAL_INFO = Dialect(
    name="personal_info",
    question="Does event 11 carry the customer's attributes, in personalization.personalInfo?",
    options=(
        Option(
            value="present",
            meaning="yes, all that are not excluded",
            evidence="documented",
            source="https://developer.optimove.com/docs/integrate-your-service-with-optimove (by default)",
        ),
        Option(
            value="absent",
            meaning="no; the bridge requests them by customer id",
            evidence="documented",
            source="Delivyr's guide: without it the attributes are requested from Optimove",
        ),
    ),
)
TRIGGER_EVENT_TYPE = Dialect(
    name="trigger_event_type",
    question="Does event 11 contain its type?",
    options=(
        Option(value="present", meaning="yes, eventTypeID is 11", evidence="assumed", source="like all other events"),
        Option(
            value="absent",
            meaning="no",
            evidence="observed",
            source="Delivyr's sample; its end is not known",
        ),
    ),
)
TRIGGER_PARAMETERS = Dialect(
    name="trigger_parameters",
    question="Which parameters does event 11 carry if several events of one name met the trigger?",
    options=(
        Option(
            value="all",
            meaning="those of all events, each with its newest value",
            evidence="documented",
            source="https://developer.optimove.com/docs/integrate-your-service-with-optimove (all values); the merge of"
            " several events is assumed, because Delivyr's sample has one object for each name of an event",
        ),
        Option(value="newest", meaning="those of the newest event", evidence="assumed", source=_NO_STATEMENT),
    ),
)
EVENT_DIALECTS = (EVENT_KEYS, WEBHOOK_RETRIES, PERSONAL_INFO, TRIGGER_EVENT_TYPE, TRIGGER_PARAMETERS)


def respell_members(event_keys: str, body: Mapping[str, object]) -> Mapping[str, object]:
    """Return an event with its members spelled according to the option `event_keys`. Nested members do not change."""
    respell = _SPELLINGS.get(event_keys)
    return body if respell is None else {respell(name): value for name, value in body.items()}


def _with_id_suffix(name: str, suffix: str) -> str:
    return name[:-2] + suffix if name[-2:].lower() == "id" else name


_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "pascal": lambda name: _with_id_suffix(name[0].upper() + name[1:], "ID"),
    "camel": lambda name: _with_id_suffix(name[0].lower() + name[1:], "Id"),
    "camel_id": lambda name: _with_id_suffix(name[0].lower() + name[1:], "ID"),
}
