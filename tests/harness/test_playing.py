"""Which scenarios are meant by what somebody names, and the library as a list."""

from pathlib import Path

import pytest

from bridges import Listening
from sendproof_harness.run.runner import Options, RunError, run
from sendproof_harness.scenario.library import find_scenario_files, library_summaries
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.session.session import RefusedError, Selection, scenarios_of

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "scenarios"


def names(*named: str, **wanted: object) -> list[str]:
    """The results folders of what is named."""
    return list(scenarios_of([Path(one) for one in named], Selection(**wanted), Options()))  # type: ignore[arg-type]


def test_a_file_for_several_providers_is_several_runs() -> None:
    """Each with a folder that names the provider."""
    assert names("triggered/third_visit") == [f"third_visit-{one}" for one in ("textlocal", "xtremepush", "delivyr")]


def test_one_provider_can_be_asked_for() -> None:
    """What is for others only is left out."""
    assert names("triggered/third_visit", "triggered/overrides", provider="xtremepush") == ["third_visit-xtremepush"]


def test_a_provider_for_which_nothing_is_played_is_refused() -> None:
    """Nothing to do is no pass."""
    with pytest.raises(RefusedError, match="expected scenario files for the provider smsglobal, got none in"):
        names("triggered/third_visit", provider="smsglobal")


def test_a_folder_is_every_scenario_below_it() -> None:
    """The whole library by the name of its folder, wherever it is installed."""
    every = [file.relative_to(LIBRARY) for file in find_scenario_files(LIBRARY)]
    assert every == sorted(file.relative_to(LIBRARY) for file in LIBRARY.glob("*/*.yaml"))
    assert {name.removesuffix("-textlocal") for name in names("scheduled")} >= {"first_campaign", "by_night"}


def test_drawn_faults_come_after_those_of_the_file() -> None:
    """They are drawn from the seed that is played."""
    every = scenarios_of([Path("failures/bridge_killed")], Selection(seed=3, random_faults=2), Options())
    played = every["bridge_killed-delivyr"]
    assert ([fault["fault"] for fault in played.faults[:3]], len(played.faults), played.seed) == (["kill"] * 3, 5, 3)


def test_more_faults_than_a_scenario_has_places_for_are_refused() -> None:
    """Before anything runs."""
    with pytest.raises(RefusedError, match=r"^overrides: --random-faults: expected at most \d+ faults"):
        names("triggered/overrides", random_faults=90)


def test_a_bridge_that_runs_already_is_not_killed(tmp_path: Path) -> None:
    """Nobody could start it again, so the run is refused before it starts."""
    options = Options(bridge="http://localhost:9", results=tmp_path)
    with pytest.raises(RunError, match="which it can only do to one that it has started; use --command"):
        run(load_scenarios(LIBRARY / "failures" / "bridge_killed.yaml")[0], "killed", options, Listening())
    assert list(tmp_path.iterdir()) == []


def test_the_library_is_listed_by_theme() -> None:
    """With what decides whether somebody wants to play it."""
    listed = {f"{one['theme']}/{one['scenario']}": one for one in library_summaries()}
    third = listed["triggered/third_visit"]
    assert (third["providers"], third["customers"]) == (["delivyr", "textlocal", "xtremepush"], 500)
    assert (listed["multi_client/two_clients"]["customers"], third["virtual_time"]) == (600, "2 d 6 h")
