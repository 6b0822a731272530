"""`sendproof diff` as a user runs it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from repository import CONTRACTS
from sendproof_simulators.cli import app


def diff(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["diff", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    """Return a copy of a contract with a smaller limit."""
    text = (CONTRACTS / "textlocal.yaml").read_text("utf-8")
    (tmp_path / "textlocal.yaml").write_text(text.replace("{name: numbers, most: 10000", "{name: numbers, most: 1", 1))
    return tmp_path / "textlocal.yaml"


def test_own_contracts_are_unchanged_and_compared_with_their_dialects() -> None:
    status, output = diff(CONTRACTS)
    assert status == 0
    assert "no change in what was compared" in output
    assert "dialects" not in output


def test_stricter_limit_is_breaking_until_it_is_allowed(stricter: Path, tmp_path: Path) -> None:
    status, output = diff(CONTRACTS, stricter)
    assert status == 1
    found = [line.split(maxsplit=1)[1] for line in output.splitlines() if line.startswith("breaking")]
    entries = [f"- change: '{change}'\n  reason: one number a call\n" for change in found]
    (tmp_path / "allowed.yaml").write_text("".join(entries))
    status, output = diff(CONTRACTS, stricter, "--allowed", tmp_path / "allowed.yaml")
    assert status == 0
    assert "0 breaking" in output
    assert "2 allowed" in output


def test_wider_limit_is_harmless_and_listed_on_request(stricter: Path) -> None:
    assert diff(stricter, CONTRACTS)[0] == 0
    assert "at most 1 -> at most 10000" in diff(stricter, CONTRACTS, "--harmless")[1]


def test_json_and_markdown_name_every_change(stricter: Path, tmp_path: Path) -> None:
    status, output = diff(CONTRACTS, stricter, "--json", "--markdown", tmp_path / "changes.md")
    found = [(change["severity"], change["operation"]) for change in json.loads(output)["changes"]]
    assert (status, sorted(found)) == (1, [("breaking", "send"), ("breaking", "send_get")])
    assert "| textlocal.yaml | send | limit numbers: " in (tmp_path / "changes.md").read_text()


def test_markdown_replaces_only_its_own(stricter: Path, tmp_path: Path) -> None:
    changes = tmp_path / "changes.md"
    assert [diff(CONTRACTS, stricter, "--markdown", changes)[0] for _ in range(2)] == [1, 1]
    changes.write_text("# Notes")
    assert diff(CONTRACTS, stricter, "--markdown", changes)[0] == 3
    assert changes.read_text() == "# Notes"


def test_event_of_a_listener_is_judged_as_a_call_to_the_bridge(tmp_path: Path) -> None:
    text = (CONTRACTS / "listener.yaml").read_text("utf-8")
    (tmp_path / "listener.yaml").write_text(text.replace("enum: [INVALID_CUSTOMER, ", "enum: [NEW, INVALID_CUSTOMER, "))
    status, output = diff(CONTRACTS, tmp_path / "listener.yaml")
    assert status == 2
    assert "risky     listener.yaml UpdateResult.errors[].error: value added: NEW" in output
