"""A model of a provider's account, built from the journal; state machine tests compare the account with it."""

from collections import Counter

from hypothesis.stateful import RuleBasedStateMachine, invariant

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.messaging.delivery_outcomes import TEST_NUMBERS, number_for_code
from sendproof_simulators.core.messaging.lifecycle import STEPS


def numbers_for_codes(country: str, serial: int = 0) -> list[str]:
    """Return a test number of every code, so that every outcome occurs."""
    return [number_for_code(country, test_number.code, serial) for test_number in TEST_NUMBERS]


class AccountModel(RuleBasedStateMachine):
    """The checks that all providers share: a message has a delivery first, and then takes valid steps.

    `states` has the states that each accepted message entered, in order; `tests` the messages in test mode; `clicks`
    the number of clicks per message; and `opted_out` and `opted_in` the numbers that opted out and in again since the
    start, in order.
    """

    def __init__(self):
        super().__init__()
        self.states: dict[str, list[str]] = {}
        self.tests: set[str] = set()
        self.clicks: Counter[str] = Counter()
        self.opted_out: list[str] = []
        self.opted_in: list[str] = []

    def record(self, effects: Effects) -> None:
        """Record the journal entries of a call or a timer."""
        for entry in effects.entries:
            fields = entry.fields
            match entry.kind:
                case "delivery" if fields["test"]:
                    self.tests.add(fields["message"])
                case "delivery":
                    assert fields["message"] not in self.states
                    self.states[fields["message"]] = []
                case "delivery_status":
                    self.states[fields["message"]].append(fields["status"])
                case "click":
                    self.clicks[fields["message"]] += 1
                case "opt_out":
                    self.opted_out.append(fields["number"])
                case "opt_in":
                    self.opted_in.append(fields["number"])

    def state(self, message: str) -> str:
        """Return the current state of a message."""
        return (self.states[message] or ["pending"])[-1]

    @invariant()
    def messages_take_valid_steps(self):
        for states in self.states.values():
            previous = "pending"
            for state in states:
                assert state in STEPS[previous]
                previous = state

    @invariant()
    def only_sent_messages_have_clicks(self):
        assert self.clicks.keys() <= self.states.keys()
