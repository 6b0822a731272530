"""A collection of requests to one service of a sandbox, in Postman's format 2.1, which Bruno and others import.

Each example of the contract is one request. The credentials are variables of the collection.
Format: https://schema.getpostman.com/json/collection/v2.1.0/docs/index.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.reference.credentials import (
    HEADER,
    QUERY,
    SIGNATURE,
    CredentialPlace,
    credential_places,
)
from sendproof_simulators.reference.examples import ExampleRequest, variable, variable_requests

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_BASE = "base_url"
_SIGNING = """\
const body = pm.variables.replaceIn(pm.request.body.raw);
const signature = CryptoJS.HmacSHA256(body, pm.variables.get("{credential}")).toString();
pm.request.headers.upsert({{key: "{header}", value: signature}});"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The sandbox of a collection: its name, and its URL and credentials at the service."""

    sandbox: str
    url: str
    credentials: Mapping[str, str]


def collection(simulator: Simulator, contract: Contract, target: Target) -> dict[str, Any]:
    """Return the collection: folders by tag, with a request for each example."""
    places = credential_places(simulator, contract, target.credentials)
    requests = variable_requests(simulator, contract, places)
    title = contract.document["info"]["title"]
    return {
        "info": {
            "name": f"{title}, sandbox {target.sandbox}",
            "description": contract.document["info"].get("description", ""),
            "schema": _SCHEMA,
        },
        "item": [*_folders(contract, requests, places)],
        "event": [*_signing_events(places)],
        "variable": [
            {"key": _BASE, "value": target.url, "type": "string"},
            *({"key": name, "value": value, "type": "string"} for name, value in target.credentials.items()),
        ],
    }


def _folders(
    contract: Contract, requests: Sequence[ExampleRequest], places: Sequence[CredentialPlace]
) -> Iterator[dict[str, Any]]:
    by_tag: dict[str, list[dict[str, Any]]] = {}
    labels = [request.operation for request in requests]
    for request in requests:
        spec = _spec(contract, request)
        label = request.label if labels.count(request.operation) > 1 else ""
        tag = next(iter(spec.get("tags", ())), "other")
        by_tag.setdefault(tag, []).append(_item(request, spec, label, places))
    yield from ({"name": tag, "item": items} for tag, items in by_tag.items())


def _spec(contract: Contract, request: ExampleRequest) -> Mapping[str, Any]:
    operation = contract.operations[request.operation]
    spec: Mapping[str, Any] = contract.document["paths"][operation.path][operation.method.lower()]
    return spec


def _item(
    request: ExampleRequest, spec: Mapping[str, Any], label: str, places: Sequence[CredentialPlace]
) -> dict[str, Any]:
    described = [spec.get("summary", ""), spec.get("description", ""), _evidence_text(spec)]
    return {
        "name": f"{request.operation}: {label}" if label else request.operation,
        "request": {
            "method": request.method,
            "header": _headers(request, places),
            "url": _url(request, places),
            **_body(request, places),
            "description": "\n\n".join(text for text in described if text),
        },
        "response": [],
    }


def _evidence_text(spec: Mapping[str, Any]) -> str:
    level, source = spec.get("x-evidence", ""), spec.get("x-source", "")
    return f"Evidence: {level}{f', {source}' if source else ''}" if level else ""


def _headers(request: ExampleRequest, places: Sequence[CredentialPlace]) -> list[dict[str, str]]:
    headers = dict(request.headers)
    if request.needs_credential:
        headers |= {place.name: _variable(place) for place in places if place.place == HEADER}
    if request.media:
        headers["Content-Type"] = request.media
    return [{"key": name, "value": value} for name, value in headers.items()]


def _url(request: ExampleRequest, places: Sequence[CredentialPlace]) -> dict[str, Any]:
    query = [{"key": name, "value": value} for name, value in request.query.items()]
    if request.needs_credential and not request.fields:
        query += [{"key": place.name, "value": _variable(place)} for place in places if place.place == QUERY]
    base = "{{" + _BASE + "}}"
    text = "&".join(f"{pair['key']}={pair['value']}" for pair in query)
    return {
        "raw": f"{base}{request.path}{'?' if text else ''}{text}",
        "host": [base],
        "path": request.path.strip("/").split("/"),
        "query": query,
    }


def _body(request: ExampleRequest, places: Sequence[CredentialPlace]) -> dict[str, Any]:
    if not request.media:
        return {}
    if request.fields:
        # The service's own samples have the key in the form: an address with a key ends up in logs.
        keys = {place.name: _variable(place) for place in places if place.place == QUERY}
        fields = [{"key": name, "value": value, "type": "text"} for name, value in {**keys, **request.fields}.items()]
        return {"body": {"mode": "urlencoded", "urlencoded": fields}}
    is_signed = any(place.place == SIGNATURE for place in places)
    # A signature covers the bytes of the body, in one dialect those of its shortest form.
    text = request.text(indent=None if is_signed else 2)
    language = "json" if "json" in request.media else "text"
    return {"body": {"mode": "raw", "raw": text, "options": {"raw": {"language": language}}}}


def _signing_events(places: Sequence[CredentialPlace]) -> Iterator[dict[str, Any]]:
    """Yield the script that signs each request, where the service wants a signature over the body."""
    for place in places:
        if place.place == SIGNATURE:
            code = _SIGNING.format(credential=place.credential, header=place.name)
            yield {"listen": "prerequest", "script": {"type": "text/javascript", "exec": code.splitlines()}}


def _variable(place: CredentialPlace) -> str:
    return variable(place.credential)
