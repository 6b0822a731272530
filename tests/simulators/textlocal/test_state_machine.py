"""Whatever is done to an account in whatever order, its books balance."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, invariant, multiple, rule, run_state_machine_as_test

import books
from fuzzing import tries

NUMBERS = st.sampled_from(
    [
        *(str(447_700_900_000 + place) for place in range(6)),
        *(number for serial in (0, 1) for number in books.magic_numbers("GB", serial)),
        "12345",
        "+447700900001",
    ]
)
TEXTS = st.sampled_from(["Hi", "x" * 161, "Привет", "x" * 765, "x" * 766, ""])
STARTING = 500
COUNTERS = {"num_delivered": "D", "num_undelivered": "U", "num_expired": "E", "num_unknown": "?", "num_invalid": "I"}


class Account(books.Books):
    """Does things to an account; `paid` is what each batch cost, `recipients` how many it has."""

    opened: Callable[[], Any]
    batches = Bundle("batches")
    scheduled = Bundle("scheduled")

    def __init__(self):
        super().__init__()
        self.account = self.opened()
        self.account.set(credits=STARTING)
        self.paid: dict[int, int] = {}
        self.recipients: dict[int, int] = {}
        self.out_at_first = len(self.account.call("get_optouts")["optouts"])

    def sent(self, said):
        """Write a send into our own books."""
        if said["status"] == "failure":
            return None
        self.paid[said["batch_id"]] = said["cost"]
        self.recipients[said["batch_id"]] = said["num_messages"]
        self.note(self.account.last)
        return said["batch_id"]

    @rule(target=batches, numbers=st.lists(NUMBERS, max_size=5), text=TEXTS, optouts=st.booleans())
    def send(self, numbers, text, optouts):
        batch = self.sent(self.call("send", numbers=",".join(numbers), message=text, optouts=optouts))
        return multiple() if batch is None else batch

    @rule(target=scheduled, numbers=st.lists(NUMBERS, max_size=5), text=TEXTS, hours=st.integers(1, 100))
    def schedule(self, numbers, text, hours):
        when = self.account.now // 1000 + hours * 3600
        batch = self.sent(self.call("send", numbers=",".join(numbers), message=text, schedule_time=when))
        return multiple() if batch is None else batch

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=5))
    def test(self, numbers):
        self.call("send", numbers=",".join(numbers), message="Hi", test=True)

    @rule(batch=consumes(scheduled))
    def cancel(self, batch):
        waiting = {int(row["id"]) for row in self.account.call("get_scheduled")["scheduled"]}
        said = self.account.call("cancel_scheduled", sent_id=batch)
        assert (said["status"] == "success") == (batch in waiting)
        if batch in waiting:
            del self.paid[batch], self.recipients[batch]

    @rule(number=NUMBERS)
    def opt_out(self, number):
        self.account.call("create_contacts", numbers=number, group_id=6)
        self.note(self.account.last)

    @rule(hours=st.integers(0, 80))
    def live(self, hours):
        for _, led_to in self.account.live_until(self.account.now + hours * 3_600_000):
            self.note(led_to)

    @rule(start=st.integers(0, 12), limit=st.integers(1, 6), order=st.sampled_from(["asc", "desc"]))
    def read_a_page(self, start, limit, order):
        whole = self.account.call("get_history_api", sort_order=order)
        page = self.account.call("get_history_api", sort_order=order, start=start, limit=limit)
        assert page["messages"] == whole["messages"][start : start + limit]
        assert page["total"] == whole["total"] == len(whole["messages"])

    def call(self, command, **fields):
        said = self.account.ask_anyhow(command, **fields)
        if said["status"] == "failure":
            assert self.account.facts("delivery") == []
        return said

    @invariant()
    def credits_balance(self):
        assert self.account.call("balance")["balance"]["sms"] == STARTING - sum(self.paid.values())

    @invariant()
    def history_and_schedule_hold_every_batch(self):
        rows = self.account.call("get_history_api")["messages"]
        waiting = self.account.call("get_scheduled")["scheduled"]
        found = Counter(row["batch_id"] for row in rows) + Counter(
            {int(row["id"]): int(row["howmany"]) for row in waiting}
        )
        assert found == Counter(self.recipients)
        assert sum(row["num_credits"] for row in rows) <= sum(self.paid.values())

    @invariant()
    def reports_count_every_message(self):
        for batch, count in self.recipients.items():
            said = self.account.call("status_batch", batch_id=batch)
            letters = Counter(row["status"] for row in said["messages"])
            assert {name: said[name] for name in COUNTERS} == {name: letters[COUNTERS[name]] for name in COUNTERS}
            assert letters.total() == said["num_messages"] == count

    @invariant()
    def opt_outs_are_all_there(self):
        assert len(self.account.call("get_optouts")["optouts"]) == self.out_at_first + len(self.stopped)


def test_books_balance_whatever_happens(new_account, contract):
    """Credits, counters, histories, opt-outs and every message's life, under sends, cancels, replies and time."""
    books = type("BooksOfAnAccount", (Account,), {"opened": lambda _: new_account(contract)})
    run_state_machine_as_test(books, settings=settings(max_examples=tries(50), stateful_step_count=30))
