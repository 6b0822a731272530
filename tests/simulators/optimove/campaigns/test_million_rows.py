"""A campaign of a million customers has the same list of rows for all page sizes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import tries
from instants import NINE, TEN
from optimove_alone import Optimove, plan, sandbox_context, split

MILLION = 1_000_000
PLAN = plan(customers=MILLION, splits=(split(1, 1.0, NINE), split(2, 2.0, TEN)))
LIST = {"CampaignID": 7001, "ChannelID": 505}
# The ends of blocks, of the default page and of the list, and any other row.
EDGES = st.sampled_from([0, 1, 9_999, 10_000, 10_001, 499_999, MILLION - 10_000, MILLION - 1, MILLION, MILLION + 1])
SKIPS, TOPS = EDGES | st.integers(0, MILLION + 5), st.integers(0, 3) | st.integers(0, 10_001)


def announced(order: str) -> Optimove:
    """Return a simulator that knows the campaign, with an empty cache."""
    optimove = Optimove(sandbox_context(MILLION, dialects={"optimove.row_order": order}))
    optimove.announce(PLAN)
    return optimove


WARM = {order: announced(order) for order in ("ascending", "descending")}


def rows(optimove: Optimove, skip: int, top: int) -> list[dict[str, object]]:
    """Return the rows of one page, decoded from JSON."""
    params = {**LIST, "CustomerAttributes": "PHONENUMBER", "$skip": skip, "$top": top}
    page: list[dict[str, object]] = optimove.read("GetCustomerSendDetailsByChannel", **params)
    return page


@pytest.mark.parametrize("order", WARM)
@settings(max_examples=tries(20))
@given(skip=SKIPS, top=TOPS, cut=st.integers(0, 10_000))
def test_any_page_is_a_slice_of_one_list(order: str, skip: int, top: int, cut: int) -> None:
    """Two pages that meet at any row contain the same rows as one page."""
    page, cut = rows(WARM[order], skip, top), min(cut, top)
    indices = range(MILLION)[skip : skip + min(top, 10_000)]
    expected = [f"C{index if order == 'ascending' else MILLION - 1 - index:07d}" for index in indices]
    assert [row["CustomerID"] for row in page] == expected
    fresh = announced(order)
    second, first = rows(fresh, skip + cut, min(top, 10_000) - cut), rows(fresh, skip, cut)
    assert first + second == page


def test_row_does_not_depend_on_page_size() -> None:
    optimove, index = WARM["ascending"], 654_321
    (row,) = rows(optimove, index, 1)
    assert row["CustomerID"] == "C0654321"
    for skip, top in ((654_320, 2), (650_000, 10_000), (644_322, 10_000), (654_000, 500)):
        assert rows(optimove, skip, top)[index - skip] == row


@pytest.mark.slow
def test_all_pages_contain_every_customer_once() -> None:
    skip = 0
    while page := WARM["ascending"].read("GetCustomerSendDetailsByChannel", **LIST, **{"$skip": skip}):
        assert [row["CustomerID"] for row in page] == [f"C{index:07d}" for index in range(skip, skip + len(page))]
        skip += len(page)
    assert skip == MILLION
