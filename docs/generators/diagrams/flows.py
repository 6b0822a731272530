"""The pictures of the flows between Optimove, a bridge and a provider. Each operation is one of the contracts."""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from types import MappingProxyType

from diagrams.sequence import Lane, Part, Step, svg
from sendproof_simulators.reference.operations import service_summaries
from sendproof_simulators.services.discovery import discover

OPTIMOVE, BRIDGE, PROVIDER = range(3)
_LANES = (
    Lane(name="Optimove", note="simulator"),
    Lane(name="Your bridge", note="under test", is_bridge=True),
    Lane(name="Provider", note="here: Textlocal"),
)
_SERVICES = {OPTIMOVE: "optimove", PROVIDER: "textlocal"}


def scheduled_flow() -> str:
    """Return the picture of a scheduled campaign, from the set-up to the last report."""
    return svg(
        "A scheduled campaign",
        "The bridge registers a listener and lists the templates. Event 13 announces a campaign. The bridge reads its"
        " details, its customers page by page and the opt-outs, and sends at the scheduled time. Receipts arrive, and"
        " the bridge reports totals and customers for a week.",
        _LANES,
        (
            _SET_UP,
            Part(
                title="The campaign",
                note="announced some time before its messages are due",
                steps=(
                    Step(source=OPTIMOVE, target=BRIDGE, text="event 13: campaign, channel"),
                    Step(source=BRIDGE, target=OPTIMOVE, text="200, as soon as it is stored", is_response=True),
                    _call(OPTIMOVE, "GetExecutedCampaignChannelDetails", "templates, times"),
                    _call(OPTIMOVE, "GetCustomerSendDetailsByChannel", "10,000 rows a page"),
                    _call(PROVIDER, "get_optouts", "who must get nothing"),
                    Step(source=BRIDGE, target=BRIDGE, text="fill in each text, leave out who opted out"),
                ),
            ),
            Part(
                title="The messages",
                note="due at the scheduled time, in UTC",
                steps=(
                    _call(PROVIDER, "bulk_json", "texts and numbers"),
                    Step(source=PROVIDER, target=BRIDGE, text="a message id for each", is_response=True),
                    Step(source=PROVIDER, target=BRIDGE, text="receipt: delivered, undelivered, ..."),
                    Step(source=BRIDGE, target=PROVIDER, text="200, as soon as it is stored", is_response=True),
                ),
            ),
            _reports("several times a day, for seven days"),
        ),
    )


def triggered_flow() -> str:
    """Return the picture of a triggered message."""
    return svg(
        "A triggered message",
        "The bridge registers a listener and lists the templates. A customer meets a trigger, and event 11 has the"
        " customer, the template and the attributes. The bridge sends at once, and reports for a week.",
        _LANES,
        (
            _SET_UP,
            Part(
                title="The trigger",
                note="a customer meets the criteria, such as a third visit",
                steps=(
                    Step(source=OPTIMOVE, target=BRIDGE, text="event 11: customer, template, attributes"),
                    Step(source=BRIDGE, target=OPTIMOVE, text="200, as soon as it is stored", is_response=True),
                    _call(OPTIMOVE, "GetCustomerAttributes", "if the event has no number"),
                    Step(source=BRIDGE, target=BRIDGE, text="fill in the text, check the opt-out"),
                    _call(PROVIDER, "bulk_json", "at once"),
                    Step(source=PROVIDER, target=BRIDGE, text="receipt: delivered, undelivered, ..."),
                ),
            ),
            _reports("totals of the trigger's campaign"),
        ),
    )


def brochure_flow() -> str:
    """Return the picture of the integration with a provider that knows the customers."""
    return svg(
        "Textlocal sends by customer ids",
        "The client imports its customers into Textlocal every day. The bridge reads the customer ids of a campaign,"
        " makes a group of them at Textlocal, and hands over group, template and time. Textlocal fills in the texts and"
        " sends.",
        _LANES,
        (
            Part(
                title="Every day",
                note="the client's own import, and the templates",
                steps=(
                    Step(source=PROVIDER, target=PROVIDER, text="customers of the client imported"),
                    _call(PROVIDER, "get_templates", "titles and ids"),
                    _call(OPTIMOVE, "AddChannelTemplates", "without translations"),
                ),
            ),
            Part(
                title="The campaign",
                note="Optimove stores no phone numbers",
                steps=(
                    Step(source=OPTIMOVE, target=BRIDGE, text="event 13: campaign, channel"),
                    _call(OPTIMOVE, "GetCustomerSendDetailsByChannel", "customer ids"),
                    _call(PROVIDER, "create_group", "one for template and time"),
                    _call(PROVIDER, "create_contacts", "customer ids"),
                    _call(PROVIDER, "send", "group, template, time"),
                    Step(source=PROVIDER, target=PROVIDER, text="fills in each text, sends"),
                ),
            ),
            Part(
                title="The reports",
                note="once a day, for a week",
                steps=(
                    _call(PROVIDER, "status_batch", "statuses of the messages"),
                    _call(OPTIMOVE, "UpdateCampaignMetrics", "totals so far"),
                ),
            ),
        ),
    )


def _call(to: int, operation: str, what: str) -> Step:
    """Return a call of the bridge. Raise `ValueError` for an operation that the contract does not have."""
    if operation not in _operations(_SERVICES[to]):
        raise ValueError(f"expected an operation of {_SERVICES[to]}, got {operation}; a picture names it")
    return Step(source=BRIDGE, target=to, text=f"{operation}: {what}")


@cache
def _operations(service: str) -> Collection[str]:
    (summary,) = (summary for summary in service_summaries(discover()) if summary.name == service)
    return {operation.name for operation in summary.operations}


def _reports(when: str) -> Part:
    return Part(
        title="The reports",
        note=when,
        steps=(
            _call(OPTIMOVE, "UpdateCampaignMetrics", "totals so far"),
            _call(OPTIMOVE, "UpdateCampaignInteractions", "clicks, opt-outs"),
            _call(PROVIDER, "get_optouts", "new opt-outs"),
            _call(OPTIMOVE, "SetCustomerChannelPreference", "opt-outs"),
        ),
    )


_SET_UP = Part(
    title="The set-up",
    note="when the bridge starts; the templates also when they change",
    steps=(
        _call(OPTIMOVE, "RegisterEventListener", "event, channel, URL"),
        _call(PROVIDER, "get_templates", "titles and bodies"),
        _call(OPTIMOVE, "AddChannelTemplates", "100 at most"),
    ),
)

#: By file name in docs/images: the function that returns the picture.
PICTURES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "flow-scheduled.svg": scheduled_flow,
        "flow-triggered.svg": triggered_flow,
        "flow-brochure.svg": brochure_flow,
    }
)
