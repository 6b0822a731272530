"""GetCustomerSendDetailsByChannel: whom to send what. The one function that is called for every page of everybody."""

from collections.abc import Sequence

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.campaigns.send_details_pages import Form
from sendproof_simulators.services.optimove.handlers.paging import asked_for, attribute_names, in_order, page_of
from sendproof_simulators.services.optimove.permissions import function


@function
def get_customer_send_details_by_channel(call: Call) -> Effects:
    """Page through the customers of a campaign on a channel."""
    state, context, wanted = call.state, call.context, page_of(call)
    execution = state.execution(call.params["CampaignID"], call.params["ChannelID"])
    form = Form(
        names=attribute_names(call),
        joined_by=(
            call.params.get("CustomerAttributesDelimiter", ",")
            if context.dialects["attributes_shape"] == "joined"
            else None
        ),
        ids_as_text=context.dialects["id_type"] == "text",
        backwards=context.dialects["row_order"] == "descending",
    )
    people = state.records.seen_at(execution.campaign.announced_at)
    page = state.pages.page(execution, people, wanted.start, wanted.stop - wanted.start, form)
    customers = in_order(call, execution.campaign.customers)[wanted]
    return Effects(response=responses.encoded(context, page), summary=_page_note(call, customers))


def _page_note(call: Call, customers: Sequence[int]) -> dict[str, object]:
    id_of = call.context.audience.id_of
    skip, top = asked_for(call)
    return {
        "campaign": call.params["CampaignID"],
        "channel": call.params["ChannelID"],
        "skip": skip,
        "top": top,
        "rows": len(customers),
        "first": id_of(customers[0]) if customers else None,
        "last": id_of(customers[-1]) if customers else None,
    }
