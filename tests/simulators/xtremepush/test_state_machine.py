"""A project stays consistent under any sequence of calls."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, rule, run_state_machine_as_test

import account_model
from fuzzing import tries
from sendproof_simulators.core.clock.wall_clock import HOUR, SECOND
from sendproof_simulators.core.messaging.delivery_outcomes import BY_CODE, TEST_NUMBERS
from sendproof_simulators.services.xtremepush import SIMULATOR

USERS = [f"U{index}" for index in range(6)]
CODES = [test_number.code for test_number in TEST_NUMBERS]
MAX_LIMIT = 5_000


@dataclass
class User:
    """The last imported values of a user; STOP ends the subscription."""

    number: str
    subscribed: bool
    suppressed: bool

    def is_reachable(self) -> bool:
        """Return True if a message to the user goes out."""
        refusal = BY_CODE[self.number[-2:]].outcome.refusal if self.number.startswith("447555") else None
        return bool(self.number) and self.subscribed and not self.suppressed and refusal is None


@dataclass
class ExpectedExecution:
    """An accepted execution: its users, its time, and if its text has a variable without a value."""

    users: list[str]
    at: int
    lacks_variable: bool


class ProjectMachine(account_model.AccountModel):
    """Imports users, executes campaigns now and later, deletes some, advances the clock and reads the lists.

    `owners` has the user of every imported number. `accepted` counts the messages of each execution, `rejected` the
    targets without one, under True for unknown users.
    """

    new_project = None
    campaigns = Bundle("campaigns")

    def __init__(self):
        super().__init__()
        self.project = self.new_project()
        self.users: dict[str, User] = {}
        self.owners: dict[str, str] = {}
        self.executions: dict[int, ExpectedExecution] = {}
        self.accepted: Counter[int] = Counter()
        self.rejected: Counter[bool] = Counter()
        self.project.set(suppression={"attribute": "EXCLUDED", "daily_at": None})

    @initialize(target=campaigns)
    def create_plain_template(self):
        return self.project.template("Hello", "Plain"), False

    @rule(target=campaigns, lacks_variable=st.booleans())
    def create_template(self, lacks_variable):
        return self.project.template("Hello {{unknown}}" if lacks_variable else "Hello {{user_id}}"), lacks_variable

    @rule(campaign=campaigns)
    def delete_template(self, campaign):
        id_, _ = campaign
        if id_ in self.project.state.campaigns and len(self.project.state.campaigns) > 1:
            SIMULATOR.templates.delete(self.project.state, self.project.now, str(id_))

    @rule(
        user=st.sampled_from(USERS),
        code=st.sampled_from([None, "", *CODES]),
        subscribed=st.booleans(),
        suppressed=st.sampled_from([False, False, True]),
    )
    def import_user(self, user, code, subscribed, suppressed):
        index = USERS.index(user)
        number = f"44770090000{index}" if code is None else code and f"447555000{index}{code}"
        self.project.import_users((user, number), subscribed=int(subscribed), EXCLUDED=str(suppressed).lower())
        self.users[user], self.owners[number] = User(number, subscribed, suppressed), user

    @rule(
        campaign=campaigns,
        users=st.lists(st.sampled_from([*USERS, "unknown"]), min_size=1, max_size=4),
        hours=st.sampled_from([0, 0, 1, 50]),
    )
    def execute(self, campaign, users, hours):
        (id_, lacks_variable), at = campaign, self.project.now + hours * HOUR
        time = {"time": at // SECOND} if hours else {}
        result = self.project.call("execute/campaign", id=id_, target_by="user_id", target=users, **time)
        if id_ not in self.project.state.campaigns:
            refused = [entry.fields["customer"] for entry in self.project.last.entries]
            assert (result["code"], refused, self.project.last.timers) == (404, users, ())
            return
        self.executions[result["model"]["id"]] = ExpectedExecution(users, at, lacks_variable)
        self.record(self.project.last)
        self.advance_clock(0)

    @rule(hours=st.sampled_from([0, 1, 30, 80]))
    def advance_clock(self, hours):
        for effects in self.project.run_until(self.project.now + hours * HOUR):
            self.record(effects)

    def record(self, effects):
        """Check that an execution reaches the users who are reachable at its time."""
        sent = [entry.fields for entry in effects.entries if entry.kind == "delivery"]
        for batch in {int(fields["batch"]) for fields in sent}:
            execution = self.executions[batch]
            targets = [self.users[user] for user in execution.users if user in self.users]
            assert [fields["number"] for fields in sent] == [user.number for user in targets if user.is_reachable()]
            assert not execution.lacks_variable
            self.accepted[batch] = len(sent)
        self.rejected.update(entry.fields["text"] == "" for entry in effects.entries if entry.kind == "rejection")
        super().record(effects)
        for entry in effects.entries:
            if entry.kind == "opt_out":
                self.users[self.owners[entry.fields["number"]]].subscribed = False

    @rule(offset=st.integers(0, 8), limit=st.integers(1, 5), order=st.sampled_from(["id ASC", "id DESC"]))
    def read_page(self, offset, limit, order):
        rows = self.rows("list/message", order=[order])
        page = self.rows("list/message", order=[order], offset=offset, limit=limit)
        assert page == rows[offset : offset + limit]

    @rule(campaign=campaigns, error=st.sampled_from([0, 1]))
    def read_rows_of_campaign(self, campaign, error):
        condition = [["campaign_id", "=", campaign[0]], ["error", "=", error]]
        found = self.rows("list/message", condition=condition)
        rows = self.rows("list/message")
        assert found == [row for row in rows if (row["campaign_id"], row["error"]) == (campaign[0], error)]

    def rows(self, method, **parameters):
        return self.project.call(method, **{"limit": MAX_LIMIT, **parameters})["data"]

    @invariant()
    def every_target_is_accepted_or_rejected(self):
        due = [execution for execution in self.executions.values() if execution.at <= self.project.now]
        targets = sum(len(execution.users) for execution in due)
        assert targets == self.accepted.total() + self.rejected.total() == len(self.states) + self.rejected.total()
        assert len(self.rows("list/message")) == targets - self.rejected[True]

    @invariant()
    def message_rows_match_states_and_clicks(self):
        rows = {str(row["id"]): row for row in self.rows("list/message")}
        for message in self.states:
            row, state = rows[message], self.state(message)
            assert (row["delivery"], row["click"]) == (int(state == "delivered"), int(self.clicks[message] > 0))
            assert row["error"] == int(state in {"undelivered", "expired", "invalid"})
        assert all(row["error"] for id_, row in rows.items() if id_ not in self.states)

    @invariant()
    def both_lists_have_equal_errors(self):
        errors = [(row["campaign_id"], row["error"], row["error_message"]) for row in self.rows("list/message")]
        devices = self.rows("list/push-devices")
        assert [(row["campaign_id"], row["error"], row["error_message"]) for row in devices] == errors
        assert {row["action_id"] for row in devices} <= self.executions.keys()

    @invariant()
    def subscriptions_match_imports_and_opt_outs(self):
        profiles = {
            row["user_id"]: (row["mobile_number"], row["sms_subscription"]) for row in self.rows("list/profile")
        }
        assert profiles == {id_: (user.number, int(user.subscribed)) for id_, user in self.users.items()}


@pytest.mark.parametrize("execution", ["async", "sync"])
def test_project_stays_consistent_under_any_calls(new_project, execution):
    machine = type("XtremepushProject", (ProjectMachine,), {"new_project": lambda _: new_project(execution=execution)})
    run_state_machine_as_test(machine, settings=settings(max_examples=tries(40), stateful_step_count=25))
