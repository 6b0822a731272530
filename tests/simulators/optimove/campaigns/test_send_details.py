import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instants import NINE, TEN
from optimove_alone import Optimove, plan, sandbox_context, split
from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.services.optimove.campaigns.campaign import Campaign
from sendproof_simulators.services.optimove.campaigns.send_details_pages import SendDetailsPages
from sendproof_simulators.services.optimove.campaigns.send_details_rows import RowFormat

CONTEXT = sandbox_context()
SPLITS = (split(1, 1.0, NINE), split(2, 2.0, TEN), split(3, 1.0, NINE))
EXECUTION = Campaign(plan(customers=20_001, first_customer=300, splits=SPLITS), CONTEXT.random).executions[505]
NAMES = ("PHONENUMBER", "FIRST_NAME")


def page(pages: SendDetailsPages, skip: int, top: int, names: tuple[str, ...] = NAMES) -> list[dict[str, object]]:
    """Return the decoded rows of a page."""
    rows: list[dict[str, object]] = msgspec.json.decode(
        pages.page(EXECUTION, pages._audience, skip, top, RowFormat(names))
    )
    return rows


PAGES = SendDetailsPages(CONTEXT.audience)
TEXT = b",".join(
    PAGES.page(EXECUTION, CONTEXT.audience, skip, 10_000, RowFormat(NAMES))[1:-1] for skip in range(0, 30_000, 10_000)
)
ALL_ROWS = msgspec.json.decode(b"[%b]" % TEXT)


def test_customer_with_an_id_of_their_own_has_it_on_a_large_page() -> None:
    optimove = Optimove(sandbox_context(individuals=(Individual(customer=6, protection="none", id="No. 7 #b"),)))
    optimove.announce(plan(customers=2_000))

    assert [row["CustomerID"] for row in optimove.rows()[5:8]] == ["C0000005", "No. 7 #b", "C0000007"]


def test_row_has_customer_template_time_and_requested_attributes(optimove: Optimove) -> None:
    """Times are in UTC. Attributes are in the order of the request, in any case."""
    optimove.announce(plan())
    customer = optimove.context.audience.customer(0)
    assert optimove.rows(top=1, attributes="last_name;EMAIL;LAST_NAME") == [
        {
            "CustomerID": "C0000000",
            "TemplateID": 14,
            "ScheduledTime": "2026-03-02 09:00:00",
            "CustomerAttributes": [customer.attributes[name] for name in ("LAST_NAME", "EMAIL", "LAST_NAME")],
        }
    ]


def test_attributes_are_absent_unless_requested(optimove: Optimove) -> None:
    """An empty array would have another meaning."""
    optimove.announce(plan())
    assert set(optimove.rows()[0]) == {"CustomerID", "TemplateID", "ScheduledTime"}


def test_unknown_attributes_are_refused_with_known_names(optimove: Optimove) -> None:
    optimove.announce(plan())
    params = {"CampaignID": 7001, "ChannelID": 505, "CustomerAttributes": "EMAIL;SHOE_SIZE;CAT"}
    response = optimove.call("GetCustomerSendDetailsByChannel", **params).response
    assert response.status == 404
    assert response.body.startswith(b"CustomerAttributes: SHOE_SIZE, CAT not known; there are EMAIL;FIRST_NAME;")


@given(sizes=st.lists(st.integers(1, 10_000), max_size=6))
def test_pages_of_any_sizes_contain_the_same_rows(sizes: list[int]) -> None:
    """No customer is missing or repeated."""
    skip, rows = 0, []
    for size in [*sizes, 10_000, 10_000, 10_000]:
        rows.append(PAGES.page(EXECUTION, CONTEXT.audience, skip, size, RowFormat(NAMES))[1:-1])
        skip += size
    assert b",".join(filter(None, rows)) == TEXT


def test_campaign_contains_consecutive_customers() -> None:
    assert [row["CustomerID"] for row in ALL_ROWS] == [f"C{index:07d}" for index in range(300, 20_301)]


