"""The templates listed on a channel, compared with those of the provider."""

import pytest

from fault_helpers import injection_line, request_line, with_faults, with_key_outage
from history_builder import START, HistoryBuilder
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso
from sendproof_harness.judge.checks.templates import CHECKS


def causes(run: HistoryBuilder) -> list[tuple[str, str]]:
    """Return cause and template of each finding."""
    return [(finding.cause, str(finding.where.template)) for finding in run.findings(CHECKS)]


def provider_change(action: str, at: int, template: int = 12, title: str = "Bonus") -> dict:
    """Return a change of a template at the provider."""
    return {"n": 900, "at": iso(at), "kind": "provider_template", "service": "textlocal", "action": action,
            "id": template, "title": title, "body": "text"}  # fmt: skip


def channel_change(action: str, at: int, template: int = 12, name: str | None = "Bonus") -> dict:
    """Return a change of the channel's list by the bridge."""
    return {"n": 901, "at": iso(at), "kind": "channel_templates", "channel": 505, "action": action,
            "templates": [{"id": template, "name": name}]}  # fmt: skip


def test_listed_templates_pass(correct_run):
    assert causes(correct_run) == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [3]


def test_added_template_missing_from_channel_fails(correct_run):
    run = correct_run.plus(provider_change("created", START + DAY, 14, "Late"))

    assert causes(run) == [("a template of the provider is missing from the channel", "14")]


def test_renamed_template_with_old_name_fails(correct_run):
    assert causes(correct_run.plus(provider_change("renamed", START + DAY, 12, "Present"))) == [
        ("a renamed template has its old name in the channel", "12")
    ]


def test_deleted_template_still_listed_fails(correct_run):
    run = correct_run.plus(provider_change("deleted", START + DAY))

    assert causes(run) == [("a template that the provider deleted is still in the channel", "12")]


def test_changes_synced_within_an_hour_pass(correct_run):
    day = START + DAY
    run = correct_run.plus(
        provider_change("renamed", day, 12, "Present"),
        channel_change("renamed", day + MINUTE, 12, "SMS Present"),
        provider_change("deleted", day + HOUR, 13),
        channel_change("deleted", day + HOUR + MINUTE, 13, None),
    )

    assert causes(run) == []


def test_recently_changed_template_is_tolerated(correct_run):
    end = START + 7 * DAY + 4 * HOUR

    assert causes(correct_run.plus(provider_change("created", end - 30 * MINUTE, 14, "Late"))) == []


@pytest.mark.parametrize(("down", "count"), [(30 * MINUTE, 0), (0, 1)], ids=["down", "up"])
def test_bridge_has_an_hour_of_its_own_for_a_new_template(correct_run, down, count):
    """A campaign was announced 70 minutes after the template was written; the bridge was down for half an hour."""
    run = with_faults(correct_run, {"fault": "kill", "call": "optimove.GetChannelTemplates", "down": down})
    run = run.plus(
        provider_change("created", START + 50 * MINUTE, template=15, title="New"),
        injection_line(START + 80 * MINUTE, 800, "kill", "optimove", "GetChannelTemplates"),
        channel_change("added", START + 121 * MINUTE, template=15, name="New"),
    )

    assert len(causes(run)) == count


def test_bridge_that_was_down_again_in_its_longer_hour_has_more_time(correct_run):
    """Of the 100 minutes between the template and the announcement, it was down for 50: in the last hour for 30."""
    outage = {"fault": "kill", "call": "optimove.GetChannelTemplates", "down": 30 * MINUTE}
    run = with_faults(correct_run, outage, outage)
    run = run.plus(
        provider_change("created", START + 20 * MINUTE, template=15, title="New"),
        injection_line(START + 25 * MINUTE, 800, "kill", "optimove", "GetChannelTemplates"),
        injection_line(START + 80 * MINUTE, 801, "kill", "optimove", "GetChannelTemplates", id="f2"),
        channel_change("added", START + 121 * MINUTE, template=15, name="New"),
    )

    assert causes(run) == []


def test_template_added_half_a_day_late_fails(correct_run):
    day = START + DAY
    run = correct_run.plus(
        provider_change("created", day, 14, "Late"), channel_change("added", day + 12 * HOUR, 14, "Late")
    )

    assert causes(run) == [("a template of the provider is missing from the channel", "14")]


