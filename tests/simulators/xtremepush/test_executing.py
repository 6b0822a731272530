"""`execute/campaign`: who gets which text, when, and why the others do not."""

from time import process_time

import pytest

from instants import NINE
from sendproof_simulators.core.fates import magic_number

BOB, EVE = "447700900123", "447700900456"
MINUTE = 60_000


@pytest.fixture
def campaign(project):
    """A template, and two people who may be sent to."""
    project.know(("A", BOB), ("B", EVE), first_name="Ann")
    return project.template()


def test_success_says_that_the_call_is_valid(project, campaign):
    """The messages follow (documented: asynchronous by default)."""
    said = project.call("execute/campaign", id=campaign, target=["A"], target_by="user_id")
    assert (said["code"], said["success"], project.texts()) == (200, True, [])
    project.live_until(NINE)
    assert project.texts() == ["Hello Ann"]


def test_a_message_is_a_delivery(project, campaign):
    """With everything that a judge wants to know."""
    said = project.execute(campaign, "A", params={"external_message_id": "7001-1"})
    (delivery,) = project.facts("delivery")
    assert delivery.pop("message") == str(said["model"]["id"] * 10_000_000)
    assert delivery == {
        "service": "xtremepush", "batch": str(said["model"]["id"]), "number": BOB, "text": "Hello Ann",
        "sender": "Shop", "custom": "7001-1", "receipt_url": "", "send_at": "2026-03-02T09:00:00.000Z", "test": False,
    }  # fmt: skip


@pytest.mark.parametrize(("switch", "dialect"), [({"async": False}, "async"), ({"async": 0}, "async"), ({}, "sync")])
def test_an_execution_can_be_synchronous(new_project, switch, dialect):
    """When the call says so, or the dialect (that there is such a switch is assumed)."""
    project = new_project(execution=dialect)
    project.know(("A", BOB), first_name="Ann")
    project.call("execute/campaign", id=project.template(), target=["A"], target_by="user_id", **switch)
    assert project.texts() == ["Hello Ann"]


def test_each_user_has_their_own_variables(project, campaign):
    """Before those of the call, and those before what the profile has."""
    text = {"9": {"sms": {"text": "{{first_name}} {{city}} {{balance}} {{user_id}}"}}}
    project.call("import/profile", columns=["user_id", "city"], rows=[["A", "Cork"], ["B", "Cork"]])
    people = {"A": {"first_name": "Alex", "balance": 100}, "B": {"city": None, "balance": "80 EUR"}}
    project.execute(campaign, target_with_params=people, params={"first_name": "You", "balance": 0}, messages=text)
    assert project.texts() == ["Alex Cork 100 A", "You  80 EUR B"]


@pytest.mark.parametrize(("dialect", "reasons"), [("not_personalized", ["Not personalized"]), ("empty", [])])
def test_a_variable_without_a_value(new_project, dialect, reasons):
    """Is an error of the message, or leaves nothing behind."""
    project = new_project(missing_variable=dialect)
    project.know(("A", BOB))
    project.execute(project.template("Hello {{first_name}}!"), "A")
    assert (project.reasons(), project.texts()) == (reasons, [] if reasons else ["Hello !"])


