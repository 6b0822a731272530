"""`execute/campaign`: texts, times and recipients, and the reasons of rejections."""

from time import process_time

import pytest

from instants import NINE
from sendproof_simulators.core.messaging.delivery_outcomes import number_for_code

BOB, EVE = "447700900123", "447700900456"
MINUTE = 60_000


@pytest.fixture
def campaign(project):
    """Return the id of a template that two users can receive."""
    project.import_users(("A", BOB), ("B", EVE), first_name="Ann")
    return project.template()


def test_execution_is_asynchronous_by_default(project, campaign):
    """A success only means that the call is valid (documented)."""
    result = project.call("execute/campaign", id=campaign, target=["A"], target_by="user_id")
    assert (result["code"], result["success"], project.texts()) == (200, True, [])
    project.run_until(NINE)
    assert project.texts() == ["Hello Ann"]


def test_message_is_journalled_as_delivery(project, campaign):
    result = project.execute(campaign, "A", params={"external_message_id": "7001-1"})
    (delivery,) = project.entries("delivery")
    assert delivery.pop("message") == str(result["model"]["id"] * 10_000_000)
    assert delivery == {
        "service": "xtremepush", "batch": str(result["model"]["id"]), "number": BOB, "user": "A", "text": "Hello Ann",
        "sender": "Shop", "custom": "7001-1", "receipt_url": "", "send_at": "2026-03-02T09:00:00.000Z", "test": False,
    }  # fmt: skip


@pytest.mark.parametrize(("switch", "dialect"), [({"async": False}, "async"), ({"async": 0}, "async"), ({}, "sync")])
def test_execution_is_synchronous_by_field_or_dialect(new_project, switch, dialect):
    """That there is such a field is assumed."""
    project = new_project(execution=dialect)
    project.import_users(("A", BOB), first_name="Ann")
    project.call("execute/campaign", id=project.template(), target=["A"], target_by="user_id", **switch)
    assert project.texts() == ["Hello Ann"]


def test_variables_of_user_override_those_of_call_and_profile(project, campaign):
    text = {"9": {"sms": {"text": "{{first_name}} {{city}} {{balance}} {{user_id}}"}}}
    project.call("import/profile", columns=["user_id", "city"], rows=[["A", "Cork"], ["B", "Cork"]])
    variables = {"A": {"first_name": "Alex", "balance": 100}, "B": {"city": None, "balance": "80 EUR"}}
    project.execute(campaign, target_with_params=variables, params={"first_name": "You", "balance": 0}, messages=text)
    assert project.texts() == ["Alex Cork 100 A", "You  80 EUR B"]


@pytest.mark.parametrize(("dialect", "reasons"), [("not_personalized", ["Not personalized"]), ("empty", [])])
def test_variable_without_value_follows_dialect(new_project, dialect, reasons):
    project = new_project(missing_variable=dialect)
    project.import_users(("A", BOB))
    project.execute(project.template("Hello {{first_name}}!"), "A")
    assert (project.reasons(), project.texts()) == (reasons, [] if reasons else ["Hello !"])


@pytest.mark.parametrize("value", ["x" * 1_000_000, {"name": "x" * 1_000_000}], ids=["text", "object"])
def test_text_that_variables_make_endless_is_not_sent(project, campaign, value):
    """2,000 characters can name a variable 300 times. The journal has the text of each target."""
    text = {"9": {"sms": {"text": "{{a}}" * 300}}}
    project.execute(campaign, "A", "B", params={"a": value}, messages=text)
    assert (project.reasons(), project.texts()) == (["Text too long"] * 2, [])
    assert [len(entry["text"]) for entry in project.entries("rejection")] == [5_001] * 2


