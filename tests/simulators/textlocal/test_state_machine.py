"""An account stays consistent under any sequence of calls."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, invariant, multiple, rule, run_state_machine_as_test

import account_model
from fuzzing import tries

NUMBERS = st.sampled_from(
    [
        *(str(447_700_900_000 + index) for index in range(6)),
        *(number for serial in (0, 1) for number in account_model.numbers_for_codes("GB", serial)),
        "12345",
        "+447700900001",
    ]
)
TEXTS = st.sampled_from(["Hi", "x" * 161, "Привет", "x" * 765, "x" * 766, ""])
STARTING_CREDITS = 500
COUNTERS = {"num_delivered": "D", "num_undelivered": "U", "num_expired": "E", "num_unknown": "?", "num_invalid": "I"}


class AccountMachine(account_model.AccountModel):
    """Makes calls to an account. `costs` has the cost of each batch, `recipients` the number of its messages."""

    new_account: Callable[[], Any]
    batches = Bundle("batches")
    scheduled = Bundle("scheduled")

    def __init__(self):
        super().__init__()
        self.account = self.new_account()
        self.account.set(credits=STARTING_CREDITS)
        self.costs: dict[int, int] = {}
        self.recipients: dict[int, int] = {}
        self.initial_opt_outs = len(self.account.call("get_optouts")["optouts"])

    @rule(target=batches, numbers=st.lists(NUMBERS, max_size=5), text=TEXTS, optouts=st.booleans())
    def send(self, numbers, text, optouts):
        return self.recorded_batch(self.call("send", numbers=",".join(numbers), message=text, optouts=optouts))

    @rule(target=scheduled, numbers=st.lists(NUMBERS, max_size=5), text=TEXTS, hours=st.integers(1, 100))
    def schedule(self, numbers, text, hours):
        send_at = self.account.now // 1000 + hours * 3600
        return self.recorded_batch(self.call("send", numbers=",".join(numbers), message=text, schedule_time=send_at))

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=5))
    def send_in_test_mode(self, numbers):
        self.call("send", numbers=",".join(numbers), message="Hi", test=True)

    @rule(batch=consumes(scheduled))
    def cancel(self, batch):
        scheduled = {int(row["id"]) for row in self.account.call("get_scheduled")["scheduled"]}
        result = self.account.call("cancel_scheduled", sent_id=batch)
        assert (result["status"] == "success") == (batch in scheduled)
        if batch in scheduled:
            del self.costs[batch], self.recipients[batch]

    @rule(number=NUMBERS)
    def opt_out(self, number):
        self.account.call("create_contacts", numbers=number, group_id=6)
        self.record(self.account.last)

    @rule(hours=st.integers(0, 80))
    def advance_clock(self, hours):
        for _, effects in self.account.run_until(self.account.now + hours * 3_600_000):
            self.record(effects)

    @rule(start=st.integers(0, 12), limit=st.integers(1, 6), order=st.sampled_from(["asc", "desc"]))
    def read_page(self, start, limit, order):
        history = self.account.call("get_history_api", sort_order=order)
        page = self.account.call("get_history_api", sort_order=order, start=start, limit=limit)
        assert page["messages"] == history["messages"][start : start + limit]
        assert page["total"] == history["total"] == len(history["messages"])

    def call(self, command, **fields):
        """Make a call; a refused one must not send anything."""
        result = self.account.call_any_status(command, **fields)
        if result["status"] == "failure":
            assert self.account.entries("delivery") == []
        return result

    def recorded_batch(self, result):
        """Record the batch of a send and return its id, or nothing if the send was refused."""
        if result["status"] == "failure":
            return multiple()
        self.costs[result["batch_id"]] = result["cost"]
        self.recipients[result["batch_id"]] = result["num_messages"]
        self.record(self.account.last)
        return result["batch_id"]

    @invariant()
    def credits_match_costs(self):
        assert self.account.call("balance")["balance"]["sms"] == STARTING_CREDITS - sum(self.costs.values())

    @invariant()
    def every_batch_is_in_history_or_schedule(self):
        rows = self.account.call("get_history_api")["messages"]
        scheduled = self.account.call("get_scheduled")["scheduled"]
        found = Counter(row["batch_id"] for row in rows) + Counter(
            {int(row["id"]): int(row["howmany"]) for row in scheduled}
        )
        assert found == Counter(self.recipients)
        assert sum(row["num_credits"] for row in rows) <= sum(self.costs.values())

    @invariant()
    def batch_counters_match_messages(self):
        for batch, count in self.recipients.items():
            result = self.account.call("status_batch", batch_id=batch)
            codes = Counter(row["status"] for row in result["messages"])
            assert {name: result[name] for name in COUNTERS} == {name: codes[COUNTERS[name]] for name in COUNTERS}
            assert codes.total() == result["num_messages"] == count

    @invariant()
    def every_opt_out_is_listed(self):
        expected = self.initial_opt_outs + len(self.opted_out) - len(self.opted_in)
        assert len(self.account.call("get_optouts")["optouts"]) == expected


def test_account_stays_consistent_under_any_calls(account_class, contract):
    machine = type("TextlocalAccount", (AccountMachine,), {"new_account": lambda _: account_class(contract)})
    run_state_machine_as_test(machine, settings=settings(max_examples=tries(50), stateful_step_count=30))
