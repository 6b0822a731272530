"""What a change of the contracts means for a recorded bridge."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from recorded_traffic import recorded_call
from repository import CONTRACTS
from sendproof_simulators.comparison.changes import Change
from sendproof_simulators.comparison.comparing import compare
from sendproof_simulators.comparison.contract_sets import ContractSet, read_set
from sendproof_simulators.comparison.impacts import BridgeImpact, ImpactJudge
from sendproof_simulators.comparison.known_services import known_services
from sendproof_simulators.comparison.recorded_bridges import RecordedBridge, read_bridges
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.recording.seal import sealed
from sendproof_simulators.recordings.har_file import HarFile
from sendproof_simulators.recordings.known_contracts import KnownContracts

PAGE, ADD = "GetCustomerSendDetailsByChannel", "AddChannelTemplates"
ADD_PATH = f"/current/integrations/{ADD}"
OLD = {name: read_set(str(CONTRACTS / name)).documents[name] for name in ("optimove.yaml", "listener.yaml")}
REQUEST = {"kind": "request", "service": "optimove", "method": "GET", "path": f"/current/{PAGE}", "status": 200}


@pytest.fixture(scope="module")
def known() -> KnownContracts:
    return KnownContracts()


def operation(documents: dict, name: str) -> dict:
    methods = (spec for document in documents.values() for item in document["paths"].values() for spec in item.values())
    return next(spec for spec in methods if isinstance(spec, dict) and spec.get("operationId") == name)


def history(folder: Path, *entries: dict) -> Path:
    """Write a sealed history of these entries."""
    header = {"kind": "history", "dialects": {}}
    numbered = [{"n": n, "at": f"2026-03-02T09:00:{n:02d}.000Z", **entry} for n, entry in enumerate([header, *entries])]
    lines = [json.dumps(entry, separators=(",", ":")).encode() for entry in numbered]
    folder.mkdir(parents=True, exist_ok=True)
    end = sealed(lines, lambda count: b'{"kind":"end","lines":%d}' % count)
    (folder / "history.ndjson").write_bytes(b"".join(line + b"\n" for line in end))
    return folder


def bridge(tmp_path: Path, known: KnownContracts, *entries: dict) -> RecordedBridge:
    (found,) = read_bridges(history(tmp_path / "run", *entries), known)
    return found


def impact(known: KnownContracts, recorded: RecordedBridge, new: dict) -> BridgeImpact:
    old_set, new_set, services = ContractSet("old", OLD), ContractSet("new", new), known_services()
    changes: list[Change] = list(compare(old_set, new_set, services).changes)
    return ImpactJudge(changes, old_set, new_set, services, known).judge(recorded)


def test_bridge_that_does_not_call_the_changed_operation_is_safe(tmp_path: Path, known: KnownContracts) -> None:
    new = deepcopy(OLD)
    operation(new, ADD)["parameters"].append({"name": "New", "in": "query", "required": True, "schema": {}})
    recorded = bridge(tmp_path, known, {**REQUEST, "operation": PAGE})
    assert impact(known, recorded, new).verdict == "safe"
    recorded = bridge(tmp_path, known, {**REQUEST, "operation": ADD})
    assert impact(known, recorded, new).verdict == "breaks"


@pytest.mark.parametrize(("most", "verdict"), [(99, "breaks"), (100, "safe")])
def test_size_of_a_recorded_page_decides_about_a_smaller_limit(tmp_path, known, most: int, verdict: str) -> None:
    new = deepcopy(OLD)
    operation(new, PAGE)["x-limits"][0]["most"] = most
    recorded = bridge(tmp_path, known, {**REQUEST, "operation": PAGE, "summary": {"top": 100}})
    assert impact(known, recorded, new).verdict == verdict


@pytest.mark.parametrize(("most", "verdict"), [(2, "breaks"), (3, "safe")])
def test_rate_of_recorded_calls_decides_about_a_smaller_rate_limit(tmp_path, known, most: int, verdict: str) -> None:
    new = deepcopy(OLD)
    new["optimove.yaml"]["x-limits"][0] |= {"most": most, "within": "10 seconds"}
    calls = [{**REQUEST, "operation": PAGE}] * 3
    assert impact(known, bridge(tmp_path, known, *calls), new).verdict == verdict


def test_limit_that_the_recording_does_not_show_may_break(tmp_path: Path, known: KnownContracts) -> None:
    new = deepcopy(OLD)
    operation(new, "UpdateCustomerAttributes")["x-limits"][0]["most"] = 10
    recorded = bridge(tmp_path, known, {**REQUEST, "operation": "UpdateCustomerAttributes"})
    assert impact(known, recorded, new).verdict == "may break"


@pytest.mark.parametrize(("event", "verdict"), [("13", "breaks"), ("11", "safe")])
def test_event_that_no_longer_comes_breaks_the_bridge_that_took_it(tmp_path, known, event: str, verdict: str) -> None:
    new = deepcopy(OLD)
    operation(new, "ReceiveEvent")["x-events"].remove("13")
    taken = {"kind": "webhook", "service": "optimove", "event": event, "status": 200}
    assert impact(known, bridge(tmp_path, known, taken), new).verdict == verdict


def test_wider_event_may_break_the_bridge_that_takes_it(tmp_path: Path, known: KnownContracts) -> None:
    new = deepcopy(OLD)
    event = new["listener.yaml"]["components"]["schemas"]["CampaignExecutedOnChannel"]
    event["properties"]["ChannelID"] = {"type": "string"}
    taken = {"kind": "webhook", "service": "optimove", "event": "13", "status": 200}
    assert impact(known, bridge(tmp_path, known, taken), new).verdict == "may break"


def test_recorded_metrics_are_judged_item_by_item(tmp_path: Path, known: KnownContracts) -> None:
    new = deepcopy(OLD)
    body = operation(new, "UpdateCampaignMetrics")["requestBody"]["content"]["application/json"]
    body["schema"] = {"type": "array", "items": {"type": "object", "required": ["Day"]}}
    items = [{"ChannelID": 505, "CampaignID": 7, "TemplateID": 1, "MetricID": 0, "MetricValue": 5}]
    reported = {"kind": "metrics", "channel": 505, "items": items}
    recorded = bridge(tmp_path, known, {**REQUEST, "operation": "UpdateCampaignMetrics"}, reported)
    found = impact(known, recorded, new)
    assert found.verdict == "breaks"
    assert "optimove UpdateCampaignMetrics: body.0.Day" in [item.text for item in found.impacts]


@pytest.mark.parametrize(("name", "verdict"), [("A" * 11, "breaks"), ("A" * 10, "safe")])
def test_bodies_of_recorded_traffic_decide_about_requests(tmp_path, known, name: str, verdict: str) -> None:
    new = deepcopy(OLD)
    body = operation(new, ADD)["requestBody"]["content"]["application/json"]
    names = {"type": "object", "properties": {"TemplateID": {}, "TemplateName": {"type": "string", "maxLength": 10}}}
    body["schema"] = {"type": "array", "items": {**names, "required": ["TemplateID", "TemplateName"]}}
    sent = json.dumps([{"TemplateID": 1, "TemplateName": name}]).encode()
    headers = {"content-type": "application/json"}
    query = (("ChannelID", "505"),)
    request = Request(method="POST", path=ADD_PATH, query=query, headers=headers, body=sent)
    with HarFile(tmp_path / "a.har", "1") as file:
        file.add(recorded_call(f"https://api4.optimove.net{ADD_PATH}", request, Response()), 1.0, (len(sent), 0))
    (recorded,) = read_bridges(tmp_path, known)
    assert impact(known, recorded, new).verdict == verdict


@pytest.mark.parametrize(("found", "put"), [(b"200", b"404"), (b'"kind":"end"', b""), (b"\n", b"")])
def test_altered_or_cut_history_is_refused(tmp_path: Path, known: KnownContracts, found: bytes, put: bytes) -> None:
    file = history(tmp_path / "run", {**REQUEST, "operation": PAGE}) / "history.ndjson"
    file.write_bytes(file.read_bytes().replace(found, put))
    with pytest.raises(ValueError, match="expected the history of a run"):
        read_bridges(tmp_path, known)


def test_earlier_run_of_a_results_folder_does_not_count(tmp_path: Path, known: KnownContracts) -> None:
    history(tmp_path / "run" / "earlier" / "1")
    assert [bridge.name for bridge in read_bridges(tmp_path, known)] == ["run/earlier/1"]
    history(tmp_path / "run")
    assert [bridge.name for bridge in read_bridges(tmp_path, known)] == ["run"]


def test_folder_without_recordings_is_refused(tmp_path: Path, known: KnownContracts) -> None:
    with pytest.raises(ValueError, match=r"expected a history\.ndjson or a HAR file"):
        read_bridges(tmp_path, known)
