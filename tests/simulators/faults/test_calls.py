"""Each fault of a call, as a plain client sees it: what arrives, what was done, what the history says."""

import pytest
import requests

WHEN = pytest.mark.parametrize("when", ["before", "after"])


@WHEN
def test_a_status_of_ones_choice(bench, when):
    """With body, type and header, before or after the message is taken."""
    bench.strike("status", when=when, status=502, body="<b>", content_type="text/html", retry_after=7)
    response = bench.send()
    said = (response.status_code, response.text, response.headers["content-type"], response.headers["retry-after"])
    assert said == (502, "<b>", "text/html", "7")
    assert bench.told() == [("status", when == "after", "altered", 502)]
    assert len(bench.lines("delivery")) == (when == "after")


def test_a_refusal_for_too_many_requests(bench):
    """In the service's own form, with the header or without."""
    bench.strike("rate_limited", retry_after=30)
    bench.strike("rate_limited")
    replies = [bench.send() for _ in range(2)]
    assert [(one.status_code, one.json()["status"]) for one in replies] == [(429, "failure"), (200, "success")]
    assert replies[0].headers["retry-after"] == "30"
    assert bench.told() == [("rate_limited", False, "altered", 429)]


def test_a_refused_credential(bench):
    """In the service's own form: Textlocal says it with status 200."""
    bench.strike("unauthorized")
    assert bench.send().json()["errors"][0] == {"code": 3, "message": "Invalid login details"}
    assert bench.send().json()["status"] == "success"
    assert bench.told() == [("unauthorized", False, "altered", 200)]


@WHEN
def test_a_connection_torn_down(bench, when):
    """The client gets a reset; only what was struck after its effect was done."""
    bench.strike("connection_reset", when=when)
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        bench.send()
    assert bench.told() == [("connection_reset", when == "after", "lost", 200 if when == "after" else 0)]
    assert len(bench.lines("delivery")) == (when == "after")


@WHEN
def test_a_call_that_hangs(bench, when):
    """Nothing comes, then the connection is closed."""
    bench.strike("no_response", when=when, seconds=0.05)
    assert bench.raw() == b""
    assert bench.told() == [("no_response", when == "after", "lost", 200 if when == "after" else 0)]
    assert len(bench.lines("delivery")) == (when == "after")


def test_a_client_that_waits_no_longer_ends_the_hanging(bench):
    """Time can go on as soon as it has given up."""
    bench.strike("no_response", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        bench.send(read_timeout=1)
    bench.advance(1)
    assert bench.told() == [("no_response", False, "lost", 0)]


def test_time_stands_still_while_a_call_hangs(bench):
    """An exchange that is under way is one that is waited for."""
    bench.strike("no_response", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        bench.send(read_timeout=1)
    bench.advance(3_000)
    assert bench.call("GET", "/clock")["in_flight"] == 0


def test_a_reply_that_breaks_off(bench):
    """Half of its body comes; it is done all the same."""
    bench.strike("truncated_response")
    head, _, body = bench.raw().partition(b"\r\n\r\n")
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    assert (head.split(b"\r\n")[0], len(body)) == (b"HTTP/1.1 200 OK", length // 2)
    assert bench.told() == [("truncated_response", True, "lost", 200)]
    assert len(bench.lines("delivery")) == 1


@WHEN
def test_garbage_for_a_reply(bench, when):
    """A page for people, with status 200."""
    bench.strike("html_response", when=when)
    response = bench.send()
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.text.startswith("<!DOCTYPE html>")
    assert bench.told() == [("html_response", when == "after", "altered", 200)]


def test_a_reply_that_drips(bench):
    """It is whole at last."""
    bench.strike("slow_response", seconds=0.1)
    assert bench.send().json()["status"] == "success"
    assert bench.told() == [("slow_response", True, "intact", 200)]


def test_a_reply_that_comes_too_late(bench):
    """It is done before, and whoever gave up does not know."""
    bench.strike("slow_response_timeout", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        bench.send(read_timeout=1)
    assert bench.send().json()["status"] == "success"
    assert bench.told() == [("slow_response_timeout", True, "lost", 200)]
    assert len(bench.lines("delivery")) == 2


def test_a_reply_that_comes_twice(bench):
    """On one connection; the message is taken once."""
    bench.strike("duplicate_response")
    read = bench.raw()
    assert (read.count(b"HTTP/1.1 200 OK\r\n"), read.count(b'"status":"success"')) == (2, 2)
    assert bench.told() == [("duplicate_response", True, "intact", 200)]
    assert len(bench.lines("delivery")) == 1


def test_only_calls_that_match_are_counted(bench):
    """By their fields, in any case of their names; the second of them is struck, and the third."""
    bench.strike("status", where={"MESSAGE": "two"}, nth=2, times=2)
    statuses = [bench.send(message=text).status_code for text in ("two", "one", "two", "one", "two", "two")]
    assert statuses == [200, 200, 503, 200, 503, 200]
    assert [(line["id"], line["nth"]) for line in bench.lines("fault")] == [("f1", 2), ("f1", 3)]


def test_the_line_of_a_fault_stands_before_that_of_its_call(bench):
    """And a delivery names the line of the call that it came with."""
    bench.strike("connection_reset", when="after")
    with pytest.raises(requests.ConnectionError):
        bench.send()
    fault, request, delivery = bench.lines("fault", "request", "delivery")
    assert [line["n"] for line in (fault, request, delivery)] == [1, 2, 3]
    said = {key: fault[key] for key in ("id", "fault", "target", "service", "name", "nth", "when")}
    assert said == {
        "id": "f1", "fault": "connection_reset", "target": "call", "service": "textlocal", "name": "send", "nth": 1,
        "when": "after",
    }  # fmt: skip
    assert (request["fault"]["id"], delivery["request"]) == ("f1", 2)


def test_one_fault_strikes_a_call(bench):
    """The one that was given first; the other has counted it, too."""
    bench.strike("status", status=500, times=2)
    bench.strike("status", status=502, nth=2, times=2)
    assert [bench.send().status_code for _ in range(4)] == [500, 500, 502, 200]
    assert [one["injected"] for one in bench.call("GET", "/faults")] == [2, 1]


def test_a_call_with_a_bad_credential_is_not_counted(bench):
    """It is nobody's."""
    bench.strike("status")
    assert bench.send(apikey="wrong").json()["status"] == "failure"
    assert bench.send().status_code == 503


def test_a_refused_call_is_struck_as_well(bench):
    """It was not done, before the fault or after it."""
    bench.strike("connection_reset", when="after", times=2)
    for wrong in ({"numbers": ""}, {"message": ""}):
        with pytest.raises(requests.ConnectionError):
            bench.send(**wrong)
    assert [effect for _, effect, _, _ in bench.told()] == [False, False]


def test_the_rate_limit_does_not_count_what_had_no_effect(limited):
    """Ten calls are served although five were struck before them; those that were struck after it do count."""
    limited.strike("status", times=5)
    limited.strike("status", nth=6, times=1, when="after")
    statuses = [limited.send().status_code for _ in range(16)]
    assert statuses == [503] * 6 + [200] * 9 + [429]


def test_two_sandboxes_do_not_share_faults(bench, limited):
    """Each has its own."""
    bench.strike("status", times="all")
    assert (bench.send().status_code, limited.send().status_code) == (503, 200)
    assert (limited.call("GET", "/faults"), limited.lines("fault")) == ([], [])
