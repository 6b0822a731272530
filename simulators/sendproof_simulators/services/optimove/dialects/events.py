"""The open questions about Optimove's events, and what each answer does to them."""

from collections.abc import Callable, Mapping

from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE
from sendproof_simulators.core.dialects import Dialect, Option
from sendproof_simulators.core.effects import RetryPolicy
from sendproof_simulators.core.simulator import SandboxContext

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
        Option(value="pascal", meaning="CampaignID in every event", evidence="assumed", source="11 as the others"),
        Option(
            value="camel",
            meaning="campaignId in every event",
            evidence="observed",
            source="of 13 https://user.netmera.com/netmera-developer-guide/integrated-modules; of others assumed",
        ),
        Option(
            value="camel_id",
            meaning="campaignID in every event",
            evidence="assumed",
            source="the others as event 11 in Delivyr's sample",
        ),
    ),
)
WEBHOOK_RETRIES = Dialect(
    name="webhook_retries",
    question="When is an event that was not answered with 2xx posted again?",
    options=(
        Option(value="ladder", meaning="after 1, 5, 15 and 60 minutes", evidence="assumed", source=_NO_STATEMENT),
        Option(value="none", meaning="never", evidence="assumed", source=_NO_STATEMENT),
        Option(value="day", meaning="after 1, 10, 60 minutes, 6, 17 hours", evidence="assumed", source=_NO_STATEMENT),
    ),
)
PERSONAL_INFO = Dialect(
    name="personal_info",
    question="Does event 11 carry the customer's attributes, in personalization.personalInfo?",
    options=(
        Option(
            value="present",
            meaning="all that are not excluded",
            evidence="documented",
            source="https://developer.optimove.com/docs/integrate-your-service-with-optimove (by default)",
        ),
        Option(
            value="absent",
            meaning="none; the bridge asks for them by customer id",
            evidence="documented",
            source="Delivyr's guide: without it the attributes are asked of Optimove",
        ),
    ),
)
TRIGGER_EVENT_TYPE = Dialect(
    name="trigger_event_type",
    question="Does event 11 name its type?",
    options=(
        Option(value="present", meaning="eventTypeID is 11", evidence="assumed", source="as all other events do"),
        Option(
            value="absent",
            meaning="there is no such member",
            evidence="observed",
            source="Delivyr's sample, as far as it is shown",
        ),
    ),
)
EVENT_DIALECTS = (EVENT_KEYS, WEBHOOK_RETRIES, PERSONAL_INFO, TRIGGER_EVENT_TYPE)

_RETRIES: Mapping[str, RetryPolicy] = {
    "ladder": RetryPolicy(delays_ms=(MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE)),
    "none": RetryPolicy(),
    "day": RetryPolicy(delays_ms=(MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 17 * HOUR)),
}


def retries(context: SandboxContext) -> RetryPolicy:
    """How often, and when, an event is tried again in this sandbox."""
    return _RETRIES[context.dialects["webhook_retries"]]


def spelled(context: SandboxContext, body: Mapping[str, object]) -> Mapping[str, object]:
    """An event with its members (not what is inside them) as this sandbox spells them."""
    spell = _SPELLINGS.get(context.dialects["event_keys"])
    return body if spell is None else {spell(name): value for name, value in body.items()}


def _with_id(name: str, ending: str) -> str:
    return name[:-2] + ending if name[-2:].lower() == "id" else name


_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "pascal": lambda name: _with_id(name[0].upper() + name[1:], "ID"),
    "camel": lambda name: _with_id(name[0].lower() + name[1:], "Id"),
    "camel_id": lambda name: _with_id(name[0].lower() + name[1:], "ID"),
}
