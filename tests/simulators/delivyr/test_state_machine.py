"""Whatever is sent in whatever order, the Message Log balances."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, multiple, rule, run_state_machine_as_test

import books
from fuzzing import tries
from sendproof_simulators.core.clock import HOUR

AMERICANS = [f"+1212565010{place}" for place in range(3)] + [f"+{number}" for number in books.magic_numbers("US")]
NUMBERS = st.sampled_from([*AMERICANS, "2125650100", "+12125", "+447700900123", "nobody"])
# What the log says of a message, by what it has come to; nothing is told of one that stays unknown.
TOLD = {"delivered": "delivered", "undelivered": "undelivered", "expired": "undelivered", "invalid": "undelivered"}
ALL = 500


class Log(books.Books):
    """Sends, waits, reads; `taken` are the ids of all that were taken, `rejected` of those that were not sent on."""

    opened = None
    ids = Bundle("ids")

    def __init__(self):
        super().__init__()
        self.account = self.opened()
        self.taken: list[str] = []
        self.rejected: set[str] = set()
        self.wrote_stop: set[str] = set()

    def note(self, led_to):
        """Nobody who wrote STOP gets another message."""
        for fact in led_to.facts:
            if fact.kind == "delivery" and not fact.fields["test"]:
                assert fact.fields["number"] not in self.wrote_stop
            if fact.kind == "rejection":
                self.rejected.add(fact.fields["message"])
            if fact.kind == "inbound":
                self.wrote_stop.add(fact.fields["number"])
        super().note(led_to)

    @rule(target=ids, number=NUMBERS, named=st.booleans(), testing=st.booleans(), url=st.booleans())
    def send(self, number, named, testing, url):
        variables = {"FIRST_NAME": "Ann", "BALANCE": 12.5} if named else None
        link = "https://example.com/" if url else None
        before = len(self.account.timers)
        reply = self.account.try_to_send(
            number, template_id=self.account.template, variables=variables, testing=testing, url=link
        )
        if reply.status != 200:
            assert (self.account.facts("delivery"), len(self.account.timers)) == ([], before)
            return multiple()
        self.note(self.account.last)
        self.taken.append(self.account.entry()["message_id"])
        return self.taken[-1]

    @rule(hours=st.sampled_from([0, 1, 30, 80]))
    def live(self, hours):
        for _, led_to in self.account.live_until(self.account.now + hours * HOUR):
            self.note(led_to)

    @rule(after=ids, limit=st.integers(1, 4))
    def read_a_page(self, after, limit):
        page = self.account.get("/messages", ("after", after), ("limit", str(limit)))
        start = self.taken.index(after) + 1
        assert [entry["message_id"] for entry in page["messages"]] == self.taken[start : start + limit]
        assert page["next"] == (self.taken[start + limit - 1] if start + limit < len(self.taken) else None)

    @rule(number=NUMBERS)
    def read_of_one_number(self, number):
        whole = self.account.get("/messages", ("limit", str(ALL)))["messages"]
        found = self.account.get("/messages", ("limit", str(ALL)), ("phone_number", number))["messages"]
        assert found == [entry for entry in whole if entry["phone_number"] == number]

    @invariant()
    def the_log_holds_all_that_was_taken_in_order(self):
        entries = self.account.get("/messages", ("limit", str(ALL)))["messages"]
        assert [entry["message_id"] for entry in entries] == self.taken

    @invariant()
    def whoever_wrote_stop_is_out(self):
        assert Counter(self.stopped) == Counter(self.wrote_stop)

    @invariant()
    def each_has_the_standing_that_was_told(self):
        entries = self.account.get("/messages", ("limit", str(ALL)))["messages"]
        said = {entry["message_id"]: (entry["status"], entry["clicks"]) for entry in entries}
        assert said == {id_: (self.standing(id_), self.clicks[id_]) for id_ in self.taken}
        assert Counter(entry["testing"] for entry in entries)[True] == len(self.tests)

    def standing(self, id_):
        if id_ in self.tests or id_ in self.rejected:
            return "test" if id_ in self.tests else "rejected"
        return TOLD.get(self.state(id_), "queued") if id_ in self.lives else "queued"


@pytest.mark.parametrize("rejections", ["later", "at_once"])
def test_the_log_balances_whatever_happens(account_that, rejections):
    """Entries, standings, clicks, tests, rejections and every message's life, under sends, replies and time."""
    machine = type("LogOfAnAccount", (Log,), {"opened": lambda _: account_that(rejections=rejections)})
    run_state_machine_as_test(machine, settings=settings(max_examples=tries(40), stateful_step_count=25))
