"""The bridge as several processes on one PostgreSQL database, on the virtual clock."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import kills
from canonical_history import canonical
from catalogue import Trial
from disturbances import COUNTS, EFFECTS, drawn
from postgres_server import PostgresUnavailableError
from trial_runs import run_trial, simulators


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Return the URL of simulators, while a PostgreSQL server runs."""
    try:
        with kills.database_options(postgresql=True), simulators(tmp_path) as url:
            yield url
    except PostgresUnavailableError as error:
        pytest.skip(f"PostgreSQL cannot run: {error}")


def history(scenario: Path, folder: Path, url: str, *options: str) -> list[bytes]:
    """Return the canonical history of a run, without what describes the bridge and the length of the file."""
    assert run_trial(Trial(scenario, "textlocal"), folder, url, options=options).verdict == "pass"
    (file,) = folder.rglob("history.ndjson")
    with file.open("rb") as lines:
        header, *rest = canonical(lines)
    described = msgspec.json.decode(header)
    described["clock"].pop("participants")
    described.pop("sandbox")
    return [msgspec.json.encode(described), *(line for line in rest if not _describes_bridge(line))]


def _describes_bridge(line: bytes) -> bool:
    return any(kind in line for kind in (b'"kind":"clock"', b'"kind":"run"', b'"kind":"end"'))


@pytest.mark.slow
def test_several_workers_give_the_history_of_one(tmp_path: Path, url: str) -> None:
    scenario = kills.write_scenario((), tmp_path / "small.yaml", customers=60)
    alone = history(scenario, tmp_path / "one", url)

    assert history(scenario, tmp_path / "several", url, *kills.group_options(1, disturbances=0)) == alone


@pytest.mark.slow
def test_group_with_disturbances_passes(tmp_path: Path, url: str) -> None:
    assert kills.run_group(59, "textlocal", tmp_path / "run", url) == ("pass", kills.KILLS_PER_RUN)


def test_disturbances_of_a_seed_are_the_same_and_at_different_places() -> None:
    places = drawn(7, 5)

    assert list(places) == list(drawn(7, 5)) != list(drawn(8, 5))
    assert all(1 <= nth <= COUNTS[kind] for kind, nth in places)


def test_twenty_seeds_have_every_effect() -> None:
    effects = {disturbance.effect for seed in range(1, 21) for disturbance in drawn(seed, 5).values()}

    assert effects == {effect for choices in EFFECTS.values() for effect in choices}
