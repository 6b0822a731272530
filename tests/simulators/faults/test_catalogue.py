"""The kinds of faults: found by file, with settings as JSON Schema."""

import json
from dataclasses import fields, is_dataclass

import jsonschema
import pytest

from command_line import sendproof
from repository import ROOT
from sendproof_simulators.core.faults.spec import catalogue, known, summary

KINDS = ROOT / "simulators/sendproof_simulators/core/faults/kinds"


def test_each_file_of_kinds_is_a_fault():
    """To add a fault, you add one file to `core/faults/kinds`; `make docs` then writes the generated lists of it."""
    assert set(known()) == {path.stem for path in KINDS.glob("*.py")} - {"__init__"}
    assert all(is_dataclass(kind) and kind.__dataclass_params__.frozen for kind in known().values())


@pytest.mark.parametrize("fault", catalogue(), ids=lambda fault: fault["fault"])
def test_each_setting_has_a_description_and_a_valid_default(fault):
    assert list(fault["fields"]) == [setting.name for setting in fields(known()[fault["fault"]])]
    for name, field in fault["fields"].items():
        jsonschema.validate(field["default"], field)
        assert ": " in summary(name, field)


def test_command_lists_all_faults():
    output = sendproof("faults")
    assert (output.status, [name for name in known() if name not in output.out]) == (0, [])
    assert "down (integer, 0)" in output.out
    assert json.loads(sendproof("faults", "--json").out) == json.loads(json.dumps(catalogue()))
