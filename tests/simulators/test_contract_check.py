"""Checks of contract files: `sendproof check-contracts`."""

import re

import pytest

from repository import ROOT
from sendproof_simulators.comparison.contract_sets import read_set
from sendproof_simulators.contract_check import contract_problems

LAUGHS = "0: &a0 [x]\n" + "".join(f"{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
TEXTLOCAL = (ROOT / "openapi" / "textlocal.yaml").read_text()


CONTRACT = """openapi: 3.0.3
info: {title: a, version: "1"}
paths: {/a: {get: {operationId: a, responses: {"200": {description: a}}}}}
"""
REFERENCE = '{{$ref: "#/components/schemas/A{}"}}'


@pytest.mark.parametrize("path", sorted((ROOT / "openapi").glob("*.yaml")), ids=lambda path: path.stem)
def test_own_contracts_have_no_problem(path):
    assert list(contract_problems(path)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("operationId: send\n", "x-id: send\n", "POST /send: expected an operationId, got none"),
        ("openapi: 3.0.3", "openapi: 3.1.0", "expected a contract in OpenAPI 3.0.x, got '3.1.0'; write it in 3.0.3"),
        ("#/components/schemas/", "#/components/schemos/", "Unresolvable JSON pointer: 'components/schemos/"),
        ("type: integer", "type: intger", "expected valid OpenAPI 3.0, got an error at components/schemas/"),
        ("openapi: 3.0.3", "openapi: [", "expected YAML: "),
        ("paths:", "routes:", "expected an OpenAPI document with paths"),
    ],
)
def test_wrong_contract_is_named_with_its_file(tmp_path, right, wrong, problem):
    file = tmp_path / "other.yaml"
    file.write_text(TEXTLOCAL.replace(right, wrong, 1))
    (found,) = contract_problems(file)

    assert found.startswith(str(file))
    assert problem in found


def test_contract_of_a_service_must_state_its_limits(tmp_path):
    """A contract of another name belongs to no simulator, and needs none."""
    for name in ("textlocal.yaml", "other.yaml"):
        (tmp_path / name).write_text(TEXTLOCAL.replace("x-limits:", "x-limitations:"))
    (found,) = contract_problems(tmp_path / "textlocal.yaml")

    assert "x-limits" in found
    assert list(contract_problems(tmp_path / "other.yaml")) == []


def test_missing_file_and_contract_without_operations_are_problems(tmp_path):
    """A check that looked at nothing must not pass."""
    (tmp_path / "empty.yaml").write_text('openapi: 3.0.3\ninfo: {title: a, version: "1"}\npaths: {}\n')

    assert list(contract_problems(tmp_path / "empty.yaml")) == [
        f"{tmp_path}/empty.yaml: expected an operation, got none"
    ]
    assert list(contract_problems(tmp_path / "none.yaml")) == [
        f"{tmp_path}/none.yaml: cannot be read: No such file or directory"
    ]


def test_endless_file_is_refused(tmp_path):
    """`sendproof check-contracts /dev/zero` would fill the memory."""
    file = tmp_path / "other.yaml"
    with file.open("wb") as sparse:
        sparse.truncate(200_000_000)

    assert list(contract_problems(file)) == [f"{file}: expected a file of at most 16,777,216 bytes, got a larger one"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 101 + "]" * 101, "expected at most 100 levels of lists and objects, got more"),
        # The parser of libyaml crashes here.
        ("[" * 100_000, "expected at most 100 levels of lists and objects, got more"),
        ("a: &a [*a]", "expected an alias of what ends before it, got *a in line 1"),
        ("b: 1\na: *b", "expected an alias of what ends before it, got *b in line 2"),
        ("a: 2026-13-45", "expected YAML: month must be in 1..12"),
        (LAUGHS, "expected at most 1,000,000 values, with those of each alias, got more"),
    ],
    ids=["levels", "more levels", "list in itself", "unknown alias", "no date", "aliases of aliases"],
)
def test_bomb_of_yaml_is_refused(tmp_path, text, problem):
    file = tmp_path / "other.yaml"
    file.write_text(text)
    assert list(contract_problems(file)) == [f"{file}: {problem}"]
    with pytest.raises(ValueError, match=re.escape(problem)):
        read_set(str(file))


def test_contract_within_the_bounds_of_yaml_is_read(tmp_path):
    file = tmp_path / "other.yaml"
    file.write_text("a: &a [x]\npaths: {b: *a, c: *a}\nd: " + "[" * 99 + "]" * 99)
    assert read_set(str(file)).documents["other.yaml"]["paths"] == {"b": ["x"], "c": ["x"]}


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/a", "file:other.yaml", "../other.yaml#/a", "other.yaml", "", 1])
def test_reference_to_another_document_is_refused_before_it_is_followed(tmp_path, target):
    """Readers of OpenAPI would open the file, or request the URL."""
    file = tmp_path / "other.yaml"
    file.write_text(f"{CONTRACT}components: {{schemas: {{A: {{type: array, items: {{$ref: {target!r}}}}}}}}}\n")
    place = f"{file}: components/schemas/A/items: expected a reference within the document, such as "
    problem = f"{place}#/components/schemas/Name, got {target!r}; copy its target into the document"

    assert list(contract_problems(file)) == [problem]
    with pytest.raises(ValueError, match=re.escape(problem)):
        read_set(str(file))


@pytest.mark.parametrize(
    ("schemas", "problem"),
    [
        ('A: {$ref: "#/components/schemas/A"}', "A: expected references with an end, got a circle of them"),
        (
            'A: {$ref: "#/components/schemas/B"}, B: {anyOf: [{$ref: "#/components/schemas/B/anyOf/0"}]}',
            "A: expected references with an end, got a circle of them",
        ),
        (
            ", ".join(f"A{n}: {{allOf: [{', '.join([REFERENCE.format(n + 1)] * 9)}]}}" for n in range(6)),
            "A0/allOf/0: expected at most 10,000 schemas of one reference, got more",
        ),
    ],
    ids=["itself", "part of itself", "references to references"],
)
def test_references_without_an_end_are_refused(tmp_path, schemas, problem):
    file = tmp_path / "other.yaml"
    file.write_text(f"{CONTRACT}components: {{schemas: {{{schemas}}}}}\n")
    assert list(contract_problems(file)) == [f"{file}: components/schemas/{problem}"]


def test_schema_of_a_tree_may_refer_to_itself(tmp_path):
    file = tmp_path / "other.yaml"
    tree = '{properties: {child: {$ref: "#/components/schemas/Tree"}}}'
    file.write_text(f"{CONTRACT}components: {{schemas: {{Tree: {tree}}}}}\n")
    assert list(contract_problems(file)) == []
