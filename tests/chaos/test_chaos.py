"""The reference bridge and its variants pass with random faults: a few of the seeds of `make chaos`."""

from contextlib import ExitStack
from pathlib import Path

import pytest

import kills
from catalogue import BRIDGE, edited_files
from fault_schedules import BRIDGES, TRIALS, fault_schedule, run_schedule
from postgres_server import PostgresUnavailableError
from trial_runs import TrialError, simulators
from variants import Variant, variants


@pytest.mark.slow
@pytest.mark.parametrize("variant", [None, "other_order", "other_spellings"])  # None: the reference bridge itself
def test_bridge_with_random_faults_passes(variant: str | None, tmp_path: Path) -> None:
    """A judge that blames a correct bridge for faults, or for legitimate choices, would be useless."""
    schedules = (fault_schedule(seed) for seed in range(1, 201))
    seed = next(schedule.seed for schedule in schedules if getattr(schedule.variant, "name", None) == variant)
    with simulators(tmp_path) as url:
        result = run_schedule(fault_schedule(seed), tmp_path / "results", url)
    assert (result.verdict, result.failed) == ("pass", ())


def test_two_hundred_seeds_run_every_bridge_in_every_trial() -> None:
    schedules = [fault_schedule(seed) for seed in range(1, 201)]
    pairs = {(schedule.variant, schedule.trial) for schedule in schedules}
    assert pairs == {(bridge, trial) for bridge in BRIDGES for trial in TRIALS}
    assert {schedule.faults for schedule in schedules} == set(range(1, 9))


def test_command_of_a_schedule_repeats_its_faults() -> None:
    assert fault_schedule(13).command == (
        "sendproof run mutants/scenarios/stop.yaml --provider delivyr --seed 13 --random-faults 3"
    )


@pytest.mark.parametrize("variant", variants(), ids=lambda variant: variant.name)
def test_edits_of_a_variant_change_files_of_the_bridge(variant: Variant) -> None:
    """The edited files must also be valid Python."""
    for name, text in edited_files(variant.name, variant.edits).items():
        assert text != (BRIDGE / name).read_text()
        compile(text, name, "exec")


def test_variant_differs_from_the_bridge_in_its_edited_files_only(tmp_path: Path) -> None:
    variant = max(variants(), key=lambda variant: len(variant.edits))
    variant.build(tmp_path)
    names = [file.relative_to(BRIDGE) for file in BRIDGE.rglob("*.py")]
    changed = [name for name in names if (tmp_path / BRIDGE.name / name).read_text() != (BRIDGE / name).read_text()]
    assert {name.as_posix() for name in changed} == {edit.file for edit in variant.edits}


@pytest.mark.slow
@pytest.mark.parametrize("postgresql", [False, True], ids=["sqlite", "postgresql"])
def test_bridge_killed_five_times_at_random_passes(tmp_path: Path, postgresql: bool) -> None:
    with simulators(tmp_path) as url, ExitStack() as stack:
        try:
            options = stack.enter_context(kills.database_options(postgresql=postgresql))
        except PostgresUnavailableError as error:
            pytest.skip(f"PostgreSQL cannot run: {error}")
        verdict, _ = kills.run_seed(1, "textlocal", tmp_path / "run", url, options)
    assert verdict == "pass"


def test_kills_of_a_seed_are_the_same_and_at_different_instants() -> None:
    drawn = kills.kills(7)
    assert drawn == kills.kills(7) != kills.kills(8)
    assert len({(kill.get("call"), kill.get("webhook"), kill["nth"]) for kill in drawn}) == kills.KILLS_PER_RUN


def test_killed_bridge_that_does_not_pass_leaves_its_files_and_its_error(tmp_path: Path, capsys) -> None:
    """The same seed may pass the next time: processes of the machine are not drawn from it."""
    log = tmp_path / "run" / "results" / "bridge.log"
    log.parent.mkdir(parents=True)
    log.write_text("Traceback (most recent call last):\n  File 'worker.py'\nValueError: no such run\n")
    assert kills.run_and_keep(lambda: ("fail", 5), "textlocal seed 7", tmp_path / "run", tmp_path / "kept") == (
        "fail",
        5,
    )
    assert (tmp_path / "kept" / "results" / "bridge.log").read_text() == log.read_text()
    assert "results/bridge.log: ValueError: no such run" in capsys.readouterr().out


def test_run_without_a_verdict_keeps_its_files(tmp_path: Path, capsys) -> None:
    (tmp_path / "run").mkdir()

    def run() -> tuple[str, int]:
        raise TrialError("expected a verdict, got none")

    assert kills.run_and_keep(run, "textlocal seed 7", tmp_path / "run", tmp_path / "kept") == ("error", 0)
    assert capsys.readouterr().out.startswith("textlocal seed 7: no verdict\n  expected a verdict, got none\n")
