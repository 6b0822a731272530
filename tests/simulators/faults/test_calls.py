"""Each fault of a call: the response of a plain client, the effect, and the history."""

import pytest
import requests

WHEN = pytest.mark.parametrize("when", ["before", "after"])


@WHEN
def test_status_fault_sets_status_body_and_headers(bench, when):
    bench.inject("status", when=when, status=502, body="<b>", content_type="text/html", retry_after=7)
    response = bench.send()
    received = (response.status_code, response.text, response.headers["content-type"], response.headers["retry-after"])
    assert received == (502, "<b>", "text/html", "7")
    assert bench.injections() == [("status", when == "after", "altered", 502)]
    assert len(bench.lines("delivery")) == (when == "after")


def test_fault_at_several_operations_counts_whichever_the_bridge_uses(bench):
    """A bridge may send a campaign with `bulk_json` or with `send`."""
    bench.inject("status", call="textlocal.bulk_json|send", nth=2, status=502)
    assert [bench.send().status_code for _ in range(3)] == [200, 502, 200]
    (injected,) = bench.lines("fault")
    assert (injected["name"], injected["nth"]) == ("send", 2)
    assert bench.call("GET", "/faults")[0]["call"] == "textlocal.bulk_json|send"


def test_repetition_of_a_failed_call_has_the_same_content(bench):
    bench.inject("status", status=502)
    for text in ("Hi", "Hi", "Ho"):
        bench.send(message=text)
    failed, again, other = (line["content"] for line in bench.lines("request"))
    assert failed == again != other


def test_fault_after_the_effect_waits_for_a_call_that_has_one(bench):
    """A refused call has nothing that the fault could hide, and each bridge sends in an order of its own."""
    bench.inject("status", when="after", status=502)
    assert [bench.send(message=text).status_code for text in ("", "Hi", "Hi")] == [200, 502, 200]
    assert bench.injections() == [("status", True, "altered", 502)]


def test_rate_limited_fault_has_the_services_own_form(bench):
    bench.inject("rate_limited", retry_after=30)
    bench.inject("rate_limited")
    responses = [bench.send() for _ in range(2)]
    assert [(response.status_code, response.json()["status"]) for response in responses] == [
        (429, "failure"),
        (200, "success"),
    ]
    assert responses[0].headers["retry-after"] == "30"
    assert bench.injections() == [("rate_limited", False, "altered", 429)]


def test_unauthorized_fault_has_the_services_own_form(bench):
    """Textlocal refuses a credential with status 200."""
    bench.inject("unauthorized")
    assert bench.send().json()["errors"][0] == {"code": 3, "message": "Invalid login details"}
    assert bench.send().json()["status"] == "success"
    assert bench.injections() == [("unauthorized", False, "altered", 200)]


@WHEN
def test_connection_reset_fault_resets_the_connection(bench, when):
    bench.inject("connection_reset", when=when)
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        bench.send()
    assert bench.injections() == [("connection_reset", when == "after", "lost", 200 if when == "after" else 0)]
    assert len(bench.lines("delivery")) == (when == "after")


@WHEN
def test_no_response_fault_closes_the_connection_without_a_response(bench, when):
    bench.inject("no_response", when=when, seconds=0.05)
    assert bench.raw() == b""
    assert bench.injections() == [("no_response", when == "after", "lost", 200 if when == "after" else 0)]
    assert len(bench.lines("delivery")) == (when == "after")