@pytest.mark.parametrize("time", ["2026-03-02 12:00 UTC", "2026-03-02 12:00:00", NINE // 1000 + 3 * 3600])
def test_execution_waits_for_its_time(project, campaign, time):
    """Text or a Unix time, in UTC (documented)."""
    project.execute(campaign, "A", time=time)
    assert project.texts() == []
    project.run_until(NINE + 180 * MINUTE)
    assert [entry["send_at"] for entry in project.entries("delivery")] == ["2026-03-02T12:00:00.000Z"]


def test_time_in_current_minute_is_accepted(project, campaign):
    """A time without seconds is a whole minute; that the minute before is refused is assumed."""
    project.now = NINE + 59_999
    project.execute(campaign, "A", time="2026-03-02 09:00 UTC")
    assert project.texts() == ["Hello Ann"]
    project.now = NINE + MINUTE
    assert "future" in project.refusal("execute/campaign", id=campaign, target=["A"], time="2026-03-02 09:00 UTC")


@pytest.mark.parametrize(
    "time", ["tomorrow", "2026-13-02 12:00 UTC", "2026-03-02 25:00", "2026-03-02 12:00 IST", "", 0]
)
def test_invalid_time_is_refused(project, campaign, time):
    assert "time: expected" in project.refusal("execute/campaign", id=campaign, target=["A"], time=time)


@pytest.mark.parametrize(
    ("fields", "expected"),
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
def test_invalid_execution_is_refused(project, campaign, fields, expected):
    assert expected in project.refusal("execute/campaign", id=campaign, **fields)


def test_campaign_without_api_trigger_or_sms_cannot_be_executed(project, campaign):
    """A campaign without the content of its type has nothing to send."""
    scheduled = project.call("create/campaign", title="T", trigger=0)["model"]["id"]
    push = project.call("create/campaign", title="T", trigger=3, ios_push=1)["model"]["id"]
    assert "not triggered by the API" in project.refusal("execute/campaign", id=scheduled, target=["A"])
    assert "has no content of a type that is simulated" in project.refusal("execute/campaign", id=push, target=["A"])
    assert project.call("execute/campaign", id=1, target=["A"])["code"] == 404


@pytest.mark.parametrize(("dialect", "most"), [("10000", 10_000), ("1000", 1_000), ("100", 100)])
def test_targets_beyond_limit_of_dialect_are_refused(new_project, dialect, most):
    project = new_project(max_targets=dialect)
    campaign, targets = project.template(), list(map(str, range(most + 1)))
    assert project.call("execute/campaign", id=campaign, target=targets[:most])["code"] == 200
    assert f"at most {most}" in project.refusal("execute/campaign", id=campaign, target=targets)


def test_targets_are_unlimited_in_one_dialect(new_project):
    project = new_project(max_targets="none")
    targets = list(map(str, range(20_000)))
    assert project.call("execute/campaign", id=project.template(), target=targets)["code"] == 200


@pytest.mark.parametrize(("dialect", "by"), [("id", "id"), ("user_id", "user_id")])
def test_default_target_identifier_follows_dialect(new_project, dialect, by):
    """Xtremepush's own id (documented in the older pages), or the client's."""
    project = new_project(target_by=dialect)
    project.import_users(("A", BOB), first_name="Ann")
    profile = project.state.profiles.by_user_id("A")
    project.call("execute/campaign", id=project.template(), target=["A"])
    project.run_until(NINE)
    assert project.texts() == (["Hello Ann"] if by == "user_id" else [])
    project.call("execute/campaign", id=project.template(), target=[profile.id], target_by="id")
    project.run_until(NINE)
    assert project.texts() == ["Hello Ann"]


def test_target_by_external_id_means_user_id(project, campaign):
    """It is the older name of user_id (documented in the older pages)."""
    project.execute(campaign, "A", target_by="external_id")
    assert project.texts() == ["Hello Ann"]


def test_unknown_user_is_rejected_and_others_get_the_text(project, campaign):
    """Assumed."""
    project.execute(campaign, "A", "unknown")
    assert (project.texts(), project.reasons()) == (["Hello Ann"], ["no profile is known by this id"])


def test_target_existing_only_0_creates_and_updates_profiles(project):
    """It updates four attributes (documented)."""
    variables = {"mobile_number": BOB, "mobile_subscription": 1, "first_name": "New"}
    project.execute(project.template(), target_with_params={"N": variables}, target_existing_only=0)
    assert project.texts() == ["Hello New"]
    profile = project.state.profiles.by_user_id("N")
    assert (profile.mobile_number, profile.sms_subscription, profile.attributes) == (BOB, True, {})


def test_profile_stays_unchanged_by_default(project, campaign):
    """A number in the variables is then only a variable."""
    project.execute(campaign, target_with_params={"A": {"mobile_number": EVE, "mobile_subscription": 0}})
    assert [entry["number"] for entry in project.entries("delivery")] == [BOB]


def test_subscription_under_import_name_is_only_a_variable(project):
    """mobile_subscription is the name here, sms_subscription in an import; both are documented."""
    variables = {"mobile_number": BOB, "sms_subscription": 1, "first_name": "New"}
    project.execute(project.template(), target_with_params={"N": variables}, target_existing_only=0)
    assert (project.texts(), project.reasons()) == ([], ["Unsubscribed"])


@pytest.mark.parametrize("number", ["+447700900123", "00447700900123", "07700900123"])
def test_invalid_number_creates_no_profile(project, number):
    variables = {"mobile_number": number, "mobile_subscription": 1, "first_name": "New"}
    project.execute(project.template(), target_with_params={"N": variables}, target_existing_only=0)
    assert [reason.startswith("mobile_number: expected") for reason in project.reasons()] == [True]
    assert project.state.profiles.by_user_id("N") is None


def test_unsubscribed_user_or_user_without_number_is_rejected(project, campaign):
    """The lists have the same reasons as the journal."""
    project.import_users(("C", "447700900789"), subscribed=0)
    project.import_users(("D", ""))
    project.execute(campaign, "C", "D", target_with_params={"C": {"first_name": "C"}, "D": {"first_name": "D"}})
    assert project.reasons() == ["Unsubscribed", "No mobile number"]
    rows = project.call("list/message", select=["user_id", "error", "error_message", "delivery"])["data"]
    assert rows == [
        {"user_id": "C", "error": 1, "error_message": "Unsubscribed", "delivery": 0},
        {"user_id": "D", "error": 1, "error_message": "No mobile number", "delivery": 0},
    ]


@pytest.mark.parametrize(("code", "reason"), [("20", "Unsubscribed"), ("21", "Landline"), ("22", "Blocked")])
def test_test_number_with_refusal_is_rejected(project, campaign, code, reason):
    project.import_users(("M", number_for_code("GB", code)), first_name="Max")
    project.execute(campaign, "M")
    assert (project.texts(), project.reasons()) == ([], [reason])


def test_no_queue_is_full(project, campaign):
    """Assumed."""
    project.import_users(("M", number_for_code("GB", "23")), first_name="Max")
    project.execute(campaign, "M")
    assert (len(project.texts()), project.reasons()) == (1, [])


def test_repeated_call_sends_again(project, campaign):
    """There is no idempotency key."""
    ids = [project.execute(campaign, "A")["model"]["id"] for _ in range(2)]
    assert ids[0] != ids[1]


def test_message_ids_do_not_depend_on_order_of_calls(new_project):
    messages = []
    for order in ("AB", "BA"):
        project = new_project()
        project.import_users(("A", BOB), ("B", EVE), first_name="Ann")
        campaign = project.template()
        for user in order:
            project.execute(campaign, user)
            messages.append((user, project.entries("delivery")[0]["message"]))
    assert sorted(messages[:2]) == sorted(messages[2:])


def test_scheduled_execution_sends_text_at_time_of_call(project, campaign):
    """A later change or deletion of the template has no effect (assumed)."""
    project.execute(campaign, "A", time="2026-03-02 12:00 UTC")
    del project.state.campaigns[campaign]
    project.run_until(NINE + 180 * MINUTE)
    assert project.texts() == ["Hello Ann"]


def cpu_seconds(project, users):
    """Return the CPU time of an import of `users` users and of an execution with variables for each."""
    rows = [[f"C{index:07d}", str(447_100_000_000 + index), 1] for index in range(users)]
    variables = {row[0]: {"first_name": f"Ann {row[0]}"} for row in rows}
    campaign = project.template()
    started = process_time()
    project.call("import/profile", columns=["user_id", "mobile_number", "sms_subscription"], rows=rows)
    project.run_until(NINE + 60_000)
    project.execute(campaign, target_with_params=variables)
    assert len(project.texts()) == users
    return process_time() - started


def test_import_and_execution_take_linear_time(new_project):
    """A search among all users for each of them would take a hundred times as long for ten times the users."""
    assert cpu_seconds(new_project(), 10_000) < 40 * cpu_seconds(new_project(), 1_000)
