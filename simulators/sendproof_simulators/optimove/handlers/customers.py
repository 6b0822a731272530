"""Functions of the group `customers` that say whom to send what."""

from collections.abc import Mapping, Sequence

from sendproof_simulators.core.exchange import Outcome, Reply
from sendproof_simulators.optimove.errors import bad_request
from sendproof_simulators.optimove.functions import function
from sendproof_simulators.optimove.pages import ROWS_PER_PAGE
from sendproof_simulators.provider import Call


@function
def get_customer_send_details_by_channel(call: Call) -> Outcome:
    """Page through the customers of a campaign on a channel."""
    params, state = call.params, call.state
    execution = state.execution(params["CampaignID"], params["ChannelID"])
    names = _attribute_names(call)
    skip, asked = params.get("$skip", 0), params.get("$top", ROWS_PER_PAGE)
    top = min(asked, ROWS_PER_PAGE)
    page = state.pages.page(execution, skip, top, names)
    customers = execution.campaign.customers[skip : skip + top]
    return Outcome(reply=Reply(body=page), note=_page_note(call, customers, asked))


def _attribute_names(call: Call) -> tuple[str, ...]:
    """The attributes asked for, spelled as the audience spells them.

    Their case does not matter (documented: https://developer.optimove.com/docs/general-information calls strings
    non-case-sensitive); that an unknown one is refused is assumed.
    """
    text: str = call.params.get("CustomerAttributes", "")
    known: Mapping[str, str] = {name.lower(): name for name in call.world.audience.attribute_names}
    asked = text.split(";") if text else []
    unknown = [name for name in asked if name.lower() not in known]
    if unknown:
        raise bad_request(f"CustomerAttributes: {', '.join(unknown)} not known; there are {';'.join(known.values())}")
    return tuple(known[name.lower()] for name in asked)


def _page_note(call: Call, customers: Sequence[int], asked: int) -> dict[str, object]:
    id_of = call.world.audience.id_of
    return {
        "campaign": call.params["CampaignID"],
        "channel": call.params["ChannelID"],
        "skip": call.params.get("$skip", 0),
        "top": asked,
        "rows": len(customers),
        "first": id_of(customers[0]) if customers else None,
        "last": id_of(customers[-1]) if customers else None,
    }
