"""The simulators obey every limit, default and bound of the contracts that they start with."""

from collections.abc import Iterator
from functools import partial

import pytest

from changed_contracts import LimitCase, change_limits, limit_cases
from limit_probes import BY_SERVICE, FRESH, PROBES
from local_simulators import LocalSandbox, LocalSimulators, local_simulators

CASES = limit_cases()


def changed_number(case: LimitCase) -> int:
    """Return the number that replaces the one in the contract: another one for each option of a dialect."""
    options = [other.option for other in CASES if other.name == case.name and other.operation == case.operation]
    return PROBES[case.service, case.name].number + (0 if case.is_condition else options.index(case.option))


@pytest.fixture(scope="module")
def original() -> Iterator[LocalSimulators]:
    """Return simulators with the contracts as they are."""
    with local_simulators() as simulators:
        yield simulators


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSimulators]:
    """Return simulators with another number in each entry of `x-limits`."""
    folder = tmp_path_factory.mktemp("contracts")
    change_limits(folder, {case: changed_number(case) for case in CASES if (case.service, case.name) in PROBES})
    with local_simulators(folder) as simulators:
        yield simulators


def accepts(simulators: LocalSimulators, case: LimitCase, number: int) -> bool:
    """Return True if the simulators accept a request with this number of what is limited."""
    probe = PROBES[case.service, case.name]
    dialects = {**(probe.dialects or {}), **case.dialects}
    sandbox: LocalSandbox
    if case.name in FRESH:
        sandbox = simulators.sandbox(rate_limits=case.name == "requests", **dialects)
    else:
        sandbox = simulators.shared_sandbox(**dialects)
    return probe.accepts(sandbox, case.service if case.name in BY_SERVICE else case.operation, number)


@pytest.mark.parametrize("case", [case for case in CASES if case.name == "requests"], ids=str)
def test_window_of_a_rate_limit_is_the_one_in_the_contract(case: LimitCase, changed) -> None:
    """After five seconds, the first requests no longer count."""
    sandbox = changed.sandbox(rate_limits=True, **case.dialects)
    accepts_one = partial(PROBES[case.service, case.name].accepts, sandbox, case.service)
    assert accepts_one(changed_number(case))
    sandbox.wait(4_999)
    assert not accepts_one(1)
    sandbox.wait(1)
    assert accepts_one(1)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_limit_is_the_one_in_the_contract(case: LimitCase, original, changed) -> None:
    """A limit without a probe fails here: add one to `limit_probes.py`."""
    number = changed_number(case)
    beyond = number + 1 if case.bound == "most" else number - 1
    assert (accepts(changed, case, number), accepts(changed, case, beyond)) == (True, False)
    assert accepts(original, case, beyond)
