"""Expected rows of the load tests, and their comparison with the rows of the simulators."""

import importlib.util
from dataclasses import replace

import pytest

from repository import ROOT
from sendproof_harness.load.scenarios import LoadOptions
from sendproof_simulators.core.audience.audience import Audience

OPTIONS = LoadOptions(kind="paging", customers=30)
AT = "2026-03-02 09:00:00"


@pytest.fixture(scope="module")
def expected_rows():
    """Return the module loadtests/expected_rows.py, which is in no package."""
    file = ROOT / "loadtests" / "expected_rows.py"
    spec = importlib.util.spec_from_file_location("expected_rows", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(expected_rows):
    """Return rows 10 to 19."""
    return expected_rows.expected_page(expected_rows.create_audience(OPTIONS), 10, 10, 11, AT)


def test_correct_rows_have_no_losses(expected_rows, page):
    assert expected_rows.compare_rows(list(page), page, 10) == []


def test_missing_row_is_named(expected_rows, page):
    losses = expected_rows.compare_rows(page[:-1], page, 10)
    assert losses == [("missing rows", "C0000019: missing from its page")]


def test_repeated_row_is_named_with_the_row_it_replaces(expected_rows, page):
    losses = expected_rows.compare_rows([*page[:-1], page[0]], page, 10)
    assert [name for name, _ in losses] == ["repeated rows", "missing rows"]


def test_row_with_a_wrong_value_is_shown_as_expected_and_got(expected_rows, page):
    wrong_page = [{**page[0], "TemplateID": 12}, *page[1:]]
    ((name, example),) = expected_rows.compare_rows(wrong_page, page, 10)
    assert name == "wrong rows"
    assert example.startswith("row 10: expected {'CustomerID': 'C0000010', 'TemplateID': 11")


def test_order_message_is_due_only_to_reachable_customers(expected_rows):
    """Customers who have opted out, or have no number, must not get a message."""
    audience: Audience = expected_rows.create_audience(replace(OPTIONS, kind="triggers", customers=2_000))
    messages = [expected_rows.expected_order(audience, number) for number in range(2_000)]
    customers = list(audience.customers(0, 2_000))
    assert [message.text is None for message in messages] == [
        customer.opted_out or customer.number is None for customer in customers
    ]
    first = next(number for number in range(2_000) if messages[number].text)
    name = customers[first].attributes["FIRST_NAME"]
    assert messages[first].text == f"Hello {name}, order {first:09d} is on its way."
