"""GetCustomerSendDetailsByChannel: the recipients of a campaign on a channel, with their templates and send times.

Every bridge calls this function for every page, so it takes the shortest way to the state.
"""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove.campaigns.campaign import Execution
from sendproof_simulators.services.optimove.campaigns.send_details_rows import RowFormat
from sendproof_simulators.services.optimove.handlers.paging import (
    Page,
    attribute_delimiter,
    ordered,
    requested_attributes,
    requested_page,
)
from sendproof_simulators.services.optimove.permissions import authorized
from sendproof_simulators.services.optimove.responses import encoded_list_response


@authorized
def get_customer_send_details_by_channel(call: Call) -> Effects:
    """Return a page of the customers of a campaign on a channel."""
    state, options, page = call.state, call.state.options, requested_page(call)
    execution = state.execution(call.params["CampaignID"], call.params["ChannelID"])
    row_format = RowFormat(
        attributes=requested_attributes(call),
        delimiter=attribute_delimiter(call) if options.attributes_joined else None,
        ids_as_text=options.ids_as_text,
        descending=options.rows_descending,
        version=state.records.change_count,
    )
    customers = state.shown_customers(execution.campaign, call.now)
    rows = state.pages.page(execution, customers, page.skip, page.size, row_format)
    return Effects(response=encoded_list_response(options, rows), summary=_page_summary(call, execution, page))


def _page_summary(call: Call, execution: Execution, page: Page) -> dict[str, object]:
    """Return the journal's summary of a page."""
    customers = ordered(call.state.options, execution.campaign.customers)[page.slice()]
    id_of = call.context.audience.id_of
    return {
        "campaign": execution.campaign.plan.campaign,
        "channel": execution.plan.channel,
        "skip": page.skip,
        "top": page.top,
        "most": page.maximum,
        "rows": len(customers),
        "first": id_of(customers[0]) if customers else None,
        "last": id_of(customers[-1]) if customers else None,
    }
