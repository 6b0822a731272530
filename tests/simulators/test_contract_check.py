"""Checks of contract files: `sendproof check-contracts`."""

import pytest

from repository import ROOT
from sendproof_simulators.contract_check import contract_problems

TEXTLOCAL = (ROOT / "openapi" / "textlocal.yaml").read_text()


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