def test_template_missing_for_half_an_hour_fails(correct_run):
    """In that time no marketer can choose it."""
    day = START + DAY
    run = correct_run.plus(channel_change("deleted", day), channel_change("added", day + 30 * MINUTE))

    assert causes(run) == [("a template that the provider still has was deleted from the channel", "12")]


def test_new_template_missing_for_half_an_hour_fails(correct_run):
    day = START + DAY
    run = correct_run.plus(
        provider_change("created", day, 14, "New"),
        channel_change("added", day + MINUTE, 14, "New"),
        channel_change("deleted", day + 2 * MINUTE, 14),
        channel_change("added", day + 30 * MINUTE, 14, "New"),
    )

    assert causes(run) == [("a template that the provider still has was deleted from the channel", "14")]


def failed_call(n: int, operation: str, at: int) -> dict:
    """Return a request that the service could not serve."""
    service = "textlocal" if operation == "get_templates" else "optimove"
    return {"n": n, "at": iso(at), "kind": "request", "service": service, "operation": operation, "method": "POST",
            "path": "/", "credential": "known", "status": 503, "violations": []}  # fmt: skip


def test_list_that_could_not_be_read_is_no_reason_to_delete_templates(correct_run):
    """The next reading, half an hour later, brings them back."""
    day = START + DAY
    deleted_and_added = channel_change("deleted", day), channel_change("added", day + 30 * MINUTE)
    cause = "a template that the provider still has was deleted from the channel"
    assert causes(correct_run.plus(failed_call(900, "get_templates", day), *deleted_and_added)) == [(cause, "12")]
    assert causes(correct_run.plus(failed_call(902, "AddChannelTemplates", day), *deleted_and_added)) == []


def test_removal_whose_own_response_was_lost_may_delay_the_repair(correct_run):
    """The bridge cannot know that it removed the template, so only its next reading adds it again."""
    day = START + DAY
    deleted_and_added = channel_change("deleted", day), channel_change("added", day + 30 * MINUTE)
    run = correct_run.plus(failed_call(900, "DeleteChannelTemplates", day), *deleted_and_added)
    assert causes(run) == []


def test_failure_before_the_request_that_removed_a_template_is_no_reason(correct_run):
    day = START + DAY
    calls = failed_call(899, "get_templates", day), failed_call(900, "DeleteChannelTemplates", day) | {"status": 200}
    run = correct_run.plus(*calls, channel_change("deleted", day), channel_change("added", day + 30 * MINUTE))
    assert causes(run) == [("a template that the provider still has was deleted from the channel", "12")]


def test_template_deleted_and_added_at_once_passes(correct_run):
    day = START + DAY

    assert causes(correct_run.plus(channel_change("deleted", day), channel_change("added", day + MINUTE))) == []


def test_template_with_title_of_another_fails(correct_run):
    run = correct_run.plus(channel_change("renamed", START + DAY, 13, "Bonus"))

    assert causes(run) == [("a template has the title of another template in the channel", "13")]


def test_own_template_ids_of_the_bridge_pass(correct_run):
    """The names contain the titles."""
    run = correct_run.change(
        "channel_templates",
        lambda line: line | {"templates": [template | {"id": template["id"] + 1000} for template in line["templates"]]},
    )

    assert causes(run) == []


def test_renamed_template_with_own_id_and_old_name_fails(correct_run):
    """The old name is not the name of a deleted template."""
    run = correct_run.change(
        "channel_templates",
        lambda line: line | {"templates": [template | {"id": template["id"] + 1000} for template in line["templates"]]},
    )

    assert causes(run.plus(provider_change("renamed", START + DAY, 12, "Present"))) == [
        ("a renamed template has its old name in the channel", "12")
    ]


def test_renamed_template_listed_under_both_names_fails(correct_run):
    run = correct_run.plus(
        provider_change("renamed", START + DAY, 12, "Present"),
        channel_change("added", START + DAY, 1012, "Bonus"),
        channel_change("renamed", START + DAY, 12, "Present"),
    )

    assert causes(run) == [("a template that the provider deleted is still in the channel", "1012")]


