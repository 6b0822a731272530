"""The Message Log stays consistent under any sequence of calls."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, multiple, rule, run_state_machine_as_test

import account_model
from fuzzing import tries
from sendproof_simulators.core.clock.wall_clock import HOUR

AMERICANS = [f"+1212565010{index}" for index in range(3)] + [
    f"+{number}" for number in account_model.numbers_for_codes("US")
]
NUMBERS = st.sampled_from([*AMERICANS, "2125650100", "+12125", "+447700900123", "invalid"])
# The status in the log, by the state of a message; a message in another state is queued.
STATUSES = {"delivered": "delivered", "undelivered": "undelivered", "expired": "undelivered", "invalid": "undelivered"}
MAX_LIMIT = 500


class LogMachine(account_model.AccountModel):
    """Sends, advances the clock and reads the log.

    `accepted` are the ids of all accepted messages, `rejected` those of messages that were rejected later.
    `stop_senders` are the numbers that replied STOP.
    """

    new_account = None
    ids = Bundle("ids")

    def __init__(self):
        super().__init__()
        self.account = self.new_account()
        self.accepted: list[str] = []
        self.rejected: set[str] = set()
        self.stop_senders: set[str] = set()

    def record(self, effects):
        """Check that a number that replied STOP gets no more messages."""
        for entry in effects.entries:
            if entry.kind == "delivery" and not entry.fields["test"]:
                assert entry.fields["number"] not in self.stop_senders
            if entry.kind == "rejection":
                self.rejected.add(entry.fields["message"])
            if entry.kind == "inbound":
                self.stop_senders.add(entry.fields["number"])
        super().record(effects)

    @rule(target=ids, number=NUMBERS, has_variables=st.booleans(), testing=st.booleans(), has_url=st.booleans())
    def send(self, number, has_variables, testing, has_url):
        variables = {"FIRST_NAME": "Ann", "BALANCE": 12.5} if has_variables else None
        url = "https://example.com/" if has_url else None
        timers_before = len(self.account.timers)
        response = self.account.send_response(
            number, template_id=self.account.template, variables=variables, testing=testing, url=url
        )
        if response.status != 200:
            assert (self.account.entries("delivery"), len(self.account.timers)) == ([], timers_before)
            return multiple()
        self.record(self.account.last)
        self.accepted.append(self.account.newest_message()["message_id"])
        return self.accepted[-1]

    @rule(hours=st.sampled_from([0, 1, 30, 80]))
    def advance_clock(self, hours):
        for _, effects in self.account.run_until(self.account.now + hours * HOUR):
            self.record(effects)

    @rule(after=ids, limit=st.integers(1, 4))
    def read_page(self, after, limit):
        page = self.account.get("/messages", ("after", after), ("limit", str(limit)))
        start = self.accepted.index(after) + 1
        assert [message["message_id"] for message in page["messages"]] == self.accepted[start : start + limit]
        assert page["next"] == (self.accepted[start + limit - 1] if start + limit < len(self.accepted) else None)

    @rule(number=NUMBERS)
    def read_messages_of_number(self, number):
        found = self.account.get("/messages", ("limit", str(MAX_LIMIT)), ("phone_number", number))["messages"]
        assert found == [message for message in self.log() if message["phone_number"] == number]

    def log(self):
        return self.account.get("/messages", ("limit", str(MAX_LIMIT)))["messages"]

    @invariant()
    def log_contains_accepted_messages_in_order(self):
        assert [message["message_id"] for message in self.log()] == self.accepted

    @invariant()
    def stop_senders_are_opted_out(self):
        assert Counter(self.opted_out) == Counter(self.stop_senders)

    @invariant()
    def log_has_status_and_clicks_of_each_message(self):
        messages = self.log()
        found = {message["message_id"]: (message["status"], message["clicks"]) for message in messages}
        assert found == {id_: (self.expected_status(id_), self.clicks[id_]) for id_ in self.accepted}
        assert Counter(message["testing"] for message in messages)[True] == len(self.tests)

    def expected_status(self, id_):
        if id_ in self.tests or id_ in self.rejected:
            return "test" if id_ in self.tests else "rejected"
        return STATUSES.get(self.state(id_), "queued") if id_ in self.states else "queued"


@pytest.mark.parametrize("rejections", ["later", "at_once"])
def test_log_stays_consistent_under_any_calls(account_with, rejections):
    machine = type("DelivyrAccount", (LogMachine,), {"new_account": lambda _: account_with(rejections=rejections)})
    run_state_machine_as_test(machine, settings=settings(max_examples=tries(40), stateful_step_count=25))
