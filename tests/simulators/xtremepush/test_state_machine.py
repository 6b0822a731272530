"""Whatever is done to a project in whatever order, its books balance."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, rule, run_state_machine_as_test

import books
from fuzzing import tries
from sendproof_simulators.core.clock import HOUR, SECOND
from sendproof_simulators.core.fates import BY_CODE, MAGIC
from sendproof_simulators.xtremepush import PROVIDER

USERS = [f"U{place}" for place in range(6)]
CODES = [magic.code for magic in MAGIC]
ALL = 5_000


@dataclass
class Person:
    """What was imported of a user last, and whether STOP came since."""

    number: str
    subscribed: bool
    suppressed: bool

    def gets(self) -> bool:
        """Whether a message to them goes out."""
        refusal = BY_CODE[self.number[-2:]].fate.refusal if self.number.startswith("447555") else None
        return bool(self.number) and self.subscribed and not self.suppressed and refusal is None


@dataclass
class Order:
    """One execution that was accepted: whom for, when, and whether its text lacks a variable."""

    users: list[str]
    at: int
    lacking: bool


class Project(books.Books):
    """Imports people, executes campaigns now and later, deletes some, waits and reads.

    `owners` has every number that somebody had. `reached` counts the messages of each execution, `rejected` the targets
    without one: True for unknown users.
    """

    opened = None
    campaigns = Bundle("campaigns")

    def __init__(self):
        super().__init__()
        self.project = self.opened()
        self.people: dict[str, Person] = {}
        self.owners: dict[str, str] = {}
        self.orders: dict[int, Order] = {}
        self.reached: Counter[int] = Counter()
        self.rejected: Counter[bool] = Counter()
        self.project.settle(suppression={"attribute": "EXCLUDED", "daily_at": None})

    @initialize(target=campaigns)
    def plain(self):
        return self.project.template("Hello", "Plain"), False

    @rule(target=campaigns, lacking=st.booleans())
    def template(self, lacking):
        return self.project.template("Hello {{unknown}}" if lacking else "Hello {{user_id}}"), lacking

    @rule(campaign=campaigns)
    def delete(self, campaign):
        id_, _ = campaign
        if id_ in self.project.state.campaigns and len(self.project.state.campaigns) > 1:
            PROVIDER.templates.delete(self.project.state, self.project.now, str(id_))

    @rule(
        user=st.sampled_from(USERS),
        code=st.sampled_from([None, "", *CODES]),
        subscribed=st.booleans(),
        suppressed=st.sampled_from([False, False, True]),
    )
    def take_in(self, user, code, subscribed, suppressed):
        place = USERS.index(user)
        number = f"44770090000{place}" if code is None else code and f"447555000{place}{code}"
        self.project.know((user, number), subscribed=int(subscribed), EXCLUDED=str(suppressed).lower())
        self.people[user], self.owners[number] = Person(number, subscribed, suppressed), user

    @rule(
        campaign=campaigns,
        users=st.lists(st.sampled_from([*USERS, "nobody"]), min_size=1, max_size=4),
        hours=st.sampled_from([0, 0, 1, 50]),
    )
    def execute(self, campaign, users, hours):
        (id_, lacking), at = campaign, self.project.now + hours * HOUR
        time = {"time": at // SECOND} if hours else {}
        said = self.project.call("execute/campaign", id=id_, target_by="user_id", target=users, **time)
        if id_ not in self.project.state.campaigns:
            assert (said["code"], self.project.last.facts, self.project.last.timers) == (404, (), ())
            return
        self.orders[said["model"]["id"]] = Order(users, at, lacking)
        self.note(self.project.last)
        self.live(0)

    @rule(hours=st.sampled_from([0, 1, 30, 80]))
    def live(self, hours):
        for led_to in self.project.live_until(self.project.now + hours * HOUR):
            self.note(led_to)

    def note(self, led_to):
        """An execution reaches whom it may, as they are known at that moment."""
        sent = [fact.fields for fact in led_to.facts if fact.kind == "delivery"]
        for batch in {int(fields["batch"]) for fields in sent}:
            order = self.orders[batch]
            meant = [self.people[user] for user in order.users if user in self.people]
            assert [fields["number"] for fields in sent] == [one.number for one in meant if one.gets()]
            assert not order.lacking
            self.reached[batch] = len(sent)
        self.rejected.update(fact.fields["text"] == "" for fact in led_to.facts if fact.kind == "rejection")
        super().note(led_to)
        for fact in led_to.facts:
            if fact.kind == "opt_out":
                self.people[self.owners[fact.fields["number"]]].subscribed = False

    @rule(offset=st.integers(0, 8), limit=st.integers(1, 5), order=st.sampled_from(["id ASC", "id DESC"]))
    def read_a_page(self, offset, limit, order):
        whole = self.rows("list/message", order=[order])
        page = self.rows("list/message", order=[order], offset=offset, limit=limit)
        assert page == whole[offset : offset + limit]

    @rule(campaign=campaigns, error=st.sampled_from([0, 1]))
    def read_of_one_campaign(self, campaign, error):
        wanted = [["campaign_id", "=", campaign[0]], ["error", "=", error]]
        found = self.rows("list/message", condition=wanted)
        whole = self.rows("list/message")
        assert found == [row for row in whole if (row["campaign_id"], row["error"]) == (campaign[0], error)]

    def rows(self, method, **asked):
        return self.project.call(method, **{"limit": ALL, **asked})["data"]

    @invariant()
    def every_target_is_accounted_for(self):
        due = [order for order in self.orders.values() if order.at <= self.project.now]
        targets = sum(len(order.users) for order in due)
        assert targets == self.reached.total() + self.rejected.total() == len(self.lives) + self.rejected.total()
        assert len(self.rows("list/message")) == targets - self.rejected[True]

    @invariant()
    def each_message_says_what_became_of_it(self):
        rows = {str(row["id"]): row for row in self.rows("list/message")}
        for message in self.lives:
            row, state = rows[message], self.state(message)
            assert (row["delivery"], row["click"]) == (int(state == "delivered"), int(self.clicks[message] > 0))
            assert row["error"] == int(state in {"undelivered", "expired", "invalid"})
        assert all(row["error"] for id_, row in rows.items() if id_ not in self.lives)

    @invariant()
    def both_lists_tell_the_same(self):
        said = [(row["campaign_id"], row["error"], row["error_message"]) for row in self.rows("list/message")]
        devices = self.rows("list/push-devices")
        assert [(row["campaign_id"], row["error"], row["error_message"]) for row in devices] == said
        assert {row["action_id"] for row in devices} <= self.orders.keys()

    @invariant()
    def subscriptions_are_as_they_were_imported_and_stopped(self):
        profiles = {
            row["user_id"]: (row["mobile_number"], row["sms_subscription"]) for row in self.rows("list/profile")
        }
        assert profiles == {user: (one.number, int(one.subscribed)) for user, one in self.people.items()}


@pytest.mark.parametrize("execution", ["async", "sync"])
def test_books_balance_whatever_happens(new_project, execution):
    """Messages, errors, clicks, subscriptions and every message's life, under imports, executions, STOP and time."""
    machine = type("BooksOfAProject", (Project,), {"opened": lambda _: new_project(execution=execution)})
    run_state_machine_as_test(machine, settings=settings(max_examples=tries(40), stateful_step_count=25))
