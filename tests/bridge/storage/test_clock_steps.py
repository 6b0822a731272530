"""Stored times after the clock was set."""

import json
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from sendproof_bridge.clock import DAY, HOUR, MINUTE, SECOND, SystemClock, Tick
from sendproof_bridge.storage import clock_steps, rate_limit, schema
from small_bridge import HELLO, NOON, ManualClock, bridge_config, open_small_bridge, recipient_row
from stand_in import Reply, StandIn

TOMORROW = NOON + DAY
JOB = (
    "INSERT INTO job (id, kind, lane, payload, due_at, state, attempts) VALUES ('j', :kind, '', '{}', :due, 'due', :n)"
)


def test_every_stored_time_has_its_rule():
    """A new column with a time must be in the table of the module."""
    columns = [(table.name, column.name) for table in schema.metadata.sorted_tables for column in table.columns]
    times = {"at", "until", "seen", "started", "sending_since"}
    named = [f"`{table}.{name}`" for table, name in columns if name.endswith(("_at", "_until")) or name in times]

    assert [name for name in named if name not in clock_steps.__doc__] == []
    assert len(named) == 13


@pytest.mark.parametrize(
    ("kind", "due", "attempts", "expected"),
    [
        ("push_metrics", TOMORROW + HOUR, 0, NOON + HOUR),
        ("send_triggered", TOMORROW, 0, NOON),
        ("fetch_page", TOMORROW + MINUTE, 3, NOON + MINUTE),
        ("send_batch", TOMORROW + MINUTE, 1, NOON + MINUTE),
        ("send_batch", TOMORROW - SECOND, 0, NOON - SECOND),
        ("send_batch", TOMORROW + HOUR, 0, TOMORROW + HOUR),
        ("fetch_page", 0, 0, 0),
    ],
)
def test_job_keeps_its_distance_unless_it_has_a_time_of_its_own(store, kind, due, attempts, expected):
    with store.write() as tx:
        tx.execute(text(JOB), {"kind": kind, "due": due, "n": attempts})
        clock_steps.shift(tx, NOON, -DAY)
        assert tx.execute(text("SELECT due_at FROM job")).scalar_one() == expected


def test_calls_from_the_future_do_not_count(store):
    """They stopped all calls to Optimove for a day."""
    for _ in range(rate_limit.MAX_CALLS):
        assert rate_limit.acquire_call(store, "acme", TOMORROW) is None

    assert rate_limit.acquire_call(store, "acme", NOON) is None


def test_pause_of_a_channel_keeps_its_length(store):
    with store.write() as tx:
        tx.execute(text("INSERT INTO backoff VALUES ('acme', 505, :until, 1)"), {"until": TOMORROW + MINUTE})
        clock_steps.shift(tx, NOON, -DAY)
        assert tx.execute(text("SELECT until FROM backoff")).scalar_one() == NOON + MINUTE


def test_clock_that_was_set_back_while_the_bridge_was_down_stops_nothing(bridge):
    bridge.clock.time = TOMORROW
    bridge.run()
    bridge.execute("UPDATE job SET due_at = :due WHERE kind = 'poll_opt_outs'", due=TOMORROW + HOUR)
    bridge.clock.time = NOON
    bridge.run()

    assert bridge.query("SELECT MAX(due_at) FROM job") <= [NOON + 6 * HOUR]


class SetClock(ManualClock):
    """A clock that is set whenever the bridge parks, while there are changes left."""

    def __init__(self, changes):
        super().__init__()
        self.changes = list(changes)

    def park(self, until, since):
        if not self.changes:
            return super().park(until, since)
        step = self.changes.pop()
        self.time += step
        return Tick(now=self.time, delivered=0, step=step)


CHANGES = st.lists(st.one_of(st.sampled_from([-DAY, DAY]), st.integers(-DAY, DAY)), max_size=3)


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_clock_set_at_random_loses_doubles_and_hurries_nothing(tmp_path_factory, stand_in_server, changes):
    """Each message goes out once, and never before the clock shows its time."""
    server, url = stand_in_server
    services = server.current = scheduled_campaign(url)
    folder, sent = tmp_path_factory.mktemp("bridge"), []
    config = bridge_config(folder, url, {"too_late_after_hours": 720})
    with open_small_bridge(folder, config, SetClock(changes)) as bridge:

        def accept(request):
            messages = json.loads(request.body["data"])["messages"]
            sent.extend((message["number"], bridge.clock.time >= NOON + 2 * HOUR) for message in messages)
            parts = [{"messages": [{"id": m["number"][-3:], "recipient": int(m["number"])}]} for m in messages]
            return Reply({"messages": parts, "messages_not_sent": [], "status": "success"})

        services.respond("bulk_json", accept)
        bridge.start_campaign()
        bridge.run(until=NOON + 3 * HOUR)

    assert Counter(sent) == Counter({("447123456789", True): 1, ("447123456788", True): 1})


def scheduled_campaign(url):
    """Return a stand-in for Optimove and Textlocal, with two customers who are due in two hours."""
    services = StandIn()
    services.url = url
    services.respond("get_templates", Reply({"templates": [HELLO], "status": "success"}))
    services.respond("GetChannelTemplates", Reply([]))
    services.respond("get_optouts", Reply({"optouts": [], "status": "success"}))
    services.respond("get_history_api", Reply({"messages": [], "status": "success"}))
    delivered = {"message": {"recipient": 1, "status": "D", "date": ""}, "status": "success"}
    services.respond("status_message", Reply(delivered))
    rows = [recipient_row(f"C{n}", f"0712345678{n}", at="2026-03-02 14:00:00") for n in (8, 9)]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    return services


class SetMachine:
    """A machine whose clock can be set, and whose counter cannot."""

    def __init__(self):
        self.passed, self.wrong = 0, 0

    def wall(self):
        return NOON + self.passed + self.wrong

    def elapsed(self):
        return self.passed


@pytest.mark.parametrize("step", [-DAY, DAY])
def test_system_clock_follows_a_change_that_lasts(step):
    machine = SetMachine()
    clock = SystemClock(machine.wall, machine.elapsed)
    machine.wrong = step
    steps = []
    for machine.passed in (0, 4 * MINUTE, 6 * MINUTE, 7 * MINUTE):
        steps.append(clock.park(0, 0).step)

    assert (steps, clock.now()) == ([0, 0, step, 0], NOON + step + 7 * MINUTE)


@given(st.lists(st.tuples(st.integers(1, 4 * MINUTE), st.integers(-DAY, DAY)), max_size=20))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_system_clock_ignores_changes_that_do_not_last(changes):
    machine = SetMachine()
    clock = SystemClock(machine.wall, machine.elapsed)
    for index, (passed, wrong) in enumerate(changes):
        machine.passed += passed
        machine.wrong = 0 if index % 2 else wrong
        assert (clock.park(0, 0).step, clock.now()) == (0, NOON + machine.passed)
