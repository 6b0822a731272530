"""The pages of calls are what running simulators answer today."""

import dataclasses
import json

import pytest

from call_pages import textlocal
from call_pages.all_pages import FOLDER, call_pages
from call_pages.player import WrongCallError, record
from call_pages.rendering import spread
from call_pages.steps import Call, Until
from sendproof_harness.control_client import ControlClient


@pytest.fixture
def control(simulators):
    """Return a client of the running simulators."""
    with ControlClient(simulators.control) as client:
        yield client


@pytest.mark.slow
def test_pages_of_calls_are_up_to_date(control):
    """`make docs` updates them."""
    assert {path.name: path.read_text() for path in FOLDER.iterdir()} == call_pages(control)


@pytest.mark.parametrize("path", ["/send/", "/bulk_jsn/"], ids=["violation", "near miss"])
def test_page_with_a_wrong_call_is_refused(control, path):
    """A vendor copies these calls."""
    call = Call(title="Send", why="", service="textlocal", method="POST", path=path, form={"numbers": "1"})
    page = dataclasses.replace(textlocal.SCHEDULED, name=f"wrong-{path.strip('/')}", steps=(call,))
    with pytest.raises(WrongCallError):
        record(control, page)


def test_page_that_forgets_a_recipient_is_refused(control):
    """Each call may be right, and the bridge that makes them wrong."""
    bulk = next(step for step in textlocal.SCHEDULED.steps if isinstance(step, Call) and step.path == "/bulk_json/")
    without_ben = json.dumps(
        {**json.loads(bulk.form["data"]), "messages": [{"number": "447555000100", "text": "Hello"}]}
    )
    steps = (*_until(bulk), dataclasses.replace(bulk, form={"data": without_ben}), Until("2026-03-03T09:00:00Z"))
    page = dataclasses.replace(textlocal.SCHEDULED, name="forgets-ben", steps=steps)
    with pytest.raises(WrongCallError, match="expected the calls of a correct bridge"):
        record(control, page)


def _until(call):
    return textlocal.SCHEDULED.steps[: textlocal.SCHEDULED.steps.index(call)]


def test_spread_puts_what_fits_into_one_line():
    rows = [{"number": "447555000100", "text": "x" * 80}, {}]
    assert spread(rows) == '[\n  {\n    "number": "447555000100",\n    "text": "' + "x" * 80 + '"\n  },\n  {}\n]'