def test_short_run_without_sync_has_nothing_to_look_at(correct_run):
    run = correct_run.without("channel_templates").without("campaign").without("obligation")
    run = run.change("history", lambda line: line | {"ended": iso(START + MINUTE)})

    assert [check.run(run.history()).looked_at for check in CHECKS] == [0]


def test_template_on_channel_for_subscriptions_fails(correct_run):
    """A marketer could choose it for a campaign there."""
    post_back = {"id": 444, "provider": "xtremepush", "kind": "scheduled"}
    run = correct_run.change("history", lambda line: line | {"channels": [*line["channels"], post_back]})
    run = run.plus(channel_change("added", START + DAY, 12, "Bonus") | {"channel": 444})

    assert causes(run) == [("a template is offered on a channel that only carries subscriptions back", "12")]


def test_template_whose_title_is_in_the_name_of_another_one_is_missing(correct_run):
    """The other one is listed under its own id at the provider."""
    run = correct_run.plus(
        provider_change("created", START + DAY, 14, "Sale for members"),
        channel_change("added", START + DAY + MINUTE, 14, "Sale for members"),
        provider_change("created", START + 2 * DAY, 15, "Sale"),
    )

    assert causes(run) == [("a template of the provider is missing from the channel", "15")]


def test_longest_title_in_the_name_under_an_id_of_the_bridge_counts(correct_run):
    run = correct_run.plus(
        provider_change("created", START + DAY, 14, "Sale for members"),
        provider_change("created", START + DAY, 15, "Sale"),
        channel_change("added", START + DAY + MINUTE, 901, "SMS: Sale for members"),
    )

    assert causes(run) == [("a template of the provider is missing from the channel", "15")]
    assert causes(run.plus(channel_change("added", START + DAY + MINUTE, 902, "SMS: Sale"))) == []


@pytest.mark.parametrize(
    ("old", "change", "cause"),
    [
        # Template 12 is "Bonus".
        ("Bonus for VIPs", ("deleted", ""), "a template that the provider deleted is still in the channel"),
        ("Spring sale 2025", ("renamed", "Spring sale"), "a renamed template has its old name in the channel"),
    ],
)
def test_old_entry_whose_name_contains_a_title_fails(correct_run, old, change, cause):
    action, title = change
    run = correct_run.plus(
        provider_change("created", START + DAY, 14, old),
        channel_change("added", START + DAY + MINUTE, 14, f"SMS {old}"),
        provider_change(action, START + 2 * DAY, 14, title),
    )

    assert causes(run) == [(cause, "14")]


@pytest.mark.parametrize(("added", "count"), [([2 * MINUTE], 0), ([], 1)], ids=["added", "never"])
def test_failed_call_excuses_a_new_template_at_an_announcement(correct_run, added, count):
    """A bridge that looks once an hour has one chance within the hour, and a campaign is announced after it."""
    announced = START + 2 * HOUR
    run = correct_run.plus(
        provider_change("created", announced - 61 * MINUTE, template=15, title="New"),
        request_line(announced - 2 * MINUTE, 902, "optimove", "AddChannelTemplates", status=503),
        *(channel_change("added", announced + after, template=15, name="New") for after in added),
    )

    assert len(causes(run)) == count


@pytest.mark.parametrize(("created", "count"), [(61, 0), (63, 1)])
def test_call_that_failed_later_excuses_no_template_at_an_announcement(correct_run, created, count):
    """The bridge had an hour before the call failed."""
    announced = START + 2 * HOUR
    run = correct_run.plus(
        provider_change("created", announced - created * MINUTE, template=15, title="New"),
        request_line(announced - 2 * MINUTE, 902, "optimove", "AddChannelTemplates", status=503),
        channel_change("added", announced + 2 * MINUTE, template=15, name="New"),
    )

    assert len(causes(run)) == count


@pytest.mark.parametrize(("enabled", "count"), [(30, 0), (150, 1)])
def test_new_template_may_wait_for_a_disabled_key(correct_run, enabled, count):
    """A campaign is announced an hour and a half after the template was written."""
    announced = START + 2 * HOUR
    run = with_key_outage(correct_run, announced - 180 * MINUTE, announced - enabled * MINUTE)
    run = run.plus(
        provider_change("created", announced - 90 * MINUTE, template=15, title="New"),
        channel_change("added", announced + 2 * MINUTE, template=15, name="New"),
    )

    assert len(causes(run)) == count
