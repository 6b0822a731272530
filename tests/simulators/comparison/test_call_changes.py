"""The severity of changes of calls: who makes a call decides."""

import pytest

from compared_contracts import BODY, CALLS, GONE, OPERATION, REPLY, changed, changes, lines
from sendproof_simulators.comparison.changes import grouped

TEXT, KIND, STATE = (*BODY, "properties", "text"), (*BODY, "properties", "kind"), (*REPLY, "properties", "state")


def test_contract_without_changes_has_none() -> None:
    assert changes(CALLS) == []


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ((*TEXT, "maxLength"), 150, "breaking: send: body.text: maxLength: 160 -> 150"),
        ((*TEXT, "maxLength"), 170, "harmless: send: body.text: maxLength: 160 -> 170"),
        ((*TEXT, "pattern"), "^A", "breaking: send: body.text: pattern: none -> ^A"),
        ((*TEXT, "type"), "integer", "breaking: send: body.text: type: string -> integer"),
        ((*TEXT, "nullable"), True, "harmless: send: body.text: type: string -> null or string"),
        ((*TEXT, "default"), "Hi", "risky: send: body.text: default: none -> Hi"),
        ((*KIND, "enum"), ["sms"], "breaking: send: body.kind: value removed: push"),
        ((*KIND, "enum"), ["sms", "push", "rcs"], "harmless: send: body.kind: value added: rcs"),
        ((*BODY, "required"), ["text", "kind"], "breaking: send: body.kind: required"),
        ((*BODY, "required"), [], "harmless: send: body.text: no longer required"),
        ((*BODY, "properties", "kind"), GONE, "risky: send: body.kind: member removed"),
        ((*BODY, "additionalProperties"), False, "breaking: send: body: other members: any -> refused"),
        ((*BODY, "properties", "from"), {}, "harmless: send: body.from: optional member added"),
    ],
)
def test_narrower_request_breaks_the_bridge_that_sends_it(path: tuple, value: object, line: str) -> None:
    assert lines(changes(changed(path, value))) == [line]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ((*REPLY, "required"), [], "breaking: send: 200.body.id: no longer required"),
        ((*REPLY, "properties", "id"), GONE, "breaking: send: 200.body.id: member removed"),
        ((*REPLY, "properties", "state"), GONE, "risky: send: 200.body.state: member removed"),
        ((*REPLY, "properties", "cost"), {}, "harmless: send: 200.body.cost: optional member added"),
        ((*STATE, "nullable"), True, "breaking: send: 200.body.state: type: string -> null or string"),
        ((*STATE, "enum"), ["sent"], "harmless: send: 200.body.state: value removed: queued"),
        ((*STATE, "enum"), ["queued", "sent", "lost"], "risky: send: 200.body.state: value added: lost"),
        ((*STATE, "enum"), GONE, 'risky: send: 200.body.state: enum: ["queued", "sent"] -> none'),
        ((*OPERATION, "responses", "200"), GONE, "breaking: send: 200: status removed"),
        ((*OPERATION, "responses", "429"), GONE, "harmless: send: 429: status removed"),
        ((*OPERATION, "responses", "409"), {}, "risky: send: 409: status added"),
    ],
)
def test_wider_reply_breaks_the_bridge_that_reads_it(path: tuple, value: object, line: str) -> None:
    assert lines(changes(changed(path, value))) == [line]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ((*KIND, "enum"), ["sms"], "harmless: send: body.kind: value removed: push"),
        ((*KIND, "enum"), ["sms", "push", "rcs"], "risky: send: body.kind: value added: rcs"),
        ((*BODY, "required"), [], "breaking: send: body.text: no longer required"),
        ((*TEXT, "maxLength"), 170, "risky: send: body.text: maxLength: 160 -> 170"),
        ((*OPERATION, "responses", "200"), GONE, "breaking: send: 200: status removed"),
        ((*OPERATION, "responses", "202"), {}, "harmless: send: 202: status added"),
        (OPERATION, GONE, "breaking: send: operation removed: POST /send"),
    ],
)
def test_call_to_the_bridge_is_judged_in_the_other_direction(path: tuple, value: object, line: str) -> None:
    assert lines(changes(changed(path, value), is_called_by_bridge=False)) == [line]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"name": "test", "in": "query", "required": True}, "breaking: send: query.test: required"),
        ({"name": "dry", "in": "query"}, "harmless: send: query.dry: optional parameter added"),
        ({"name": "key", "in": "header", "required": True}, "breaking: send: header.key: required parameter added"),
    ],
)
def test_parameters_that_become_required_break_a_bridge(value: dict, line: str) -> None:
    schema = {"type": "boolean"}
    found = lines(changes(changed((*OPERATION, "parameters"), [{**value, "schema": schema}])))
    assert line in found


def test_moved_call_breaks_a_bridge_unless_the_old_path_is_an_alias() -> None:
    item = CALLS["paths"]["/send"]
    moved = {"paths": {"/v2/send": item}}
    with_alias = {"paths": {"/v2/send": {**item, "x-aliases": [{"path": "/send"}]}}}
    assert lines(changes(moved)) == ["breaking: send: call: POST /send -> POST /v2/send"]
    assert changes(with_alias) == []
    assert lines(changes(moved, with_alias)) == ["breaking: send: path: path removed: /send"]


def test_moved_call_to_the_bridge_is_no_change_because_the_bridge_names_its_url() -> None:
    moved = {"paths": {"/events": CALLS["paths"]["/send"]}}
    assert changes(moved, is_called_by_bridge=False) == []


def test_credential_in_another_place_breaks_a_bridge() -> None:
    def with_key(place: str) -> dict:
        key = {"type": "apiKey", "in": place, "name": "X-API-KEY"}
        return {**CALLS, "security": [{"key": []}], "components": {"securitySchemes": {"key": key}}}

    (change,) = changes(with_key("query"), with_key("header"))
    assert change.severity == "breaking"
    assert (change.old, change.new) == ("apiKey header X-API-KEY", "apiKey query X-API-KEY")


def test_events_of_a_listener_that_no_longer_come_break_a_bridge() -> None:
    path = (*OPERATION, "x-events")
    old, new = changed(path, ["11", "13"]), changed(path, ["11", "14"])
    assert lines(changes(new, old, is_called_by_bridge=False)) == [
        "breaking: send: event removed: 13",
        "risky: send: event added: 14",
    ]


def test_unknown_keyword_is_never_overlooked() -> None:
    assert lines(changes(changed((*OPERATION, "x-retry"), 3))) == ["risky: send: x-retry: 3"]
    assert lines(changes(changed(("x-mode",), "new"))) == ["risky: x-mode: new"]


def test_change_of_a_shared_schema_is_one_line_with_its_places() -> None:
    def version(kind: str) -> dict:
        reply = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
        call = {"get": {"operationId": "a", "responses": {"400": reply, "404": reply}}}
        error = {"type": "object", "properties": {"code": {"type": kind}}}
        return {"paths": {"/a": call}, "components": {"schemas": {"Error": error}}}

    (group,) = grouped(changes(version("string"), version("integer")))
    assert group[0].line == "api.yaml Error.code: type: integer -> string"
    assert [change.place for change in group] == ["400.body.code", "404.body.code"]
