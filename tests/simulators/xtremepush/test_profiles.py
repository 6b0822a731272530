"""`import/profile`, and the tasks that large imports become."""

import pytest

from instants import NINE

BOB, EVE = "447700900123", "447700900456"
COLUMNS = ["user_id", "mobile_number", "sms_subscription", "first_name"]


def people(count: int) -> list[list[object]]:
    """Rows for so many users."""
    return [[f"C{place:07d}", str(447_100_000_000 + place), 1, "Ann"] for place in range(count)]


def test_a_few_rows_are_in_at_once(project):
    """Fewer than 100 are synchronous (documented)."""
    said = project.call("import/profile", columns=COLUMNS, rows=people(99))
    assert (said["code"], said["success"]) == (200, True)
    assert said["model"] == {"total": 99, "imported": 99, "failed": 0}
    assert len(list(project.state.profiles)) == 99


def test_from_a_hundred_rows_on_it_is_a_task(project):
    """202 in body and status (documented), and the profiles come with time."""
    said = project.call("import/profile", columns=COLUMNS, rows=people(100))
    task = said["model"]["task_id"]
    assert (project.last.response.status, said["code"], said["success"]) == (202, 202, True)
    assert project.call("info/task", id=task)["model"]["status"] == "pending"
    project.live_until(NINE + 1_000)
    assert project.call("info/task", id=task)["model"]["status"] == "running"
    assert list(project.state.profiles) == []
    project.live_until(NINE + 1_100)
    model = project.call("info/task", id=str(task))["model"]
    assert (model["status"], model["identifier"], model["imported"]) == ("finished", "profile_import", 100)
    assert model["finish_time"] == NINE // 1000 + 1
    assert len(list(project.state.profiles)) == 100


def test_ten_thousand_rows_are_the_most(project):
    """The vendor asks to keep to that; that one more is refused is assumed."""
    assert project.call("import/profile", columns=COLUMNS, rows=people(10_000))["code"] == 202
    assert "rows" in project.refused("import/profile", columns=COLUMNS, rows=people(10_001))


@pytest.mark.parametrize("number", ["+447700900123", "00447700900123", "07700900123", "447700", "n/a", [1], True])
def test_a_number_in_another_form_costs_its_row(project, number):
    """Country code first, no + and no 00 (documented); the other rows are taken all the same (assumed)."""
    rows = [["A", number, 1, "Ann"], ["B", EVE, 1, "Eve"]]
    said = project.call("import/profile", columns=COLUMNS, rows=rows)
    assert said["model"] == {"total": 2, "imported": 1, "failed": 1}
    (error,) = said["errors"]
    assert (error["row"], error["message"].startswith("mobile_number: expected")) == (0, True)
    assert project.state.profiles.by_user_id("A") is None


@pytest.mark.parametrize("number", [BOB, int(BOB), "", None])
def test_a_number_may_be_a_json_number_or_none(project, number):
    """Digits are digits."""
    project.register_credential(("A", number))
    assert project.state.profiles.by_user_id("A").mobile_number == (BOB if number else "")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (["A", BOB, 1], "expected 4 values"),
        ([None, BOB, 1, "Ann"], "user_id"),
        (["", BOB, 1, "Ann"], "user_id"),
        (["A" * 201, BOB, 1, "Ann"], "user_id"),
        (["A", BOB, 2, "Ann"], "sms_subscription"),
        (["A", BOB, 1, {"json": 1}], "JSON as text"),
    ],
)
def test_a_row_that_makes_no_sense_is_told_by_its_place(project, row, complaint):
    """And nothing of it is set."""
    said = project.call("import/profile", columns=COLUMNS, rows=[["B", EVE, 1, "Eve"], row])
    assert said["errors"][0]["row"] == 1
    assert complaint in said["errors"][0]["message"]
    assert [profile.user_id for profile in project.state.profiles] == ["B"]


