"""Whatever a marketer, a bridge and time do in whatever order, no customer is lost and none is invented."""

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
from optimove_alone import Optimove, condition, part, plan, split, trigger, world
from sendproof_simulators.core.clock import HOUR, MINUTE, sql_time
from sendproof_simulators.optimove import report
from sendproof_simulators.provider import Channel

CUSTOMERS, CHANNELS, VISITS = 30, (505, 506), 3
WORLD_CHANNELS = (
    *(Channel(id=id_, provider="textlocal", kind="scheduled") for id_ in CHANNELS),
    Channel(id=250, provider="textlocal", kind="triggered"),
)
IDS = [f"C{index:07d}" for index in range(CUSTOMERS)]
# Few, so that they meet again.
WHO = st.lists(st.sampled_from(IDS[:6]), min_size=1, max_size=6)
STATUSES = st.lists(st.tuples(st.sampled_from(IDS[:6]), st.booleans()), min_size=1, max_size=8)
PICKS = st.integers(0, 19)
GROUPS = st.sampled_from([(0, CUSTOMERS), (0, 22), (2, 8), (5, 1), (7, 0)])
MINUTES = st.sampled_from([0, 1, 1, 59, 60, 61, 120, 121])
ORDERS, VALUES = st.sampled_from(["ascending", "descending"]), st.sampled_from(["absolute", "additive"])
ROWS = "GetCustomerSendDetailsByChannel"


@dataclass
class Expected:
    """What must be true of one campaign."""

    id: int
    group: list[str]
    channels: tuple[int, ...]
    at: int
    by: int | None
    cancel_at: int | None
    state: str = "planned"
    processed: bool = False
    announced: bool = False
    cancelled_at: int | None = None
    cleared: set[str] = field(default_factory=set)
    told: Counter[str] = field(default_factory=Counter)

    @property
    def recipients(self):
        """The target group, or those of it who were cleared in time."""
        left_out = self.by is not None and self.announced
        return [customer for customer in self.group if customer in self.cleared or not left_out]

    def live(self, to):
        """Go on to an instant. At one instant it is first processed, then cancelled, then cleared."""
        end = to if self.cancel_at is None else min(to, self.cancel_at)
        if self.state == "planned" and self.at <= end:
            self.processed = True
            self.become("announced" if self.by is None else "on_hold")
        if self.state == "on_hold" and self.by <= to and (self.cancel_at is None or self.by < self.cancel_at):
            self.become("announced")
        if self.state != "cancelled" and self.cancel_at is not None and self.cancel_at <= to:
            self.cancel(self.cancel_at)

    def become(self, state):
        """The next state, and what the listeners hear of it."""
        self.state = state
        self.announced = self.announced or state == "announced"
        self.told.update({"announced": {"1": 1, "13": len(self.channels)}, "on_hold": {"5": 1}}[state])

    def cancel(self, at):
        """No more of it."""
        self.state, self.cancelled_at = "cancelled", at
        self.told.update({"4": 1} if self.processed else {})


