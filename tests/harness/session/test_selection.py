"""Selecting scenarios from files and folders."""

from pathlib import Path

import pytest

from sendproof_harness.run.runner import RunOptions
from sendproof_harness.scenario.library import find_scenario_files
from sendproof_harness.session.selection import RunRefusedError, Selection, select_scenarios

LIBRARY = Path(__file__).parents[3] / "scenarios"


def names(*files: str, **selection: object) -> list[str]:
    """Return the names of the results folders."""
    return list(select_scenarios([Path(file) for file in files], Selection(**selection), RunOptions()))  # type: ignore[arg-type]


def test_file_for_several_providers_is_several_scenarios() -> None:
    """The name of each results folder ends with the provider."""
    assert names("triggered/third_visit") == [f"third_visit-{name}" for name in ("textlocal", "xtremepush", "delivyr")]


def test_provider_selects_its_scenarios() -> None:
    assert names("triggered/third_visit", "triggered/overrides", provider="xtremepush") == ["third_visit-xtremepush"]


def test_provider_without_a_scenario_is_refused() -> None:
    """A session without scenarios must not pass."""
    with pytest.raises(RunRefusedError, match=r"--provider: expected textlocal, .*, got 'smsglobal'"):
        names("triggered/third_visit", provider="smsglobal")


def test_scenario_of_another_provider_is_refused_with_one_of_the_wanted_provider() -> None:
    with pytest.raises(RunRefusedError, match=r"is for textlocal only; for xtremepush try scheduled/\w+ \(list: "):
        names("scheduled/first_campaign", provider="xtremepush")


@pytest.mark.parametrize(
    "mistyped", ["scheduled/first_campain", "first_campaign", "scenarios/schedule/first_campaign.yaml"]
)
def test_mistyped_scenario_is_refused_with_the_nearest(mistyped: str) -> None:
    with pytest.raises(RunRefusedError, match=r"; did you mean scheduled/first_campaign\?"):
        names(mistyped)


def test_folder_selects_every_scenario_in_it() -> None:
    """The library is found by the name of its folder, wherever it is installed."""
    files = [file.relative_to(LIBRARY) for file in find_scenario_files(LIBRARY)]
    assert files == sorted(file.relative_to(LIBRARY) for file in LIBRARY.glob("*/*.yaml"))
    assert {name.removesuffix("-textlocal") for name in names("scheduled")} >= {"first_campaign", "by_night"}


def test_theme_is_found_beside_a_folder_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many projects have a folder `templates` of their own."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").touch()
    monkeypatch.chdir(tmp_path)
    assert {"rewritten-textlocal", "renamed-textlocal"} <= {*names("templates")}


@pytest.mark.parametrize("folder", [".", "..", "empty"])
def test_folder_without_scenarios_is_refused(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "empty").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(RunRefusedError, match=r"expected scenario files \(\*\.yaml\), got none"):
        names(folder)


@pytest.mark.parametrize(
    ("file", "got"), [("scenarios/a.yml", "only"), ("scenarios/a.txt", "none"), ("templates/a.yml", "only")]
)
def test_own_folder_is_not_replaced_by_the_library(
    file: str, got: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word, all scenarios of the library ran instead; also next to another scenario."""
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunRefusedError, match=rf"expected scenario files \(\*\.yaml\), got {got}"):
        names(file.partition("/")[0], "scheduled/first_campaign")


@pytest.mark.slow
def test_whole_library_can_be_played_in_one_session() -> None:
    """Two files with one name in different folders would stop `make scenarios` at its start."""
    assert len(names(str(LIBRARY))) >= len(list(LIBRARY.glob("*/*.yaml")))


def test_two_files_with_one_name_are_refused(tmp_path: Path) -> None:
    """The results of the first one would be overwritten."""
    copy = tmp_path / "first_campaign.yaml"
    copy.write_text((LIBRARY / "scheduled" / "first_campaign.yaml").read_text())
    with pytest.raises(RunRefusedError, match="expected another name than first_campaign, which another file has"):
        names("scheduled/first_campaign", str(copy))


def test_random_faults_follow_those_of_the_file() -> None:
    """They are chosen from the seed of the session."""
    selected = select_scenarios([Path("failures/bridge_killed")], Selection(seed=3, random_faults=2), RunOptions())
    scenario = selected["bridge_killed-delivyr"]
    assert [fault["fault"] for fault in scenario.faults[:4]] == ["kill"] * 4
    assert (len(scenario.faults), scenario.seed) == (6, 3)


def test_more_random_faults_than_places_are_refused() -> None:
    with pytest.raises(RunRefusedError, match=r"^--random-faults: overrides: expected at most \d+ faults"):
        names("triggered/overrides", random_faults=90)
