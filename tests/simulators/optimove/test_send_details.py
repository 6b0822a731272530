import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instants import NINE, TEN
from optimove_alone import Optimove, plan, sandbox_context, split
from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.services.optimove.campaigns.campaign import Campaign
from sendproof_simulators.services.optimove.campaigns.send_details_pages import RowFormat, SendDetailsPages

WORLD = sandbox_context()
SPLITS = (split(1, 1.0, NINE), split(2, 2.0, TEN), split(3, 1.0, NINE))
EXECUTION = Campaign(plan(customers=20_001, first_customer=300, splits=SPLITS), WORLD.chance).executions[505]
NAMES = ("PHONENUMBER", "FIRST_NAME")


def page(pages: SendDetailsPages, skip: int, top: int, names: tuple[str, ...] = NAMES) -> list[dict[str, object]]:
    """One page, decoded."""
    rows: list[dict[str, object]] = msgspec.json.decode(
        pages.page(EXECUTION, pages._audience, skip, top, RowFormat(names))
    )
    return rows


PAGES = SendDetailsPages(WORLD.audience)
TEXT = b",".join(
    PAGES.page(EXECUTION, WORLD.audience, skip, 10_000, RowFormat(NAMES))[1:-1] for skip in range(0, 30_000, 10_000)
)
WHOLE = msgspec.json.decode(b"[%b]" % TEXT)


def test_a_row_says_who_what_when_and_the_values_asked_for(optimove: Optimove) -> None:
    """Times are UTC; values come in the order of the request, whatever the case of its names."""
    optimove.announce(plan())
    customer = optimove.world.audience.customer(0)
    assert optimove.rows(top=1, attributes="last_name;EMAIL;LAST_NAME") == [
        {
            "CustomerID": "C0000000",
            "TemplateID": 14,
            "ScheduledTime": "2026-03-02 09:00:00",
            "CustomerAttributes": [customer.attributes[name] for name in ("LAST_NAME", "EMAIL", "LAST_NAME")],
        }
    ]


def test_attributes_are_absent_unless_asked_for(optimove: Optimove) -> None:
    """An empty array would be something else."""
    optimove.announce(plan())
    assert set(optimove.rows()[0]) == {"CustomerID", "TemplateID", "ScheduledTime"}


def test_unknown_attributes_are_refused_by_name(optimove: Optimove) -> None:
    """The text names the unknown ones and lists the known."""
    optimove.announce(plan())
    params = {"CampaignID": 7001, "ChannelID": 505, "CustomerAttributes": "EMAIL;SHOE_SIZE;CAT"}
    reply = optimove.call("GetCustomerSendDetailsByChannel", **params).reply
    assert reply.status == 400
    assert reply.body.startswith(b"CustomerAttributes: SHOE_SIZE, CAT not known; there are EMAIL;FIRST_NAME;")


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 10_000), max_size=6))
def test_pages_of_any_sizes_make_up_the_same_rows(sizes: list[int]) -> None:
    """Nobody is left out and nobody comes twice, wherever the pages are cut."""
    skip, rows = 0, []
    for size in [*sizes, 10_000, 10_000, 10_000]:
        rows.append(PAGES.page(EXECUTION, WORLD.audience, skip, size, RowFormat(NAMES))[1:-1])
        skip += size
    assert b",".join(filter(None, rows)) == TEXT


def test_a_campaign_covers_exactly_its_neighbours() -> None:
    """From its first customer on, in order."""
    assert [row["CustomerID"] for row in WHOLE] == [f"C{index:07d}" for index in range(300, 20_301)]


