"""`import/profile`, and the tasks of large imports."""

import pytest

from instants import NINE

BOB, EVE = "447700900123", "447700900456"
COLUMNS = ["user_id", "mobile_number", "sms_subscription", "first_name"]


def user_rows(count: int) -> list[list[object]]:
    """Return rows for this many users."""
    return [[f"C{index:07d}", str(447_100_000_000 + index), 1, "Ann"] for index in range(count)]


def test_import_below_100_rows_is_synchronous(project):
    """Documented."""
    result = project.call("import/profile", columns=COLUMNS, rows=user_rows(99))
    assert (result["code"], result["success"]) == (200, True)
    assert result["model"] == {"total": 99, "imported": 99, "failed": 0}
    assert len(list(project.state.profiles)) == 99


def test_import_from_100_rows_is_a_task(project):
    """202 in body and HTTP status (documented)."""
    result = project.call("import/profile", columns=COLUMNS, rows=user_rows(100))
    task = result["model"]["task_id"]
    assert (project.last.response.status, result["code"], result["success"]) == (202, 202, True)
    assert project.call("info/task", id=task)["model"]["status"] == "pending"
    project.run_until(NINE + 1_000)
    assert project.call("info/task", id=task)["model"]["status"] == "running"
    assert list(project.state.profiles) == []
    project.run_until(NINE + 1_100)
    model = project.call("info/task", id=str(task))["model"]
    assert (model["status"], model["identifier"], model["imported"]) == ("finished", "profile_import", 100)
    assert model["finish_time"] == NINE // 1000 + 1
    assert len(list(project.state.profiles)) == 100


def test_import_of_more_than_10000_rows_is_refused(project):
    """The vendor asks for at most this many; the refusal is assumed."""
    assert project.call("import/profile", columns=COLUMNS, rows=user_rows(10_000))["code"] == 202
    assert "rows" in project.refusal("import/profile", columns=COLUMNS, rows=user_rows(10_001))


@pytest.mark.parametrize("number", ["+447700900123", "00447700900123", "07700900123", "447700", "n/a", [1], True])
def test_row_with_invalid_number_is_refused_alone(project, number):
    """Country code first, no + and no 00 (documented); that other rows are imported is assumed."""
    rows = [["A", number, 1, "Ann"], ["B", EVE, 1, "Eve"]]
    result = project.call("import/profile", columns=COLUMNS, rows=rows)
    assert result["model"] == {"total": 2, "imported": 1, "failed": 1}
    (error,) = result["errors"]
    assert (error["row"], error["message"].startswith("mobile_number: expected")) == (0, True)
    assert project.state.profiles.by_user_id("A") is None


@pytest.mark.parametrize("number", [BOB, int(BOB), "", None])
def test_number_may_be_text_number_or_null(project, number):
    project.import_users(("A", number))
    assert project.state.profiles.by_user_id("A").mobile_number == (BOB if number else "")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["A", BOB, 1], "expected 4 values"),
        ([None, BOB, 1, "Ann"], "user_id"),
        (["", BOB, 1, "Ann"], "user_id"),
        (["A" * 201, BOB, 1, "Ann"], "user_id"),
        (["A", BOB, 2, "Ann"], "sms_subscription"),
        (["A", BOB, 1, {"json": 1}], "JSON as text"),
    ],
)
def test_invalid_row_is_reported_by_index_and_changes_nothing(project, row, expected):
    result = project.call("import/profile", columns=COLUMNS, rows=[["B", EVE, 1, "Eve"], row])
    assert result["errors"][0]["row"] == 1
    assert expected in result["errors"][0]["message"]
    assert [profile.user_id for profile in project.state.profiles] == ["B"]


@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        (["mobile_number", "sms_subscription"], "user_id"),
        (["user_id", "mobile_number"], "sms_subscription"),
        (["user_id", "email"], "email_subscription"),
    ],
)
def test_incomplete_columns_are_refused(project, columns, missing):
    """An address needs its subscription, and each row a user id (documented)."""
    assert missing in project.refusal("import/profile", columns=columns, rows=[["x"] * len(columns)])