def test_no_response_fault_ends_when_the_client_gives_up(bench):
    """Time can then continue."""
    bench.inject("no_response", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        bench.send(read_timeout=1)
    bench.advance(1)
    assert bench.injections() == [("no_response", False, "lost", 0)]


def test_time_stands_still_until_the_client_gives_up(bench):
    bench.inject("no_response", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        bench.send(read_timeout=1)
    bench.advance(3_000)
    assert bench.call("GET", "/clock")["in_flight"] == 0


def test_truncated_response_fault_sends_half_of_the_body(bench):
    bench.inject("truncated_response")
    head, _, body = bench.raw().partition(b"\r\n\r\n")
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    assert (head.split(b"\r\n")[0], len(body)) == (b"HTTP/1.1 200 OK", length // 2)
    assert bench.injections() == [("truncated_response", True, "lost", 200)]
    assert len(bench.lines("delivery")) == 1


@WHEN
def test_html_response_fault_has_status_200(bench, when):
    bench.inject("html_response", when=when)
    response = bench.send()
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.text.startswith("<!DOCTYPE html>")
    assert bench.injections() == [("html_response", when == "after", "altered", 200)]


def test_slow_response_fault_sends_the_whole_response(bench):
    bench.inject("slow_response", seconds=0.1)
    assert bench.send().json()["status"] == "success"
    assert bench.injections() == [("slow_response", True, "intact", 200)]


def test_slow_response_timeout_fault_has_its_effect_once(bench):
    bench.inject("slow_response_timeout", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        bench.send(read_timeout=1)
    assert bench.send().json()["status"] == "success"
    assert bench.injections() == [("slow_response_timeout", True, "lost", 200)]
    assert len(bench.lines("delivery")) == 2


def test_duplicate_response_fault_sends_the_response_twice(bench):
    bench.inject("duplicate_response")
    raw = bench.raw()
    assert (raw.count(b"HTTP/1.1 200 OK\r\n"), raw.count(b'"status":"success"')) == (2, 2)
    assert bench.injections() == [("duplicate_response", True, "intact", 200)]
    assert len(bench.lines("delivery")) == 1


def test_only_matching_calls_are_counted(bench):
    """Field names match in any case."""
    bench.inject("status", where={"MESSAGE": "two"}, nth=2, times=2)
    statuses = [bench.send(message=text).status_code for text in ("two", "one", "two", "one", "two", "two")]
    assert statuses == [200, 200, 503, 200, 503, 200]
    assert [(line["id"], line["nth"]) for line in bench.lines("fault")] == [("f1", 2), ("f1", 3)]


def test_fault_entry_precedes_the_request_entry(bench):
    bench.inject("connection_reset", when="after")
    with pytest.raises(requests.ConnectionError):
        bench.send()
    fault, request, delivery = bench.lines("fault", "request", "delivery")
    assert [line["n"] for line in (fault, request, delivery)] == [1, 2, 3]
    fields = {key: fault[key] for key in ("id", "fault", "target", "service", "name", "nth", "when")}
    assert fields == {
        "id": "f1", "fault": "connection_reset", "target": "call", "service": "textlocal", "name": "send", "nth": 1,
        "when": "after",
    }  # fmt: skip
    assert (request["fault"]["id"], delivery["request"]) == ("f1", 2)


def test_first_matching_fault_is_injected(bench):
    """The other faults count the call, too."""
    bench.inject("status", status=500, times=2)
    bench.inject("status", status=502, nth=2, times=2)
    assert [bench.send().status_code for _ in range(4)] == [500, 500, 502, 200]
    assert [active["injected"] for active in bench.call("GET", "/faults")] == [2, 1]


def test_unauthenticated_call_is_not_counted(bench):
    """It belongs to no sandbox."""
    bench.inject("status")
    assert bench.send(apikey="wrong").json()["status"] == "failure"
    assert bench.send().status_code == 503


def test_rate_limit_only_counts_calls_with_an_effect(limited):
    limited.inject("status", times=5)
    limited.inject("status", nth=6, times=1, when="after")
    statuses = [limited.send().status_code for _ in range(16)]
    assert statuses == [503] * 6 + [200] * 9 + [429]


def test_sandboxes_do_not_share_faults(bench, limited):
    bench.inject("status", times="all")
    assert (bench.send().status_code, limited.send().status_code) == (503, 200)
    assert (limited.call("GET", "/faults"), limited.lines("fault")) == ([], [])
