"""Recorded calls by the contracts: who has to act on a difference, and what would make a contract agree."""

import json
from dataclasses import replace

import pytest

from recorded_traffic import ADDRESSES, event, recorded_call
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.recordings.judging import CallJudge
from sendproof_simulators.recordings.known_contracts import KnownContracts
from sendproof_simulators.recordings.rendering import proposals, verdict

JSON = {"content-type": "application/json", "x-api-key": "k"}
ADD, PAGE = "integrations/AddChannelTemplates", "customers/GetCustomerSendDetailsByChannel"
TEMPLATES = [{"TemplateID": 1, "TemplateName": "A"}]
ROW = {"CustomerID": "C1", "TemplateID": 14, "ScheduledTime": "2026-03-02 09:00:00"}


@pytest.fixture(scope="module")
def known() -> KnownContracts:
    return KnownContracts(ADDRESSES)


def answer(value: object = None, status: int = 200) -> Response:
    """Return a response of Optimove: JSON, or the text of an error."""
    body = b"" if value is None else json.dumps(value).encode()
    kind = "application/json" if status == 200 else "text/plain"
    return Response(status=status, body=body, content_type=kind if body else "")


def call(function: str, response: Response | None, body: object = None, number: int = 1, **query: str):
    query = {"ChannelID": "505", **query}
    content = b"" if body is None else json.dumps(body).encode()
    request = Request(
        method="GET" if body is None else "POST",
        path=f"/current/{function}",
        query=tuple(query.items()),
        headers=JSON,
        body=content,
    )
    return recorded_call(f"http://simulators/optimove/current/{function}", request, response, number)


def judged(known: KnownContracts, *calls) -> CallJudge:
    judge = CallJudge(known)
    for item in calls:
        judge.add(item)
    return judge


def findings(judge: CallJudge) -> list[tuple[str, str, str]]:
    return [(found.blame, found.place, found.violation.rule) for found in judge.judgement.findings]


def proposed(known: KnownContracts, *calls) -> list[tuple[str, str, object]]:
    judge = judged(known, *calls)
    return [(item.action, item.pointer, item.value) for item in proposals(known, judge.judgement, "a.har")]


def test_calls_that_keep_the_contract_pass(known) -> None:
    judge = judged(known, call(ADD, answer(), TEMPLATES), call(PAGE, answer([ROW]), CampaignID="7"))
    assert (findings(judge), verdict(judge.judgement)) == ([], "pass")


def test_recording_of_nothing_known_is_unknown(known) -> None:
    assert verdict(judged(known).judgement) == "unknown"
    other = recorded_call("https://example.org/x", Request(method="GET", path="/x"), answer())
    judge = judged(known, call(ADD, answer(), TEMPLATES), other)
    assert (judge.judgement.unmatched, verdict(judge.judgement)) == ([other], "unknown")


def test_request_that_the_service_refused_is_the_fault_of_the_bridge(known) -> None:
    judge = judged(known, call(ADD, answer("TemplateName is missing", 400), [{"TemplateID": 1}]))
    assert findings(judge) == [("bridge", "body[].TemplateName", "required")]
    assert verdict(judge.judgement) == "fail"


def test_request_that_the_service_accepted_shows_that_the_contract_is_wrong(known) -> None:
    judge = judged(known, call(ADD, answer(), [{"TemplateID": 1}]))
    assert findings(judge) == [("contract", "body[].TemplateName", "required")]
    assert verdict(judge.judgement) == "unknown"


@pytest.mark.parametrize("response", [None, answer("Too Many Requests", 429), answer("Unauthorized", 401)])
def test_request_without_an_answer_about_its_form_blames_no_one(known, response) -> None:
    judge = judged(known, call(ADD, response, [{"TemplateID": 1}]))
    assert ("unconfirmed", "body[].TemplateName", "required") in findings(judge)
    assert verdict(judge.judgement) == "unknown"


def test_refusal_of_a_correct_request_is_no_finding(known) -> None:
    judge = judged(known, call(PAGE, answer("no campaign 7", 404), CampaignID="7"))
    assert verdict(judge.judgement) == "pass"


def test_service_is_found_by_its_documented_host_or_by_a_path_that_only_it_has(known) -> None:
    path = f"/current/{PAGE}"
    for url in (f"https://api9.optimove.net{path}", f"https://gateway.example{path}"):
        request = Request(method="GET", path=path, query=(("ChannelID", "505"), ("CampaignID", "7")))
        judge = judged(known, recorded_call(url, request, answer([ROW])))
        assert judge.judgement.judged == {("optimove", "GetCustomerSendDetailsByChannel"): 1}


def test_unknown_member_of_a_reply_is_proposed_with_its_type(known) -> None:
    rows = [{**ROW, "Segment": 3}, {**ROW, "Segment": None}]
    (proposal,) = proposed(known, call(PAGE, answer(rows), CampaignID="7"))
    assert proposal[0] == "add"
    assert proposal[1].endswith("/properties/Segment")
    assert proposal[2] == {"type": "integer", "nullable": True}


def test_missing_member_wrong_type_and_new_status_are_proposed(known) -> None:
    row = {"CustomerID": "C1", "TemplateID": 14}
    found = proposed(known, call(PAGE, answer([row]), CampaignID="7"), call(PAGE, answer(status=299), CampaignID="7"))
    assert ("remove", "/components/schemas/SendDetails/required", "ScheduledTime") in found or found[0][0] == "remove"
    assert found[1][0] == "add"
    assert found[1][1].endswith("/responses/299")


def test_proposal_names_the_recording_as_observed_evidence(known) -> None:
    judge = judged(known, call(PAGE, answer([{**ROW, "Segment": 3}]), CampaignID="7"))
    (proposal,) = proposals(known, judge.judgement, "a.har")
    shown = proposal.as_json()
    assert (shown["contract"], shown["x-evidence"]) == ("optimove.yaml", "observed")
    assert shown["x-source"] == "recorded traffic: a.har, 1 of 1 call"


def test_event_is_judged_as_a_call_of_the_service_and_its_answer_as_the_bridge(known) -> None:
    good = {"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}
    assert findings(judged(known, event(json.dumps(good).encode()))) == []
    more = judged(known, event(json.dumps({**good, "Extra": 1}).encode()))
    assert [found[0] for found in findings(more)] == ["contract"]
    assert more.judgement.judged == {("optimove", "13"): 1}
    refused = judged(known, event(json.dumps(good).encode(), status=500))
    assert findings(refused) == [("bridge", "status", "status")]


def test_body_that_was_not_recorded_is_not_judged_and_no_pass(known) -> None:
    whole = call(ADD, answer(), TEMPLATES)
    cut = replace(whole, request=replace(whole.request, body=b""), request_body_known=False)
    judge = judged(known, whole, cut)
    assert (findings(judge), judge.judgement.without_body, verdict(judge.judgement)) == ([], 1, "unknown")


def test_event_without_its_recorded_body_is_of_no_known_kind(known) -> None:
    judge = judged(known, replace(event(b""), request_body_known=False))
    assert (findings(judge), judge.judgement.judged) == ([], {("optimove", ""): 1})


def test_long_recording_keeps_a_few_findings_and_counts_all(known) -> None:
    calls = [call(ADD, answer(), [{"TemplateID": 1}], number=number) for number in range(1, 101)]
    judge = judged(known, *calls)
    ((key, kept),) = judge.judgement.groups.items()
    assert (judge.judgement.counts[key], len(kept), kept[0].call.number) == (100, 20, 1)
