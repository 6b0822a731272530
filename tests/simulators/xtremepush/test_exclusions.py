"""Customers whom the project itself leaves out: the truth of a history names them, and the API sends them nothing."""

from instants import NINE
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.clock.wall_clock import iso
from sendproof_simulators.services.xtremepush import SIMULATOR

ALL = [f"C{index:07d}" for index in range(90)]


def excluded(project, campaign, at):
    """Return the reasons by customer, as the history will have them."""
    reason = SIMULATOR.exclusion(project.context, project.state)
    found = {customer: reason({"customer": customer, "template": campaign, "due": iso(at)}) for customer in ALL}
    return {customer: why for customer, why in found.items() if why is not None}


def import_all(project):
    customers = project.context.audience.customers(0, 90)
    project.import_users(*((customer.id, customer.number) for customer in customers))


def test_project_without_segments_leaves_nobody_out(project):
    assert SIMULATOR.exclusion(project.context, project.state) is None


def test_segment_leaves_out_its_users_and_a_share_of_the_others(project):
    sale, news = project.template("Sale"), project.template("News")
    project.set(segments={str(sale): {"excludes": 0.2, "users": ["C0000003"]}})
    import_all(project)
    outside = excluded(project, sale, NINE)
    assert outside["C0000003"] == "outside_segment"
    assert 8 < len(outside) < 30
    project.execute(sale, *ALL)
    assert (len(project.texts()), set(project.reasons())) == (90 - len(outside), {"Outside the segment"})
    project.execute(news, *ALL)
    assert len(project.texts()) == 90


def test_segment_draws_nobody_whose_protection_is_spelled_out(new_project):
    """The segment can still name one of them."""
    project = new_project(tuple(Individual(customer=index, protection="none") for index in range(90)))
    sale = project.template("Sale")
    project.set(segments={str(sale): {"excludes": 0.9, "users": ["C0000003"]}})
    import_all(project)
    assert excluded(project, sale, NINE) == {"C0000003": "outside_segment"}
    project.execute(sale, *ALL)
    assert len(project.texts()) == 89


def test_suppression_counts_from_the_sync_before_the_send(project):
    """A value of the afternoon takes effect after the next night."""
    campaign = project.template("News")
    project.set(suppression={"attribute": "SMS_OPT_IN", "excluded": ["0"]})
    project.context.customers.set_value(7, "SMS_OPT_IN", "0", NINE + 1)
    project.run_until(NINE + 24 * 3_600_000)
    assert excluded(project, campaign, NINE + 2) == {}
    assert excluded(project, campaign, project.now) == {"C0000007": "suppressed"}