@pytest.mark.parametrize("time", ["2026-03-02 12:00 UTC", "2026-03-02 12:00:00", NINE // 1000 + 3 * 3600])
def test_an_execution_waits_for_its_time(project, campaign, time):
    """Text or a Unix time (documented), UTC."""
    project.execute(campaign, "A", time=time)
    assert project.texts() == []
    project.live_until(NINE + 180 * MINUTE)
    assert [fact["send_at"] for fact in project.facts("delivery")] == ["2026-03-02T12:00:00.000Z"]


def test_this_very_minute_is_not_the_past(project, campaign):
    """A time without seconds is a whole minute; the minute before it is refused (assumed)."""
    project.now = NINE + 59_999
    project.execute(campaign, "A", time="2026-03-02 09:00 UTC")
    assert project.texts() == ["Hello Ann"]
    project.now = NINE + MINUTE
    assert "future" in project.refused("execute/campaign", id=campaign, target=["A"], time="2026-03-02 09:00 UTC")


@pytest.mark.parametrize(
    "time", ["tomorrow", "2026-13-02 12:00 UTC", "2026-03-02 25:00", "2026-03-02 12:00 IST", "", 0]
)
def test_a_time_that_is_none_is_refused(project, campaign, time):
    """With what was expected."""
    assert "time: expected" in project.refused("execute/campaign", id=campaign, target=["A"], time=time)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "either target or target_with_params"),
        ({"target": ["A"], "target_with_params": {"A": {}}}, "either target or target_with_params"),
        ({"target": []}, "target"),
        ({"target_with_params": {}}, "target_with_params"),
        ({"target": ["A"], "target_by": "shoe_size"}, "target_by"),
        ({"target": [""]}, "target"),
        ({"target": ["A"], "target_existing_only": 2}, "target_existing_only"),
        ({"target": ["A"], "params": {"external_message_id": "x" * 256}}, "external_message_id"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(project, campaign, fields, complaint):
    """And nothing follows."""
    assert complaint in project.refused("execute/campaign", id=campaign, **fields)


def test_only_campaigns_of_the_api_can_be_executed(project, campaign):
    """And only with an SMS, here; one that does not exist is not found."""
    scheduled = project.call("create/campaign", title="T", trigger=0)["model"]["id"]
    push = project.call("create/campaign", title="T", trigger=3, ios_push=1)["model"]["id"]
    assert "not triggered by the API" in project.refused("execute/campaign", id=scheduled, target=["A"])
    assert "has no SMS" in project.refused("execute/campaign", id=push, target=["A"])
    assert project.call("execute/campaign", id=1, target=["A"])["code"] == 404


@pytest.mark.parametrize(("dialect", "most"), [("10000", 10_000), ("1000", 1_000), ("100", 100)])
def test_a_call_has_at_most_so_many_targets(new_project, dialect, most):
    """How many is a dialect."""
    project = new_project(max_targets=dialect)
    campaign, targets = project.template(), list(map(str, range(most + 1)))
    assert project.call("execute/campaign", id=campaign, target=targets[:most])["code"] == 200
    assert f"at most {most}" in project.refused("execute/campaign", id=campaign, target=targets)


def test_a_call_may_have_any_number_of_targets(new_project):
    """In one dialect."""
    project = new_project(max_targets="none")
    targets = list(map(str, range(20_000)))
    assert project.call("execute/campaign", id=project.template(), target=targets)["code"] == 200


@pytest.mark.parametrize(("dialect", "by"), [("id", "id"), ("user_id", "user_id")])
def test_what_identifies_a_target_by_default(new_project, dialect, by):
    """Xtremepush's own id (documented in the older pages), or the client's."""
    project = new_project(target_by=dialect)
    project.know(("A", BOB), first_name="Ann")
    profile = project.state.profiles.by_user_id("A")
    project.call("execute/campaign", id=project.template(), target=["A"])
    project.live_until(NINE)
    assert project.texts() == (["Hello Ann"] if by == "user_id" else [])
    project.call("execute/campaign", id=project.template(), target=[profile.id], target_by="id")
    project.live_until(NINE)
    assert project.texts() == ["Hello Ann"]


def test_the_older_name_of_a_user_id(project, campaign):
    """external_id is what user_id was called (documented in the older pages)."""
    project.execute(campaign, "A", target_by="external_id")
    assert project.texts() == ["Hello Ann"]


def test_unknown_users_get_nothing(project, campaign):
    """The others get theirs (assumed), and the journal names who was not known."""
    project.execute(campaign, "A", "nobody")
    assert (project.texts(), project.reasons()) == (["Hello Ann"], ["no profile is known as 'nobody'"])


def test_profiles_can_be_made_on_the_way(project):
    """With target_existing_only 0, and the four attributes that it updates (documented)."""
    person = {"mobile_number": BOB, "mobile_subscription": 1, "first_name": "New"}
    project.execute(project.template(), target_with_params={"N": person}, target_existing_only=0)
    assert project.texts() == ["Hello New"]
    profile = project.state.profiles.by_user_id("N")
    assert (profile.mobile_number, profile.sms_subscription, profile.attributes) == (BOB, True, {})


def test_without_that_a_profile_stays_as_it_is(project, campaign):
    """A number among the variables is a variable."""
    project.execute(campaign, target_with_params={"A": {"mobile_number": EVE, "mobile_subscription": 0}})
    assert [fact["number"] for fact in project.facts("delivery")] == [BOB]


def test_the_subscription_by_its_other_name_is_only_a_variable(project):
    """mobile_subscription counts here, sms_subscription in an import; both are documented."""
    person = {"mobile_number": BOB, "sms_subscription": 1, "first_name": "New"}
    project.execute(project.template(), target_with_params={"N": person}, target_existing_only=0)
    assert (project.texts(), project.reasons()) == ([], ["Unsubscribed"])


@pytest.mark.parametrize("number", ["+447700900123", "00447700900123", "07700900123"])
def test_a_number_in_another_form_updates_nothing(project, number):
    """And no profile is made for it."""
    person = {"mobile_number": number, "mobile_subscription": 1, "first_name": "New"}
    project.execute(project.template(), target_with_params={"N": person}, target_existing_only=0)
    assert [reason.startswith("mobile_number: expected") for reason in project.reasons()] == [True]
    assert project.state.profiles.by_user_id("N") is None


def test_who_is_not_subscribed_or_has_no_number_gets_nothing(project, campaign):
    """Each with a reason, here and in the lists."""
    project.know(("C", "447700900789"), subscribed=0)
    project.know(("D", ""))
    project.execute(campaign, "C", "D", target_with_params={"C": {"first_name": "C"}, "D": {"first_name": "D"}})
    assert project.reasons() == ["Unsubscribed", "No mobile number"]
    rows = project.call("list/message", select=["user_id", "error", "error_message", "delivery"])["data"]
    assert rows == [
        {"user_id": "C", "error": 1, "error_message": "Unsubscribed", "delivery": 0},
        {"user_id": "D", "error": 1, "error_message": "No mobile number", "delivery": 0},
    ]


@pytest.mark.parametrize(
    ("code", "reason"), [("20", "Unsubscribed"), ("21", "Landline"), ("22", "Blocked"), ("23", "Queue full")]
)
def test_magic_numbers_dial_a_refusal(project, campaign, code, reason):
    """The same digits as at every provider."""
    project.know(("M", magic_number("GB", code)), first_name="Max")
    project.execute(campaign, "M")
    assert (project.texts(), project.reasons()) == ([], [reason])


def test_the_same_call_twice_is_two_messages(project, campaign):
    """There is no key that makes it one."""
    ids = [project.execute(campaign, "A")["model"]["id"] for _ in range(2)]
    assert ids[0] != ids[1]


def test_equal_projects_give_equal_ids_in_any_order(new_project):
    """Ids follow from what a call says."""
    made = []
    for order in ("AB", "BA"):
        project = new_project()
        project.know(("A", BOB), ("B", EVE), first_name="Ann")
        campaign = project.template()
        for user in order:
            project.execute(campaign, user)
            made.append((user, project.facts("delivery")[0]["message"]))
    assert sorted(made[:2]) == sorted(made[2:])


def test_a_text_of_the_campaign_counts_as_it_was_at_the_call(project, campaign):
    """A template that is changed or deleted later changes nothing (assumed)."""
    project.execute(campaign, "A", time="2026-03-02 12:00 UTC")
    del project.state.campaigns[campaign]
    project.live_until(NINE + 180 * MINUTE)
    assert project.texts() == ["Hello Ann"]


def cpu_seconds_for(project, customers):
    """CPU time of an import of so many customers, and of the execution with variables for each."""
    rows = [[f"C{place:07d}", str(447_100_000_000 + place), 1] for place in range(customers)]
    people = {row[0]: {"first_name": f"Ann {row[0]}"} for row in rows}
    campaign = project.template()
    started = process_time()
    project.call("import/profile", columns=["user_id", "mobile_number", "sms_subscription"], rows=rows)
    project.live_until(NINE + 60_000)
    project.execute(campaign, target_with_params=people)
    assert len(project.texts()) == customers
    return process_time() - started


def test_execution_of_ten_times_the_customers_takes_linear_time(new_project):
    """A search among all customers for each of them would take a hundred times as long."""
    assert cpu_seconds_for(new_project(), 10_000) < 40 * cpu_seconds_for(new_project(), 1_000)