def test_a_page_holds_10000_rows_at_most(optimove: Optimove) -> None:
    """One more than 10,000 is answered with 10,000, and so is no number at all."""
    optimove.announce(plan(customers=10_001))
    assert len(optimove.rows(top=9_999)) == 9_999
    assert len(optimove.rows(top=10_000)) == 10_000
    assert len(optimove.rows(top=10_001)) == 10_000
    assert len(optimove.read("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=505)) == 10_000


def test_past_the_end_there_is_an_empty_page(optimove: Optimove) -> None:
    """Bridges that page until an empty array rely on it."""
    optimove.announce(plan(customers=10))
    assert [len(optimove.rows(skip=skip)) for skip in (9, 10, 11, 2**63 - 1)] == [1, 0, 0, 0]
    assert optimove.rows(top=0) == []


@pytest.mark.parametrize("name", ["$top", "$skip", "CampaignID", "ChannelID"])
@pytest.mark.parametrize("value", ["-1", "1.5", "x", "9223372036854775808", ""])
def test_numbers_are_whole_and_not_negative(optimove: Optimove, name: str, value: str) -> None:
    """Anything else breaks the contract."""
    params = {"CampaignID": 7001, "ChannelID": 505, name: value}
    found = optimove.violations("GetCustomerSendDetailsByChannel", **params)
    assert [where for where in found if where.endswith(f"query.{name}")]


@pytest.mark.parametrize("missing", ["CampaignID", "ChannelID"])
def test_campaign_and_channel_are_required(optimove: Optimove, missing: str) -> None:
    """Neither has a default."""
    params = {"CampaignID": 7001, "ChannelID": 505}
    del params[missing]
    assert optimove.violations("GetCustomerSendDetailsByChannel", **params) == [f"required query.{missing}"]


def test_a_campaign_is_unknown_until_it_is_announced(optimove: Optimove) -> None:
    """Neither its customers nor its details can be had before."""
    optimove.planned_timers(plan())
    for operation, params in (("GetCustomerSendDetailsByChannel", {"ChannelID": 505}), ("GetCampaignDetails", {})):
        reply = optimove.call(operation, CampaignID=7001, **params).reply
        assert (reply.status, reply.body) == (404, b"CampaignID 7001 is not known")


def test_a_campaign_is_unknown_on_another_channel(optimove: Optimove) -> None:
    """The channel is part of the question."""
    optimove.announce(plan())
    reply = optimove.call("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=250).reply
    assert (reply.status, reply.body) == (404, b"CampaignID 7001 does not use ChannelID 250")


def test_splits_get_their_shares_template_and_time() -> None:
    """A quarter, a half, a quarter; template and time belong together."""
    counted = dict.fromkeys((1, 2, 3), 0)
    for row in WHOLE:
        counted[row["TemplateID"]] += 1
        assert row["ScheduledTime"] == ("2026-03-02 10:00:00" if row["TemplateID"] == 2 else "2026-03-02 09:00:00")
    assert counted == {
        1: pytest.approx(5_000, abs=250),
        2: pytest.approx(10_000, abs=250),
        3: pytest.approx(5_000, abs=250),
    }


@settings(deadline=None)
@given(shares=st.lists(st.floats(0.001, 1e6), min_size=1, max_size=5), start=st.integers(0, 900))
def test_a_customers_split_does_not_depend_on_the_page(shares: list[float], start: int) -> None:
    """It is drawn for campaign and customer."""
    splits = tuple(split(id_, share) for id_, share in enumerate(shares))
    campaign = Campaign(plan(customers=1_000, splits=splits), WORLD.chance)
    part, everybody = campaign.customers[start : start + 100], campaign.customers
    execution = campaign.executions[505]
    assert execution.splits(part) == execution.splits(everybody)[start : start + 100]


def test_another_campaign_splits_its_customers_otherwise() -> None:
    """Being in the first half of one campaign says nothing about the next."""
    halves = (split(1), split(2))
    campaigns = [Campaign(plan(id_, customers=1_000, splits=halves), WORLD.chance) for id_ in (1, 2)]
    first, second = (campaign.executions[505].splits(campaign.customers) for campaign in campaigns)
    equal = sum(a == b for a, b in zip(first, second, strict=True))
    assert equal == pytest.approx(500, abs=80)


def test_the_note_of_a_page_names_its_first_and_last_customer(optimove: Optimove) -> None:
    """The judge learns from the journal which pages a bridge has read."""
    optimove.announce(plan(customers=10, first_customer=5))
    params = {"CampaignID": 7001, "ChannelID": 505, "$skip": 8, "$top": 20_000}
    assert optimove.call("GetCustomerSendDetailsByChannel", **params).note == {
        "campaign": 7001, "channel": 505, "skip": 8, "top": 20_000, "rows": 2, "first": "C0000013", "last": "C0000014",
    }  # fmt: skip
    note = optimove.call("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=505, **{"$skip": 10}).note
    assert note is not None
    assert (note["top"], note["rows"], note["first"], note["last"]) == (10_000, 0, None, None)


def test_pages_are_the_same_with_room_for_nothing() -> None:
    """The cache is only for speed."""
    roomy, tight = SendDetailsPages(WORLD.audience), SendDetailsPages(WORLD.audience, cache_bytes=0)
    for skip, top in itertools.product((0, 9_999, 10_000), (1, 10_000)):
        assert page(roomy, skip, top) == page(tight, skip, top)


def test_the_cache_keeps_within_its_bytes() -> None:
    """The block that was used longest ago goes first."""
    pages = SendDetailsPages(WORLD.audience, cache_bytes=1_600_000)
    for skip in (0, 10_000, 0, 20_000):
        page(pages, skip, 10_000, ())
    assert [number for _, _, number, _ in pages._blocks] == [0, 2]
    assert pages._free_bytes >= 0


def test_text_that_json_must_escape_keeps_its_row() -> None:
    """A line break or quote in a value does not tear a page."""

    class Odd(Audience):
        def columns(self, start: int, stop: int, names: object) -> list[list[str | None]]:
            return [[f'"\n{index},' for index in range(start, stop)]]

    rows = page(SendDetailsPages(Odd(WORLD.chance, WORLD.audience.recipe)), 9_998, 4)
    assert [row["CustomerAttributes"] for row in rows] == [[f'"\n{index},'] for index in range(10_298, 10_302)]


def test_campaign_details_do_not_repeat_the_id(optimove: Optimove) -> None:
    """Sizes, channel and name come from the campaign."""
    optimove.announce(plan(customers=10, name="Spring"))
    details = optimove.read("GetCampaignDetails", CampaignID=7001)
    assert "CampaignID" not in details
    assert (details["Notes"], details["Status"], details["IsMultiChannel"]) == ("Spring", "Successful", False)
    assert (details["TestGroupSize"], details["ControlGroupSize"], details["Channels"]) == (10, 0, [{"Id": 505}])