@pytest.mark.parametrize(
    ("dialect", "name", "accepted"),
    [
        ("each_its_own", "sms_subscription", True),
        ("each_its_own", "mobile_subscription", False),
        ("either", "mobile_subscription", True),
        ("mobile_subscription", "sms_subscription", False),
        ("mobile_subscription", "mobile_subscription", True),
        ("sms_subscription", "sms_subscription", True),
    ],
)
def test_name_of_sms_subscription_follows_dialect(new_project, dialect, name, accepted):
    """The vendor's documents have both names."""
    project = new_project(subscription_name=dialect)
    result = project.call("import/profile", columns=["user_id", "mobile_number", name], rows=[["A", BOB, 1]])
    assert (result["code"] == 200) is accepted


def test_second_import_changes_only_its_columns(project):
    """Custom attributes are stored by their key (documented)."""
    project.import_users(("A", BOB), first_name="Ann", gamStop="false")
    project.call("import/profile", columns=["user_id", "gamStop"], rows=[["A", "true"]])
    profile = project.state.profiles.by_user_id("A")
    assert (profile.mobile_number, profile.attributes) == (BOB, {"first_name": "Ann", "gamStop": "true"})


def test_user_id_is_matched_exactly(project):
    project.import_users(("C0000042", BOB))
    assert [project.state.profiles.by_user_id(user) for user in ("c0000042", "42", "C42")] == [None, None, None]


def test_task_reports_at_most_100_errors(project):
    rows = [*user_rows(10), *([["A", "+1", 1, "Ann"]] * 150)]
    task = project.call("import/profile", columns=COLUMNS, rows=rows)["model"]["task_id"]
    project.run_until(NINE + 10_000)
    model = project.call("info/task", id=task)["model"]
    assert (model["imported"], model["failed"], len(model["errors"])) == (10, 150, 100)
    assert model["errors"][0]["row"] == 10


def test_tasks_can_be_found_after_lost_response(project):
    """By their identifier, newest first (documented)."""
    for count in (100, 200):
        project.call("import/profile", columns=COLUMNS, rows=user_rows(count))
    project.run_until(NINE + 10_000)
    condition = [["identifier", "=", "profile_import"], ["finish_time", ">", NINE // 1000]]
    result = project.call("list/task", condition=condition, order=["total DESC"], select=["total", "status"])
    assert result["data"] == [{"total": 200, "status": "finished"}, {"total": 100, "status": "finished"}]


def test_unknown_task_is_404(project):
    """Documented."""
    assert project.call("info/task", id=1)["code"] == 404


def test_profile_ids_do_not_depend_on_order_of_calls(new_project):
    project, reordered_project = new_project(), new_project()
    project.import_users(("A", BOB), ("B", EVE))
    reordered_project.import_users(("B", EVE))
    reordered_project.import_users(("A", BOB))
    ids, reordered_ids = (
        {profile.user_id: profile.id for profile in p.state.profiles} for p in (project, reordered_project)
    )
    assert ids == reordered_ids


def test_event_sets_attributes_and_response_is_async(project):
    """Even if the call says otherwise (observed)."""
    result = project.call(
        "hit/event", user_id="A", event="deposit", value=25, user_attributes={"vip": 1}, **{"async": False}
    )
    assert result == {"code": 200, "success": True, "async": True}
    assert project.state.profiles.by_user_id("A").attributes == {"vip": 1}
    assert project.last.summary == {"user": "A", "event": "deposit"}


def test_event_with_invalid_number_is_refused(project):
    assert "mobile_number" in project.refusal(
        "hit/event", user_id="A", event="e", user_attributes={"mobile_number": "+1"}
    )


def test_profiles_are_listed_with_condition(project):
    """Clients use this list to check their token (observed)."""
    project.import_users(("A", BOB), ("B", EVE), first_name="Ann")
    condition = [["sms_subscription", "=", 1], ["mobile_number", "=", EVE]]
    assert project.call("list/profile", condition=condition, select=["user_id"], limit=50)["data"] == [{"user_id": "B"}]
    (first, _) = project.call("list/profile", order=["user_id"])["data"]
    assert (first["mobile_number"], first["create_time"]) == (BOB, NINE // 1000)
