"""Common parts of functions that list customers: the requested rows, their order, and the requested attributes."""

from collections.abc import Sequence
from typing import NamedTuple

from sendproof_simulators.core.audience.records import Attribute
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove.auth import ApiKey
from sendproof_simulators.services.optimove.dialects.options import OptimoveOptions
from sendproof_simulators.services.optimove.errors import not_found


class Page(NamedTuple):
    """The requested rows: $skip and $top as in the request, and the largest possible page."""

    skip: int
    top: int
    maximum: int

    @property
    def size(self) -> int:
        """Return the largest number of rows in the response."""
        return min(self.top, self.maximum)

    def slice(self) -> slice:
        """Return the slice of the rows in the response."""
        return slice(self.skip, self.skip + self.size)


def requested_page(call: Call) -> Page:
    """Return the requested page."""
    maximum = call.state.limits.rows_per_page[call.operation]
    skip, top = call.defaults["$skip"], min(call.defaults["$top"], maximum)
    if call.state.options.paging_without_dollar:
        skip, top = call.params.get("skip", skip), call.params.get("top", top)
    return Page(call.params.get("$skip", skip), call.params.get("$top", top), maximum)


def ordered(options: OptimoveOptions, customers: Sequence[int]) -> Sequence[int]:
    """Return the customers of a campaign in the order of its rows."""
    return customers[::-1] if options.rows_descending else customers


# The campaign of a refusal, by its name in the journal, as far as the request names it.
_PLACE = {"campaign": "CampaignID", "channel": "ChannelID"}


def is_visible(call: Call, attribute: Attribute) -> bool:
    """Return True if an attribute is in the scope of the key."""
    key: ApiKey | None = call.key
    return key is None or key.may_see(attribute.name)


def visible_attributes(call: Call) -> list[Attribute]:
    """Return the attributes in the scope of the key."""
    return [attribute for attribute in call.state.records.attributes if is_visible(call, attribute)]


def requested_attributes(call: Call) -> tuple[str, ...]:
    """Return the names of the requested attributes, as they are spelled in the records.

    Their case does not matter (documented: https://developer.optimove.com/docs/general-information calls strings
    non-case-sensitive). Assumed: an unknown attribute, or one outside the scope of the key, is refused.
    """
    text: str = call.params.get("CustomerAttributes", "")
    if not text:
        return ()
    visible = [attribute.name for attribute in visible_attributes(call)]
    known, requested = {name.lower(): name for name in visible}, text.split(";")
    unknown = [name for name in requested if name.lower() not in known]
    if unknown:
        detail = f"CustomerAttributes: {', '.join(unknown)} not known; there are {';'.join(visible)}"
        raise not_found(detail, hidden_from_key(call, unknown))
    return tuple(known[name.lower()] for name in requested)


def hidden_from_key(call: Call, names: Sequence[str]) -> dict[str, object] | None:
    """Return the summary of a refusal for attributes that exist, but outside the scope of the key; None for others."""
    found = (call.state.records.find_attribute(name) for name in names)
    hidden = [attribute.name for attribute in found if attribute is not None]
    place = {name: call.params[parameter] for name, parameter in _PLACE.items() if parameter in call.params}
    return {**place, "outside_scope": hidden} if hidden else None


def attribute_delimiter(call: Call) -> str:
    """Return the requested delimiter of attributes in one text."""
    # Functions without the parameter have the comma.
    delimiter: str = call.with_defaults.get("CustomerAttributesDelimiter", ",")
    return delimiter
