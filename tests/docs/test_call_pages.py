"""The pages of calls are what running simulators answer today."""

import dataclasses

import pytest

from call_pages import textlocal
from call_pages.all_pages import FOLDER, call_pages
from call_pages.player import WrongCallError, record
from call_pages.rendering import spread
from call_pages.steps import Call
from sendproof_harness.control_client import ControlClient


@pytest.fixture
def control(simulators):
    """Return a client of the running simulators."""
    with ControlClient(simulators.control) as client:
        yield client


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


def test_spread_puts_what_fits_into_one_line():
    rows = [{"number": "447555000100", "text": "x" * 80}, {}]
    assert spread(rows) == '[\n  {\n    "number": "447555000100",\n    "text": "' + "x" * 80 + '"\n  },\n  {}\n]'