class Marketing(RuleBasedStateMachine):
    """Does everything that can be done, and keeps its own list of who must be where."""

    @initialize(order=ORDERS, values=VALUES)
    def begin(self, order, values):
        self.backwards, self.additive = order == "descending", values == "additive"
        spoken = {"optimove.row_order": order, "optimove.metric_values": values}
        self.optimove = Optimove(world(CUSTOMERS, channels=WORLD_CHANNELS, dialects=spoken))
        for event in (1, 4, 5, 11, 13):
            self.optimove.listen(event)
        self.optimove.define(trigger(conditions=(condition("visit", count=VISITS),)))
        self.expected: dict[int, Expected] = {}
        self.said: Counter[tuple[str, object]] = Counter()
        self.visits: Counter[str] = Counter()
        self.metrics: dict[tuple[int, int, int], int] = {}
        self.reported: dict[int, Counter[str]] = {}

    def picked(self, state, pick):
        """A campaign: mostly one of a state in which something can happen."""
        fitting = [one for one in self.expected.values() if one.state == state]
        candidates = fitting if fitting and pick % 4 else list(self.expected.values())
        return candidates[pick % len(candidates)]

    def hear(self, said):
        """Write down what the listeners were told."""
        for one in said:
            about = one.webhook.about
            self.said[one.webhook.event, about["customer" if one.webhook.event == "11" else "campaign"]] += 1

    # What a marketer and time do.

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
        self.expected[id_] = Expected(id_, IDS[first : first + size], channels, at, by, cancel_at)
        self.live(minutes)

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS)
    def cancel(self, pick):
        expected = self.picked("announced", pick)
        # Not as often as it is asked for, so that something stays.
        if expected.state != "cancelled" and pick % 3 == 0:
            self.hear(self.optimove.cancel(expected.id))
            expected.cancel(self.optimove.now)

    @rule(minutes=MINUTES)
    def live(self, minutes):
        to = self.optimove.now + minutes * MINUTE
        self.hear(self.optimove.advance(to))
        for expected in self.expected.values():
            expected.live(to)

    @rule(who=WHO)
    def visit(self, who):
        self.hear(self.optimove.report(*who, event="visit"))
        self.visits.update(who)

    # What a bridge does.

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS, named=STATUSES)
    def clear(self, pick, named):
        expected = self.picked("on_hold", pick)
        campaign, statuses = expected.id, [{"CustomerID": customer, "Status": may} for customer, may in named]
        body = {"TimeStamp": sql_time(self.optimove.now), "CampaignID": campaign, "PromosUpdated": statuses}
        status = self.optimove.ask("UpdateCustomerPromotionStatus", body).reply.status
        known = expected.by is not None and expected.processed
        assert status == (200 if known and expected.state == "on_hold" else 400 if known else 404)
        if status == 200:
            latest = {customer: may for customer, may in named if customer in expected.group}
            expected.cleared -= latest.keys()
            expected.cleared |= {customer for customer, may in latest.items() if may}

    @precondition(lambda self: self.expected)
    @rule(
        pick=PICKS,
        channel=st.sampled_from(CHANNELS),
        top=st.integers(0, CUSTOMERS + 2),
        skip=st.integers(0, CUSTOMERS + 2),
    )
    def page(self, pick, channel, top, skip):
        expected, asked = self.picked("announced", pick), {"$top": top, "$skip": skip}
        campaign = expected.id
        if expected.state != "announced" or channel not in expected.channels:
            assert self.optimove.ask(ROWS, CampaignID=campaign, ChannelID=channel, **asked).reply.status == 404
            return
        rows = self.optimove.read(ROWS, CampaignID=campaign, ChannelID=channel, **asked)
        assert [row["CustomerID"] for row in rows] == self.ordered(expected.recipients)[skip : skip + top]

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS, top=st.integers(3, 2 * CUSTOMERS), skip=st.integers(0, 2 * CUSTOMERS))
    def page_all_channels(self, pick, top, skip):
        expected = self.picked("announced", pick)
        if expected.state == "announced":
            wanted = [(channel, c) for channel in expected.channels for c in self.ordered(expected.recipients)]
            asked = {"CampaignID": expected.id, "$top": top, "$skip": skip}
            rows = self.optimove.read("GetCustomerSendDetailsByCampaign", **asked)
            assert [(row["ChannelID"], row["CustomerID"]) for row in rows] == wanted[skip : skip + top]

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS, template=st.integers(1, 2), values=st.lists(st.integers(0, 9), min_size=1, max_size=3))
    def post_metric(self, pick, template, values):
        expected = self.picked("announced", pick)
        campaign, key = expected.id, (expected.id, 0, template)
        channel = expected.channels[0]
        metric = {"ChannelID": channel, "CampaignID": campaign, "TemplateID": template, "MetricID": 0}
        items = [metric | {"MetricValue": value} for value in values]
        status = self.optimove.ask("UpdateCampaignMetrics", items).reply.status
        assert status == (200 if expected.announced else 404)
        if status == 200:
            self.metrics[key] = self.metrics.get(key, 0) + sum(values) if self.additive else values[-1]

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS, who=WHO)
    def post_interactions(self, pick, who):
        expected = self.picked("announced", pick)
        campaign = expected.id
        body = {"CampaignID": campaign, "ChannelID": expected.channels[0], "TemplateID": 1, "EventID": 1}
        day = {"InteractionDate": "2026-03-02", "CustomerIDs": who}
        status = self.optimove.ask("UpdateCampaignInteractions", body | day).reply.status
        assert status == (200 if expected.announced else 404)
        if status == 200:
            self.reported.setdefault(campaign, Counter()).update(who)

    @precondition(lambda self: self.expected)
    @rule(pick=PICKS, customer=st.sampled_from(IDS[:6]))
    def change_ones_mind(self, pick, customer):
        self.clear(pick, [(customer, True)])
        self.clear(pick, [(customer, False)])

    # What must be true whenever somebody looks.

    def ordered(self, customers):
        return customers[::-1] if self.backwards else customers

    @invariant()
    def every_page_together_is_everybody(self):
        for expected in [one for one in self.expected.values() if one.state == "announced"]:
            customers = self.ordered(expected.recipients)
            for channel in expected.channels:
                rows = self.whole(ROWS, CampaignID=expected.id, ChannelID=channel)
                assert [row["CustomerID"] for row in rows] == customers
            rows = self.whole("GetCustomerSendDetailsByCampaign", CampaignID=expected.id)
            wanted = [(channel, customer) for channel in expected.channels for customer in customers]
            assert [(row["ChannelID"], row["CustomerID"]) for row in rows] == wanted

    def whole(self, operation, **asked):
        """A list page by page to its end, by sevens."""
        rows = []
        while page := self.optimove.read(operation, **asked, **{"$top": 7, "$skip": len(rows)}):
            rows += page
        return rows

    @invariant()
    def cancelled_customers_are_there_for_two_hours(self):
        for expected in self.expected.values():
            reply = self.optimove.ask("GetCanceledCampaignCustomers", CampaignID=expected.id).reply
            cancelled = expected.cancelled_at is not None and expected.processed
            if cancelled and self.optimove.now <= expected.cancelled_at + 2 * HOUR:
                rows = self.optimove.read("GetCanceledCampaignCustomers", CampaignID=expected.id)
                assert [row["CustomerID"] for row in rows] == self.ordered(expected.recipients)
            else:
                assert reply.status == 404

    @invariant()
    def waiting_customers_are_there_while_they_wait(self):
        for expected in self.expected.values():
            reply = self.optimove.ask("GetProcessedCampaignCustomers", CampaignID=expected.id).reply
            assert reply.status == (200 if expected.state == "on_hold" else 404)
            if expected.state == "on_hold":
                rows = self.optimove.read("GetProcessedCampaignCustomers", CampaignID=expected.id)
                assert [row["CustomerID"] for row in rows] == self.ordered(expected.group)

    @invariant()
    def truth_names_everybody_once(self):
        owed = Counter((one["campaign"], one["channel"], one["customer"]) for one in self.optimove.owed())
        known = [
            one for one in self.expected.values() if one.announced or (one.processed and one.cancelled_at is not None)
        ]
        wanted = Counter((one.id, channel, c) for one in known for channel in one.channels for c in one.group)
        met = [customer for customer, visits in self.visits.items() if visits >= VISITS]
        assert owed == wanted + Counter((8001, 250, customer) for customer in met)

    @invariant()
    def listeners_heard_of_everything_once(self):
        wanted = {(event, one.id): times for one in self.expected.values() for event, times in one.told.items()}
        met = {("11", customer): 1 for customer, visits in self.visits.items() if visits >= VISITS}
        assert self.said == Counter(wanted | met)

    @invariant()
    def what_was_posted_is_what_is_shown(self):
        for expected in self.expected.values():
            told = report.of(self.optimove.world, self.optimove.state, expected.id, self.optimove.now)
            metrics = {(expected.id, one["metric"], one["template"]): one["value"] for one in told["metrics"]}
            assert metrics == {key: value for key, value in self.metrics.items() if key[0] == expected.id}
            assert sum(one["customers"] for one in told["interactions"]) == self.said_of(expected.id).total()
            assert (told["state"], told["recipients"]) == (expected.state, len(expected.recipients))
            assert sum(one["recipients"] for one in told["executions"]) == told["recipients"] * len(expected.channels)

    @invariant()
    def interactions_read_back_name_the_same_customers(self):
        for channel in CHANNELS:
            asked = {"ChannelID": channel, "EventID": 1, "Date": "2026-03-02"}
            rows = self.optimove.read("GetCampaignInteractionCustomers", **asked)
            mine = [one.id for one in self.expected.values() if one.channels[0] == channel]
            wanted = Counter({(id_, c): n for id_ in mine for c, n in self.said_of(id_).items()})
            assert Counter((row["CampaignID"], row["CustomerID"]) for row in rows) == wanted

    def said_of(self, campaign):
        return self.reported.get(campaign, Counter())


def test_nobody_is_lost_or_invented_whatever_happens():
    """Schedules, cancellations, clearances, pages, triggers, reports and time, in any order."""
    run_state_machine_as_test(Marketing, settings=settings(max_examples=tries(100), stateful_step_count=50))
