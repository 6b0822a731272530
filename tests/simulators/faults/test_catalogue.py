"""What faults there are: found by file, described by their fields, listed in the documents."""

import json
from dataclasses import fields, is_dataclass

import jsonschema
import pytest

from command_line import sendproof
from repository import ROOT
from sendproof_simulators.core.faults.spec import catalogue, known, summary

KINDS = ROOT / "simulators/sendproof_simulators/core/faults/kinds"


def test_a_file_is_a_fault():
    """Each is a frozen dataclass; nobody lists them."""
    assert set(known()) == {path.stem for path in KINDS.glob("*.py")} - {"__init__"}
    assert all(is_dataclass(kind) and kind.__dataclass_params__.frozen for kind in known().values())


@pytest.mark.parametrize("fault", catalogue(), ids=lambda fault: fault["fault"])
def test_every_setting_is_described_and_its_default_is_allowed(fault):
    """In JSON Schema."""
    assert list(fault["fields"]) == [one.name for one in fields(known()[fault["fault"]])]
    for name, field in fault["fields"].items():
        jsonschema.validate(field["default"], field)
        assert ": " in summary(name, field)


def test_the_command_lists_them():
    """Each by name with its settings, and as JSON with their schemas."""
    shown = sendproof("faults")
    assert (shown.status, [name for name in known() if name not in shown.out]) == (0, [])
    assert "down (integer, 0)" in shown.out
    assert json.loads(sendproof("faults", "--json").out) == json.loads(json.dumps(catalogue()))
