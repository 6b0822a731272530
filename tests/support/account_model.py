"""Books that a test keeps of a provider's account by itself, from what the journal learns; the account's must agree."""

from collections import Counter

from hypothesis.stateful import RuleBasedStateMachine, invariant

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.messaging.delivery_outcomes import TEST_NUMBERS, number_for_code
from sendproof_simulators.core.messaging.lifecycle import STEPS


def numbers_for_codes(country: str, serial: int = 0) -> list[str]:
    """A number for every code, so that everything happens that can be dialled."""
    return [number_for_code(country, test_number.code, serial) for test_number in TEST_NUMBERS]


class AccountModel(RuleBasedStateMachine):
    """What all providers have in common: messages live as the table says, and nobody's life begins without a delivery.

    `lives` has the states that each accepted message has come to, `tests` those that were none, `clicks` how often a
    link was followed, `stopped` the numbers that opted out since the beginning, in order.
    """

    def __init__(self):
        super().__init__()
        self.lives: dict[str, list[str]] = {}
        self.tests: set[str] = set()
        self.clicks: Counter[str] = Counter()
        self.stopped: list[str] = []

    def note(self, led_to: Effects) -> None:
        """Write down what a call or a timer led to."""
        for entry in led_to.entries:
            said = entry.fields
            match entry.kind:
                case "delivery" if said["test"]:
                    self.tests.add(said["message"])
                case "delivery":
                    assert said["message"] not in self.lives
                    self.lives[said["message"]] = []
                case "delivery_status":
                    self.lives[said["message"]].append(said["status"])
                case "click":
                    self.clicks[said["message"]] += 1
                case "opt_out":
                    self.stopped.append(said["number"])

    def state(self, message: str) -> str:
        """What a message has come to."""
        return (self.lives[message] or ["pending"])[-1]

    @invariant()
    def lives_keep_to_the_table(self):
        for states in self.lives.values():
            before = "pending"
            for state in states:
                assert state in STEPS[before]
                before = state

    @invariant()
    def links_are_followed_in_messages_that_went_out(self):
        assert self.clicks.keys() <= self.lives.keys()
