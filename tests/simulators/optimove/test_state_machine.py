"""No customer is lost or invented, in any sequence of actions of a marketer, a bridge and the clock."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fuzzing import tries
from optimove_alone import Optimove, condition, part, plan, sandbox_context, split, trigger
from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE, sql_time
from sendproof_simulators.core.simulator import Channel
from sendproof_simulators.services.optimove.campaigns import report

CUSTOMERS, CHANNELS, VISITS = 30, (505, 506), 3
ALL_CHANNELS = (
    *(Channel(id=id_, provider="textlocal", kind="scheduled") for id_ in CHANNELS),
    Channel(id=250, provider="textlocal", kind="triggered"),
)
IDS = [f"C{index:07d}" for index in range(CUSTOMERS)]
# A few customers only, so that several actions affect the same ones.
SOME_IDS = st.lists(st.sampled_from(IDS[:6]), min_size=1, max_size=6)
STATUSES = st.lists(st.tuples(st.sampled_from(IDS[:6]), st.booleans()), min_size=1, max_size=8)
PICKS = st.integers(0, 19)
GROUPS = st.sampled_from([(0, CUSTOMERS), (0, 22), (2, 8), (5, 1), (7, 0)])
MINUTES = st.sampled_from([0, 1, 1, 59, 60, 61, 120, 121])
ORDERS, VALUES = st.sampled_from(["ascending", "descending"]), st.sampled_from(["absolute", "additive"])
SEND_DETAILS = "GetCustomerSendDetailsByChannel"


@dataclass
class Expected:
    """The expected state of one campaign."""

    id: int
    group: list[str]
    channels: tuple[int, ...]
    announce_at: int
    clearance_by: int | None
    cancel_at: int | None
    state: str = "planned"
    processed: bool = False
    announced: bool = False
    cancelled_at: int | None = None
    cleared: set[str] = field(default_factory=set)
    events: Counter[str] = field(default_factory=Counter)

    @property
    def recipients(self):
        """Return the target group, or its cleared customers after a clearance."""
        all_cleared = self.clearance_by is None or not self.announced
        return [customer for customer in self.group if all_cleared or customer in self.cleared]

    def advance(self, to):
        """Apply all transitions up to an instant. At one instant the order is: process, cancel, clear."""
        end = to if self.cancel_at is None else min(to, self.cancel_at)
        if self.state == "planned" and self.announce_at <= end:
            self.processed = True
            self.change_state("announced" if self.clearance_by is None else "on_hold")
        if self.state == "on_hold" and self.clearance_by <= end and self.clearance_by != self.cancel_at:
            self.change_state("announced")
        if self.state != "cancelled" and self.cancel_at is not None and self.cancel_at <= to:
            self.cancel(self.cancel_at)

    def change_state(self, state):
        """Go to the next state, and count its events."""
        self.state = state
        self.announced = self.announced or state == "announced"
        self.events.update({"announced": {"1": 1, "13": len(self.channels)}, "on_hold": {"5": 1}}[state])

    def cancel(self, at):
        """Cancel the campaign, and count its event."""
        self.state, self.cancelled_at = "cancelled", at
        self.events.update({"4": 1} if self.processed else {})


class Marketing(RuleBasedStateMachine):
    """All possible actions, with a separate model of the expected customers of each campaign."""

    @initialize(order=ORDERS, values=VALUES)
    def begin(self, order, values):
        self.descending, self.additive = order == "descending", values == "additive"
        options = {"optimove.row_order": order, "optimove.metric_values": values}
        self.optimove = Optimove(sandbox_context(CUSTOMERS, channels=ALL_CHANNELS, dialects=options))
        for event in (1, 4, 5, 11, 13):
            self.optimove.listen(event)
        self.optimove.add_trigger(trigger(conditions=(condition("visit", count=VISITS),)))
        self.expected: dict[int, Expected] = {}
        self.events: Counter[tuple[str, object]] = Counter()
        self.visits: Counter[str] = Counter()
        self.metrics: dict[tuple[int, int, int], int] = {}
        self.reported: dict[int, Counter[str]] = {}

    def picked(self, state, pick):
        """Return a campaign, in most cases one in the given state."""
        fitting = [expected for expected in self.expected.values() if expected.state == state]
        candidates = fitting if fitting and pick % 4 else list(self.expected.values())
        return candidates[pick % len(candidates)]

    def count_events(self, webhooks):
        """Count the events that the listeners received."""
        for sent in webhooks:
            about = sent.webhook.about
            self.events[sent.webhook.event, about["customer" if sent.webhook.event == "11" else "campaign"]] += 1

    # Actions of a marketer and of the clock.

    @rule(
        group=GROUPS,
        channels=st.sampled_from([(505,), (506,), (505, 506)]),
        wait=st.sampled_from([0, 0, 1]),
        hold=st.sampled_from([None, 1, 2, 5]),
        cancel=st.sampled_from([None, None, None, None, None, 0, 1, 2, 3]),
        minutes=st.sampled_from([0, 0, 0, 1, 60]),
    )
    def schedule(self, group, channels, wait, hold, cancel, minutes):
        first, size = group
        id_, now = 7_000 + len(self.expected), self.optimove.now
        at = now + wait * HOUR
        by, cancel_at = (None if hold is None else at + hold * HOUR), (None if cancel is None else now + cancel * HOUR)
        splits = (split(1, 1.0, at + 9 * HOUR), split(2, 2.0, at + 9 * HOUR))
        timing = {"announce_at": at, "clearance_by": by, "cancel_at": cancel_at}
        parts = tuple(part(channel, *splits) for channel in channels)
        self.optimove.schedule(plan(id_, customers=size, first_customer=first, parts=parts, **timing))
        self.expected[id_] = Expected(id_, IDS[first : first + size], channels, **timing)
        self.advance(minutes)

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS)
    def cancel(self, pick):
        expected = self.picked("announced", pick)
        # Only a third of the requested cancellations happen, so that campaigns remain.
        if expected.state != "cancelled" and pick % 3 == 0:
            self.count_events(self.optimove.cancel(expected.id))
            expected.cancel(self.optimove.now)

    @rule(minutes=MINUTES)
    def advance(self, minutes):
        to = self.optimove.now + minutes * MINUTE
        self.count_events(self.optimove.advance(to))
        for expected in self.expected.values():
            expected.advance(to)

    @rule(customers=SOME_IDS)
    def visit(self, customers):
        self.count_events(self.optimove.record_events(*customers, event="visit"))
        self.visits.update(customers)

    # Actions of a bridge.

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS, statuses=STATUSES)
    def clear(self, pick, statuses):
        expected = self.picked("on_hold", pick)
        promotions = [{"CustomerID": customer, "Status": is_cleared} for customer, is_cleared in statuses]
        body = {"TimeStamp": sql_time(self.optimove.now), "CampaignID": expected.id, "PromosUpdated": promotions}
        status = self.optimove.call("UpdateCustomerPromotionStatus", body).response.status
        known = expected.clearance_by is not None and expected.processed
        assert status == (200 if known and expected.state == "on_hold" else 400 if known else 404)
        if status == 200:
            latest = {customer: is_cleared for customer, is_cleared in statuses if customer in expected.group}
            expected.cleared -= latest.keys()
            expected.cleared |= {customer for customer, is_cleared in latest.items() if is_cleared}

    @precondition(lambda self: self.expected)
    @rule(
        pick=PICKS,
        channel=st.sampled_from(CHANNELS),
        top=st.integers(0, CUSTOMERS + 2),
        skip=st.integers(0, CUSTOMERS + 2),
    )
    def read_page(self, pick, channel, top, skip):
        expected = self.picked("announced", pick)
        params = {"CampaignID": expected.id, "ChannelID": channel, "$top": top, "$skip": skip}
        if expected.state != "announced" or channel not in expected.channels:
            assert self.optimove.call(SEND_DETAILS, **params).response.status == 404
            return
        rows = self.optimove.read(SEND_DETAILS, **params)
        assert [row["CustomerID"] for row in rows] == self.ordered(expected.recipients)[skip : skip + top]

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS, top=st.integers(3, 2 * CUSTOMERS), skip=st.integers(0, 2 * CUSTOMERS))
    def read_page_of_all_channels(self, pick, top, skip):
        expected = self.picked("announced", pick)
        if expected.state == "announced":
            params = {"CampaignID": expected.id, "$top": top, "$skip": skip}
            rows = self.optimove.read("GetCustomerSendDetailsByCampaign", **params)
            all_rows = self.rows_of_all_channels(expected)
            assert [(row["ChannelID"], row["CustomerID"]) for row in rows] == all_rows[skip : skip + top]

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS, template=st.integers(1, 2), values=st.lists(st.integers(0, 9), min_size=1, max_size=3))
    def report_metric(self, pick, template, values):
        expected = self.picked("announced", pick)
        key = (expected.id, 0, template)
        metric = {
            "ChannelID": expected.channels[0],
            "CampaignID": expected.id,
            "TemplateID": template,
            "MetricID": 0,
        }
        items = [metric | {"MetricValue": value} for value in values]
        status = self.optimove.call("UpdateCampaignMetrics", items).response.status
        assert status == (200 if expected.announced else 404)
        if status == 200:
            self.metrics[key] = self.metrics.get(key, 0) + sum(values) if self.additive else values[-1]

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS, customers=SOME_IDS)
    def report_interactions(self, pick, customers):
        expected = self.picked("announced", pick)
        body = {"CampaignID": expected.id, "ChannelID": expected.channels[0], "TemplateID": 1, "EventID": 1}
        day = {"InteractionDate": "2026-03-02", "CustomerIDs": customers}
        status = self.optimove.call("UpdateCampaignInteractions", body | day).response.status
        assert status == (200 if expected.announced else 404)
        if status == 200:
            self.reported.setdefault(expected.id, Counter()).update(customers)

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS, customer=st.sampled_from(IDS[:6]))
    def clear_and_revoke(self, pick, customer):
        self.clear(pick, [(customer, True)])
        self.clear(pick, [(customer, False)])

    # Invariants.

    def ordered(self, customers):
        """Return customers in the order of the dialect."""
        return customers[::-1] if self.descending else customers

    def rows_of_all_channels(self, expected):
        """Return the expected (channel, customer) of all rows of a campaign."""
        customers = self.ordered(expected.recipients)
        return [(channel, customer) for channel in expected.channels for customer in customers]

    @invariant()
    def all_pages_contain_all_recipients(self):
        for expected in [expected for expected in self.expected.values() if expected.state == "announced"]:
            for channel in expected.channels:
                rows = self.all_pages(SEND_DETAILS, CampaignID=expected.id, ChannelID=channel)
                assert [row["CustomerID"] for row in rows] == self.ordered(expected.recipients)
            rows = self.all_pages("GetCustomerSendDetailsByCampaign", CampaignID=expected.id)
            assert [(row["ChannelID"], row["CustomerID"]) for row in rows] == self.rows_of_all_channels(expected)

    def all_pages(self, operation, **params):
        """Return all rows of a list, read in pages of seven."""
        rows = []
        while page := self.optimove.read(operation, **params, **{"$top": 7, "$skip": len(rows)}):
            rows += page
        return rows

    @invariant()
    def customers_of_cancelled_campaign_are_readable_for_two_hours(self):
        for expected in self.expected.values():
            response = self.optimove.call("GetCanceledCampaignCustomers", CampaignID=expected.id).response
            cancelled = expected.cancelled_at is not None and expected.processed
            if cancelled and self.optimove.now <= expected.cancelled_at + 2 * HOUR:
                rows = self.optimove.read("GetCanceledCampaignCustomers", CampaignID=expected.id)
                assert [row["CustomerID"] for row in rows] == self.ordered(expected.recipients)
            else:
                assert response.status == 404

    @invariant()
    def customers_of_campaign_on_hold_are_readable(self):
        for expected in self.expected.values():
            response = self.optimove.call("GetProcessedCampaignCustomers", CampaignID=expected.id).response
            assert response.status == (200 if expected.state == "on_hold" else 404)
            if expected.state == "on_hold":
                rows = self.optimove.read("GetProcessedCampaignCustomers", CampaignID=expected.id)
                assert [row["CustomerID"] for row in rows] == self.ordered(expected.group)

    @invariant()
    def each_customer_has_one_obligation_per_channel(self):
        fields = ("campaign", "channel", "customer")
        obligations = Counter(tuple(item[name] for name in fields) for item in self.optimove.obligations())
        known = [
            expected
            for expected in self.expected.values()
            if expected.announced or (expected.processed and expected.cancelled_at is not None)
        ]
        scheduled = Counter(
            (expected.id, channel, customer)
            for expected in known
            for channel in expected.channels
            for customer in expected.group
        )
        assert obligations == scheduled + Counter((8001, 250, customer) for customer in self.triggered_customers())

    def triggered_customers(self):
        """Return the customers who met the trigger."""
        return [customer for customer, visits in self.visits.items() if visits >= VISITS]

    @invariant()
    def listeners_received_each_event_once(self):
        of_campaigns = {
            (event, expected.id): count
            for expected in self.expected.values()
            for event, count in expected.events.items()
        }
        of_triggers = {("11", customer): 1 for customer in self.triggered_customers()}
        assert self.events == Counter(of_campaigns | of_triggers)

    @invariant()
    def report_contains_all_results(self):
        for expected in self.expected.values():
            shown = report.campaign_report(self.optimove.context, self.optimove.state, expected.id, self.optimove.now)
            metrics = {(expected.id, item["metric"], item["template"]): item["value"] for item in shown["metrics"]}
            assert metrics == {key: value for key, value in self.metrics.items() if key[0] == expected.id}
            reported = self.reported_customers(expected.id).total()
            assert sum(item["customers"] for item in shown["interactions"]) == reported
            assert (shown["state"], shown["recipients"]) == (expected.state, len(expected.recipients))
            recipients = sum(item["recipients"] for item in shown["executions"])
            assert recipients == shown["recipients"] * len(expected.channels)

    @invariant()
    def interactions_can_be_read(self):
        for channel in CHANNELS:
            params = {"ChannelID": channel, "EventID": 1, "Date": "2026-03-02"}
            rows = self.optimove.read("GetCampaignInteractionCustomers", **params)
            campaigns = [expected.id for expected in self.expected.values() if expected.channels[0] == channel]
            reported = Counter(
                {
                    (campaign, customer): count
                    for campaign in campaigns
                    for customer, count in self.reported_customers(campaign).items()
                }
            )
            assert Counter((row["CampaignID"], row["CustomerID"]) for row in rows) == reported

    def reported_customers(self, campaign):
        """Return the number of interactions of each customer."""
        return self.reported.get(campaign, Counter())


def test_no_customer_is_lost_or_invented():
    """Schedules, cancellations, clearances, pages, triggers, reports and time occur in any order."""
    run_state_machine_as_test(Marketing, settings=settings(max_examples=tries(60), stateful_step_count=50))