@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        (["mobile_number", "sms_subscription"], "user_id"),
        (["user_id", "mobile_number"], "sms_subscription"),
        (["user_id", "email"], "email_subscription"),
    ],
)
def test_columns_that_belong_together_come_together(project, columns, missing):
    """An address comes with its subscription, and everything with a user id (documented)."""
    assert missing in project.refused("import/profile", columns=columns, rows=[["x"] * len(columns)])


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
def test_the_name_of_the_subscription_is_a_dialect(new_project, dialect, name, accepted):
    """Both names are in the vendor's documents."""
    project = new_project(subscription_name=dialect)
    said = project.call("import/profile", columns=["user_id", "mobile_number", name], rows=[["A", BOB, 1]])
    assert (said["code"] == 200) is accepted


def test_a_second_import_changes_what_it_names(project):
    """And leaves all else; custom attributes are kept by their key (documented)."""
    project.register_credential(("A", BOB), first_name="Ann", gamStop="false")
    project.call("import/profile", columns=["user_id", "gamStop"], rows=[["A", "true"]])
    profile = project.state.profiles.by_user_id("A")
    assert (profile.mobile_number, profile.attributes) == (BOB, {"first_name": "Ann", "gamStop": "true"})


def test_a_user_id_is_matched_to_the_letter(project):
    """C0000042 is not c0000042 and not 42."""
    project.register_credential(("C0000042", BOB))
    assert [project.state.profiles.by_user_id(user) for user in ("c0000042", "42", "C42")] == [None, None, None]


def test_wrong_rows_of_a_task_are_told_by_the_task(project):
    """A hundred complaints at most."""
    rows = [*people(10), *([["A", "+1", 1, "Ann"]] * 150)]
    task = project.call("import/profile", columns=COLUMNS, rows=rows)["model"]["task_id"]
    project.live_until(NINE + 10_000)
    model = project.call("info/task", id=task)["model"]
    assert (model["imported"], model["failed"], len(model["errors"])) == (10, 150, 100)
    assert model["errors"][0]["row"] == 10


def test_tasks_can_be_listed_after_a_lost_reply(project):
    """By their identifier, newest first (documented)."""
    for count in (100, 200):
        project.call("import/profile", columns=COLUMNS, rows=people(count))
    project.live_until(NINE + 10_000)
    condition = [["identifier", "=", "profile_import"], ["finish_time", ">", NINE // 1000]]
    said = project.call("list/task", condition=condition, order=["total DESC"], select=["total", "status"])
    assert said["data"] == [{"total": 200, "status": "finished"}, {"total": 100, "status": "finished"}]


def test_an_unknown_task_is_not_found(project):
    """404, as the resource does not exist (documented)."""
    assert project.call("info/task", id=1)["code"] == 404


def test_equal_projects_give_equal_ids(new_project):
    """In whatever order the calls arrive."""
    one, two = new_project(), new_project()
    one.register_credential(("A", BOB), ("B", EVE))
    two.register_credential(("B", EVE))
    two.register_credential(("A", BOB))
    assert {p.user_id: p.id for p in one.state.profiles} == {p.user_id: p.id for p in two.state.profiles}


def test_an_event_sets_attributes_and_says_async(project):
    """Also when it was asked not to be (observed)."""
    said = project.call(
        "hit/event", user_id="A", event="deposit", value=25, user_attributes={"vip": 1}, **{"async": False}
    )
    assert said == {"code": 200, "success": True, "async": True}
    assert project.state.profiles.by_user_id("A").attributes == {"vip": 1}
    assert project.last.summary == {"user": "A", "event": "deposit"}


def test_an_event_with_a_wrong_number_is_refused(project):
    """The rule for numbers is one everywhere."""
    assert "mobile_number" in project.refused(
        "hit/event", user_id="A", event="e", user_attributes={"mobile_number": "+1"}
    )


def test_profiles_can_be_listed(project):
    """With the attributes that each has; clients try their token so (observed)."""
    project.register_credential(("A", BOB), ("B", EVE), first_name="Ann")
    condition = [["sms_subscription", "=", 1], ["mobile_number", "=", EVE]]
    assert project.call("list/profile", condition=condition, select=["user_id"], limit=50)["data"] == [{"user_id": "B"}]
    (first, _) = project.call("list/profile", order=["user_id"])["data"]
    assert (first["mobile_number"], first["create_time"]) == (BOB, NINE // 1000)
