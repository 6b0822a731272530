"""A cause names the defect and not the customer, so that reports can group any number of findings by cause."""

import re

import pytest

from wrong_run import build_wrong_run

# There may be a cause for each status, number of days or template; more than this would be one for each customer.
CAUSES_MAX = 12


@pytest.fixture(scope="module")
def causes() -> dict[str, list[str]]:
    """Return the causes of each check for a history where nearly everything is wrong."""
    results = build_wrong_run().verdict().results
    return {result.check.id: [group.cause for group in result.groups] for result in results}


def test_history_fails_every_check_about_customers(causes):
    about_campaigns = {"paging.complete", "paging.size", "metrics.cadence", "metrics.consistent", "contract.batches"}
    without_causes = {"run.completed", "webhooks.registered", "templates.synchronised"} | about_campaigns
    assert {check for check, check_causes in causes.items() if not check_causes} <= without_causes


def test_no_cause_names_a_customer_number_or_message(causes):
    assert [
        cause for check_causes in causes.values() for cause in check_causes if re.search(r"C\d{7}|\d{7}", cause)
    ] == []


def test_number_of_causes_is_limited(causes):
    assert {check: len(found) for check, found in causes.items() if len(found) > CAUSES_MAX} == {}
