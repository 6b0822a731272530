"""A campaign of a million customers has one list of rows, wherever the pages are cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import tries
from instants import NINE, TEN
from optimove_alone import Optimove, plan, split, world

MILLION = 1_000_000
PLAN = plan(customers=MILLION, splits=(split(1, 1.0, NINE), split(2, 2.0, TEN)))
LIST = {"CampaignID": 7001, "ChannelID": 505}
# Where blocks, the default page and the list end, and anywhere else.
EDGES = st.sampled_from([0, 1, 9_999, 10_000, 10_001, 499_999, MILLION - 10_000, MILLION - 1, MILLION, MILLION + 1])
SKIPS, TOPS = EDGES | st.integers(0, MILLION + 5), st.integers(0, 3) | st.integers(0, 10_001)


def announced(order: str) -> Optimove:
    """An Optimove that knows the campaign, with an empty cache."""
    optimove = Optimove(world(MILLION, dialects={"optimove.row_order": order}))
    optimove.announce(PLAN)
    return optimove


WARM = {order: announced(order) for order in ("ascending", "descending")}


def rows(optimove: Optimove, skip: int, top: int) -> list[dict[str, object]]:
    """The rows of one page, as they came over the wire."""
    asked = {**LIST, "CustomerAttributes": "PHONENUMBER", "$skip": skip, "$top": top}
    read: list[dict[str, object]] = optimove.read("GetCustomerSendDetailsByChannel", **asked)
    return read


@pytest.mark.parametrize("order", WARM)
@settings(max_examples=tries(20))
@given(skip=SKIPS, top=TOPS, cut=st.integers(0, 10_000))
def test_any_page_is_the_same_part_of_the_same_list(order: str, skip: int, top: int, cut: int) -> None:
    """A page holds exactly the customers at its places, and two pages that meet anywhere hold the same rows."""
    page, cut = rows(WARM[order], skip, top), min(cut, top)
    places = range(MILLION)[skip : skip + min(top, 10_000)]
    expected = [f"C{index if order == 'ascending' else MILLION - 1 - index:07d}" for index in places]
    assert [row["CustomerID"] for row in page] == expected
    fresh = announced(order)
    apart = rows(fresh, skip + cut, min(top, 10_000) - cut), rows(fresh, skip, cut)
    assert apart[1] + apart[0] == page


def test_a_customer_has_the_same_row_in_every_page_size() -> None:
    """Template, time and number do not depend on who else is in the page."""
    optimove, place = WARM["ascending"], 654_321
    (alone,) = rows(optimove, place, 1)
    assert alone["CustomerID"] == "C0654321"
    for skip, top in ((654_320, 2), (650_000, 10_000), (644_322, 10_000), (654_000, 500)):
        assert rows(optimove, skip, top)[place - skip] == alone


def test_the_whole_list_holds_every_customer_once() -> None:
    """Page by page to the end, and then nothing."""
    skip = 0
    while page := WARM["ascending"].read("GetCustomerSendDetailsByChannel", **LIST, **{"$skip": skip}):
        assert [row["CustomerID"] for row in page] == [f"C{index:07d}" for index in range(skip, skip + len(page))]
        skip += len(page)
    assert skip == MILLION
