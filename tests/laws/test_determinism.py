"""Law: two runs with one seed give the same history, byte for byte, in canonical form."""

from pathlib import Path

from command_line import scaled_down, sendproof
from sendproof_scenarios.canonical import canonical


def history_of_run(folder: Path, *options: str) -> list[bytes]:
    """Run the first scenario with 300 customers in fresh processes; its history in canonical form."""
    folder.mkdir()
    said = sendproof("run", scaled_down(folder, 300), "--results", folder, *options)
    assert said.status == 0, said.out + said.err
    with (folder / "first_campaign" / "history.ndjson").open("rb") as lines:
        return list(canonical(lines))


def test_one_seed_gives_one_history(tmp_path: Path) -> None:
    """Other ports, other processes, another order of threads: nothing of it may show."""
    assert history_of_run(tmp_path / "one") == history_of_run(tmp_path / "two")


def test_another_seed_gives_another_history(tmp_path: Path) -> None:
    """The seed reaches all the way down: no customer keeps the same number."""
    one, two = history_of_run(tmp_path / "one", "--seed", "1"), history_of_run(tmp_path / "two", "--seed", "2")
    assert not {line for line in one if b'"kind":"obligation"' in line} & set(two)
