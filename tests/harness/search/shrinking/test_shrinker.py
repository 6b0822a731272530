"""The whole search, with a function in place of a bridge: reproduction, rates, budget, and the name of the result."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from repository import ROOT
from sendproof_harness.scenario.document import scenario_document
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.search.shrinking.budget import Budget
from sendproof_harness.search.shrinking.oracle import Rate, target_of
from sendproof_harness.search.shrinking.shrinker import Failure, NotReproducedError, Search, shrink
from sendproof_harness.search.trial import FailedRequirement

FOLDER = Path("scratch-17/trial-00004")
LATE = FailedRequirement(
    number="R404",
    check="delivery.time",
    cause="sent late: by 5 min",
    blame="bridge",
    count=1,
    is_root=False,
    customers=(),
    expected="09:00",
    got=f"09:05, see {FOLDER}/bridge.log",
)
FAILURE = Failure(
    document=scenario_document(load_scenarios(ROOT / "mutants/scenarios/everyday.yaml")[0]),
    failed=LATE,
    target=target_of(LATE),
    title="Messages go out at the scheduled UTC time",
)


@dataclass
class Session:
    """A session of a bridge that fails in the runs with these numbers, modulo ten; None is each run."""

    fails_in: frozenset[int] | None = None
    control_url: str = ""
    played: list[object] = field(default_factory=list)

    def play(self, scenario):
        self.played.append(scenario)
        has_failed = self.fails_in is None or len(self.played) % 10 in self.fails_in
        return SimpleNamespace(failures=(LATE,) if has_failed else (), error="", folder=FOLDER)

    def discard(self, result):
        assert result.failures is not None


def shrunk_by(session, folder, runs=500):
    search = Search(is_spent=Budget(runs=runs).start(), memory=folder / "results.ndjson")
    return shrink(FAILURE, session, search)


def test_bridge_that_always_fails_is_run_once_more_before_and_after(tmp_path):
    session = Session()
    shrunk = shrunk_by(session, tmp_path)
    assert (shrunk.rate_before, shrunk.rate_after) == (Rate(failed=2, runs=2), Rate(failed=1, runs=1))
    assert shrunk.runs == len(session.played) < 30
    assert (shrunk.before.customers, shrunk.after.customers, shrunk.after.faults) == (200, 1, 0)


def test_result_has_a_name_and_a_description_of_what_is_left(tmp_path):
    document = shrunk_by(Session(), tmp_path).document
    assert document["name"] == "R404: sent late: by 5 min"
    assert document["about"].startswith(
        'The bridge fails R404 (Messages go out at the scheduled UTC time): expected "09:00", got "09:05, see '
        "bridge.log\". This is the smallest part of 'Small ordinary week' that fails in this way: 1 customer, "
    )


def test_rate_of_a_bridge_that_fails_at_times_is_measured_before_and_after(tmp_path):
    shrunk = shrunk_by(Session(fails_in=frozenset({0, 2, 4, 6, 8})), tmp_path)
    assert str(shrunk.rate_before) == "5 of 10 runs"
    assert shrunk.rate_after.runs == 10
    assert shrunk.after.customers == 1


def test_failure_that_does_not_occur_again_is_not_shrunk(tmp_path):
    session = Session(fails_in=frozenset())
    with pytest.raises(NotReproducedError, match="got 9 runs without it"):
        shrunk_by(session, tmp_path)
    assert len(session.played) == 9


def test_spent_budget_gives_the_smallest_scenario_so_far(tmp_path):
    shrunk = shrunk_by(Session(), tmp_path, runs=4)
    assert shrunk.is_spent
    assert shrunk.after.customers < 200
    assert "The search was cut short: this is the smallest part so far of" in shrunk.document["about"]
