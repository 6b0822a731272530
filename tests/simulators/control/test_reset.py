"""A reset sandbox is as it was created."""

from running import RunningSimulators
from sandbox_by_hand import sandbox_by_hand

NUMBER = "447123456789"
HOUR = 3_600_000


def test_reset_forgets_what_happened_and_keeps_the_credentials(simulators: RunningSimulators) -> None:
    box = sandbox_by_hand(simulators, dialects={"optimove.empty_result": "no_content"})
    digest = box.call("GET", "/digest")
    first = box.textlocal(NUMBER, "Hello")
    box.schedule(7001, customers=10)
    box.advance(HOUR)
    again = box.call("POST", "/reset")
    assert again == box.made
    assert box.call("GET", "/digest") == digest
    assert (box.call("GET", "/requests")["items"], box.call("GET", "/campaigns")) == ([], [])
    assert box.textlocal(NUMBER, "Hello") == first


def test_history_after_a_reset_is_that_of_a_new_sandbox(simulators: RunningSimulators) -> None:
    box = sandbox_by_hand(simulators)
    histories = []
    for _ in range(2):
        box.textlocal(NUMBER, "Hello")
        box.advance(HOUR)
        lines = simulators.history(box.made["sandbox"])
        histories.append([{**line, "real": 0} for line in lines])
        box.call("POST", "/reset")
    assert histories[0] == histories[1]


def test_reset_of_a_shared_clock_is_refused_with_the_remedy(simulators: RunningSimulators) -> None:
    box = sandbox_by_hand(simulators)
    other = sandbox_by_hand(simulators, clock={"mode": "shared", "with": box.made["sandbox"]})
    name = other.made["sandbox"]
    assert box.refusal("POST", "/reset") == (409, f"the sandbox shares its clock with {name}; delete them first")


def test_key_that_was_added_is_gone_after_a_reset(simulators: RunningSimulators) -> None:
    box = sandbox_by_hand(simulators)
    added = box.call("POST", "/services/optimove/keys", {"name": "second"})
    box.call("POST", "/reset")
    names = [key["name"] for key in box.call("GET", "/services/optimove/keys")]
    assert (added["name"] in names, "bridge" in names) == (False, True)
