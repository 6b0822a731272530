"""The oracle: which documents it runs, how often, and what it remembers."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from repository import ROOT
from sendproof_harness.scenario.document import scenario_document
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.search.shrinking.budget import Budget, parse_budget
from sendproof_harness.search.shrinking.oracle import BudgetSpentError, Oracle, Rate, kind_of, target_of
from sendproof_harness.search.trial import FailedRequirement

LOST = FailedRequirement(
    number="R401",
    check="delivery.once",
    cause="3 messages lost",
    blame="bridge",
    count=3,
    is_root=False,
    customers=("C0000001",),
)
DOCUMENT = scenario_document(load_scenarios(ROOT / "mutants/scenarios/everyday.yaml")[0])


@dataclass
class Bridge:
    """A bridge that fails in the runs with these numbers; None is each run."""

    fails_in: frozenset[int] | None = None
    errors_in: frozenset[int] = frozenset()
    runs: list[object] = field(default_factory=list)

    def play(self, scenario):
        self.runs.append(scenario)
        has_failed = self.fails_in is None or len(self.runs) in self.fails_in
        is_error = len(self.runs) in self.errors_in
        failures = (LOST,) if has_failed and not is_error else ()
        return SimpleNamespace(failures=failures, error="no simulators" if is_error else "")


def oracle_of(bridge, folder, budget=100, **options):
    file = folder / "results.ndjson"
    is_spent = Budget(runs=budget).start()
    return Oracle(play=bridge.play, target=target_of(LOST), file=file, is_spent=is_spent, **options)


def test_document_is_run_once_and_remembered(tmp_path):
    bridge = Bridge()
    oracle = oracle_of(bridge, tmp_path)
    assert [oracle.fails(DOCUMENT), oracle.fails({**DOCUMENT, "name": "Other name"})] == [True, True]
    assert len(bridge.runs) == 1


def test_next_search_goes_on_with_the_results_of_an_interrupted_one(tmp_path):
    oracle_of(Bridge(), tmp_path).fails(DOCUMENT)
    bridge = Bridge()
    oracle = oracle_of(bridge, tmp_path)
    assert oracle.fails(DOCUMENT)
    assert (bridge.runs, oracle.runs, oracle.recalled_runs) == ([], 0, 1)


def test_invalid_document_takes_no_run(tmp_path):
    bridge = Bridge()
    assert not oracle_of(bridge, tmp_path).fails({**DOCUMENT, "templates": []})
    assert bridge.runs == []


def test_document_of_a_bridge_that_fails_in_half_of_its_runs_is_run_five_times(tmp_path):
    """Five passes in a row have a probability of 3%."""
    bridge = Bridge(fails_in=frozenset())
    assert not oracle_of(bridge, tmp_path, rate=Rate(failed=5, runs=10)).fails(DOCUMENT)
    assert len(bridge.runs) == 5


def test_one_failure_is_enough(tmp_path):
    bridge = Bridge(fails_in=frozenset({2}))
    assert oracle_of(bridge, tmp_path, rate=Rate(failed=5, runs=10)).fails(DOCUMENT)
    assert len(bridge.runs) == 2


def test_run_without_a_verdict_is_repeated(tmp_path):
    bridge = Bridge(errors_in=frozenset({1}))
    assert oracle_of(bridge, tmp_path).fails(DOCUMENT)
    assert len(bridge.runs) == 2


def test_spent_budget_ends_the_search_with_the_smallest_document(tmp_path):
    oracle = oracle_of(Bridge(), tmp_path, budget=1)
    oracle.fails(DOCUMENT)
    with pytest.raises(BudgetSpentError):
        oracle.fails({**DOCUMENT, "seed": 2})
    assert oracle.smallest == DOCUMENT


def test_details_of_a_cause_depend_on_other_recipients():
    """In summer alone, a bridge is an hour early; next to winter, it is on one side of the change of clocks."""
    alone, beside = "sent at local time: exactly 1 h early", "sent at local time: 1 h early on one side of the change"
    assert kind_of(alone) == kind_of(beside) != kind_of("sent late")


def test_reason_of_a_wrong_text_is_kept():
    cut, empty = "wrong text: the end was cut off", "wrong text: placeholders left empty: CITY"
    assert kind_of(cut) != kind_of(empty) == kind_of("wrong text: placeholders left empty: FIRST_NAME")


def test_same_cause_with_other_numbers_is_the_same_failure():
    assert kind_of("3 messages lost, 9,999 rows") == kind_of("1 messages lost, 12 rows")


@pytest.mark.parametrize(
    ("text", "budget"),
    [("200", Budget(runs=200)), ("1 run", Budget(runs=1)), ("10 minutes", Budget(seconds=600.0))],
)
def test_budget_is_a_number_of_runs_or_a_time(text, budget):
    assert parse_budget(text) == budget


@pytest.mark.parametrize("text", ["", "0", "ten", "-5", "10 weeks"])
def test_wrong_budget_is_refused_with_the_expected_form(text):
    with pytest.raises(ValueError, match="--budget: expected a number of runs or a time"):
        parse_budget(text)


def test_time_of_a_budget_ends():
    now = iter([0.0, 599.0, 600.0])
    is_spent = parse_budget("10 minutes").start(lambda: next(now))
    assert [is_spent(1_000), is_spent(1_001)] == [False, True]
