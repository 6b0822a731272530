"""What functions that list customers have in common: which rows are asked for, and which attributes of them."""

from collections.abc import Sequence

from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove.campaigns.send_details_pages import ROWS_PER_PAGE
from sendproof_simulators.services.optimove.errors import bad_request
from sendproof_simulators.services.optimove.permissions import key_of


def asked_for(call: Call) -> tuple[int, int]:
    """($skip, $top) as asked for; 10,000 rows when no number is given."""
    both = call.context.dialects["paging_names"] == "both"
    skip = call.params.get("$skip", call.params.get("skip", 0) if both else 0)
    top = call.params.get("$top", call.params.get("top", ROWS_PER_PAGE) if both else ROWS_PER_PAGE)
    return skip, top


def page_of(call: Call) -> slice:
    """The rows to answer: no more than a page may hold."""
    skip, top = asked_for(call)
    return slice(skip, skip + min(top, int(call.context.dialects["page_maximum"])))


def in_order(call: Call, customers: Sequence[int]) -> Sequence[int]:
    """The customers of a campaign in the order of its rows."""
    return customers[::-1] if call.context.dialects["row_order"] == "descending" else customers


def attribute_names(call: Call) -> tuple[str, ...]:
    """The attributes asked for, as they are spelled.

    Their case does not matter (documented: https://developer.optimove.com/docs/general-information calls strings
    non-case-sensitive); that an unknown one, or one that the key may not see, is refused is assumed.
    """
    text: str = call.params.get("CustomerAttributes", "")
    if not text:
        return ()
    key = key_of(call)
    visible = [one.name for one in call.state.records.attributes if key is None or key.sees(one.name)]
    known, asked = {name.lower(): name for name in visible}, text.split(";")
    unknown = [name for name in asked if name.lower() not in known]
    if unknown:
        raise bad_request(f"CustomerAttributes: {', '.join(unknown)} not known; there are {';'.join(visible)}")
    return tuple(known[name.lower()] for name in asked)
