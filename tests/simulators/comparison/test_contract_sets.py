"""Sets of contracts: files, folders and revisions, read as data."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from compared_contracts import CALLS
from sendproof_simulators.comparison.comparing import Services, compare
from sendproof_simulators.comparison.contract_sets import read_set

NO_SERVICES = Services(frozenset(), {})
DIALECT = {"name": "ids", "question": "?", "options": [{"value": "a", "meaning": "a"}]}


def folder_of(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).write_text(yaml.safe_dump(CALLS))
    return path


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def test_folder_holds_contracts_and_dialects(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", "one.yaml", "two.yml")
    (folder / "dialects.json").write_text(json.dumps({"one": [DIALECT]}))
    found = read_set(str(folder))
    assert (sorted(found.documents), found.dialects) == (["one.yaml", "two.yml"], {"one": [DIALECT]})


def test_revision_is_read_from_the_repository_and_not_from_the_folder(tmp_path: Path) -> None:
    repository = folder_of(tmp_path / "repository")
    folder = folder_of(repository / "openapi", "one.yaml")
    git(repository, "init", "-q")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "First")
    (folder / "one.yaml").write_text("changed")
    assert read_set("HEAD", repository).documents == {"one.yaml": CALLS}
    assert read_set("HEAD:openapi/one.yaml", repository).documents == {"one.yaml": CALLS}


def test_revision_without_the_folder_is_refused_with_the_way_to_name_another(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "First")
    with pytest.raises(ValueError, match=r"HEAD: expected the folder openapi in this revision, got none; .*HEAD:my/"):
        read_set("HEAD", tmp_path)


@pytest.mark.parametrize("text", ["no-such-revision", "-o", "HEAD:nowhere", ":x"])
def test_set_that_does_not_exist_is_refused_with_what_was_expected(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a file, a folder"):
        read_set(text, tmp_path)


@pytest.mark.parametrize("content", ["a: [", "[]", "paths: 1", "&a [*a]"])
def test_file_that_is_no_contract_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(content)
    with pytest.raises(ValueError, match=r"one.yaml: expected"):
        read_set(str(tmp_path / "one.yaml"))


@pytest.mark.parametrize("content", ["{", "[]", '{"a": [{"name": "b"}]}', '{"a": [{"name": "b", "options": []}]}'])
def test_dialects_of_another_form_are_refused(content: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", "one.yaml")
    (folder / "dialects.json").write_text(content)
    with pytest.raises(ValueError, match=r"dialects.json: expected"):
        read_set(str(folder))


def test_contract_that_is_gone_is_breaking_and_the_reference_bridge_is_not_compared(tmp_path: Path) -> None:
    old = read_set(str(folder_of(tmp_path / "old", "gone.yaml", "bridge.yaml")))
    new = read_set(str(folder_of(tmp_path / "new", "added.yaml", "bridge.yaml")))
    comparison = compare(old, new, NO_SERVICES)
    assert [change.text for change in comparison.changes] == [
        "gone.yaml: contract removed",
        "added.yaml: contract added",
    ]
    assert len(comparison.not_compared) == 2


def test_file_is_compared_with_the_file_of_this_name_in_a_folder(tmp_path: Path) -> None:
    folder = read_set(str(folder_of(tmp_path / "set", "one.yaml", "two.yaml")))
    assert compare(read_set(str(tmp_path / "set" / "one.yaml")), folder, NO_SERVICES).changes == []
    (tmp_path / "three.yaml").write_text(yaml.safe_dump(CALLS))
    with pytest.raises(ValueError, match=r"expected a contract three\.yaml"):
        compare(read_set(str(tmp_path / "three.yaml")), folder, NO_SERVICES)


def test_reference_to_nothing_is_an_error_that_names_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("paths: {/a: {post: {operationId: a, responses: {'200': {$ref: '#/components/responses/Gone'}}}}}")
    with pytest.raises(ValueError, match=r"one\.yaml: expected the target of the reference"):
        compare(read_set(str(file)), read_set(str(file)), NO_SERVICES)