def test_page_has_at_most_10000_rows(optimove: Optimove) -> None:
    """10,000 is also the default."""
    optimove.announce(plan(customers=10_001))
    assert len(optimove.rows(top=9_999)) == 9_999
    assert len(optimove.rows(top=10_000)) == 10_000
    assert len(optimove.rows(top=10_001)) == 10_000
    assert len(optimove.read("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=505)) == 10_000


def test_page_past_the_end_is_empty(optimove: Optimove) -> None:
    """Some bridges read pages until they get an empty array."""
    optimove.announce(plan(customers=10))
    assert [len(optimove.rows(skip=skip)) for skip in (9, 10, 11, 2**63 - 1)] == [1, 0, 0, 0]
    assert optimove.rows(top=0) == []


@pytest.mark.parametrize("name", ["$top", "$skip", "CampaignID", "ChannelID"])
@pytest.mark.parametrize("value", ["-1", "1.5", "x", "9223372036854775808", ""])
def test_numbers_must_be_non_negative_integers(optimove: Optimove, name: str, value: str) -> None:
    params = {"CampaignID": 7001, "ChannelID": 505, name: value}
    violations = optimove.violations("GetCustomerSendDetailsByChannel", **params)
    assert [violation for violation in violations if violation.endswith(f"query.{name}")]


@pytest.mark.parametrize("missing", ["CampaignID", "ChannelID"])
def test_campaign_and_channel_are_required(optimove: Optimove, missing: str) -> None:
    params = {"CampaignID": 7001, "ChannelID": 505}
    del params[missing]
    assert optimove.violations("GetCustomerSendDetailsByChannel", **params) == [f"required query.{missing}"]


def test_planned_campaign_is_unknown(optimove: Optimove) -> None:
    optimove.planned_timers(plan())
    for operation, params in (("GetCustomerSendDetailsByChannel", {"ChannelID": 505}), ("GetCampaignDetails", {})):
        response = optimove.call(operation, CampaignID=7001, **params).response
        assert (response.status, response.body) == (404, b"CampaignID 7001 is not known")


def test_campaign_is_unknown_on_another_channel(optimove: Optimove) -> None:
    optimove.announce(plan())
    response = optimove.call("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=250).response
    assert (response.status, response.body) == (404, b"CampaignID 7001 does not use ChannelID 250")


def test_splits_have_their_share_template_and_time() -> None:
    counts = dict.fromkeys((1, 2, 3), 0)
    for row in ALL_ROWS:
        counts[row["TemplateID"]] += 1
        assert row["ScheduledTime"] == ("2026-03-02 10:00:00" if row["TemplateID"] == 2 else "2026-03-02 09:00:00")
    assert counts == {
        1: pytest.approx(5_000, abs=250),
        2: pytest.approx(10_000, abs=250),
        3: pytest.approx(5_000, abs=250),
    }


@given(shares=st.lists(st.floats(0.001, 1e6), min_size=1, max_size=5), start=st.integers(0, 900))
def test_split_of_customer_does_not_depend_on_the_page(shares: list[float], start: int) -> None:
    splits = tuple(split(id_, share) for id_, share in enumerate(shares))
    campaign = Campaign(plan(customers=1_000, splits=splits), CONTEXT.random)
    customers = campaign.customers
    execution = campaign.executions[505]
    assert execution.splits(customers[start : start + 100]) == execution.splits(customers)[start : start + 100]


def test_campaigns_split_their_customers_independently() -> None:
    """A customer in the first half of one campaign can be in any part of the next."""
    halves = (split(1), split(2))
    campaigns = [Campaign(plan(id_, customers=1_000, splits=halves), CONTEXT.random) for id_ in (1, 2)]
    first, second = (campaign.executions[505].splits(campaign.customers) for campaign in campaigns)
    equal = sum(left == right for left, right in zip(first, second, strict=True))
    assert equal == pytest.approx(500, abs=80)


def test_page_summary_has_first_and_last_customer(optimove: Optimove) -> None:
    """The judge reads in the journal which pages a bridge has read."""
    optimove.announce(plan(customers=10, first_customer=5))
    params = {"CampaignID": 7001, "ChannelID": 505, "$skip": 8, "$top": 20_000}
    assert optimove.call("GetCustomerSendDetailsByChannel", **params).summary == {
        "campaign": 7001, "channel": 505, "skip": 8, "top": 20_000, "most": 10_000, "rows": 2, "first": "C0000013",
        "last": "C0000014",
    }  # fmt: skip
    summary = optimove.call("GetCustomerSendDetailsByChannel", CampaignID=7001, ChannelID=505, **{"$skip": 10}).summary
    assert summary is not None
    assert (summary["top"], summary["rows"], summary["first"], summary["last"]) == (10_000, 0, None, None)


def test_pages_are_equal_without_cache() -> None:
    """The cache must only affect speed."""
    cached, uncached = SendDetailsPages(CONTEXT.audience), SendDetailsPages(CONTEXT.audience, cache_bytes=0)
    for skip, top in itertools.product((0, 9_999, 10_000), (1, 10_000)):
        assert page(cached, skip, top) == page(uncached, skip, top)


def test_cache_removes_least_recently_used_block() -> None:
    """Its size stays within the limit."""
    pages = SendDetailsPages(CONTEXT.audience, cache_bytes=1_600_000)
    for skip in (0, 10_000, 0, 20_000):
        page(pages, skip, 10_000, ())
    assert [number for _, _, number, _ in pages._blocks] == [0, 2]
    assert pages._free_bytes >= 0


def test_escaped_text_stays_in_its_row() -> None:
    """A line break or quote in a value must not break a page."""

    class AudienceWithQuotes(Audience):
        def columns(self, start: int, stop: int, names: object) -> list[list[str | None]]:
            return [[f'"\n{index},' for index in range(start, stop)]]

    rows = page(SendDetailsPages(AudienceWithQuotes(CONTEXT.random, CONTEXT.audience.recipe)), 9_998, 4)
    assert [row["CustomerAttributes"] for row in rows] == [[f'"\n{index},'] for index in range(10_298, 10_302)]


def test_campaign_details_omit_the_campaign_id(optimove: Optimove) -> None:
    """Sizes, channel and name come from the campaign."""
    optimove.announce(plan(customers=10, name="Spring"))
    details = optimove.read("GetCampaignDetails", CampaignID=7001)
    assert "CampaignID" not in details
    assert (details["Notes"], details["Status"], details["IsMultiChannel"]) == ("Spring", "Successful", False)
    assert (details["TestGroupSize"], details["ControlGroupSize"], details["Channels"]) == (10, 0, [{"Id": 505}])
