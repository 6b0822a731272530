"""What all servers of the benchmark serve: the responses of our simulators, and the schemas of our contract."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CONTRACT = Path(__file__).parent.parent / "openapi" / "optimove.yaml"

CUSTOMERS = 1_000_000
ROWS = 10_000
CHANNEL, CAMPAIGN = 505, 7001
TEMPLATES = [f"Template {number}" for number in range(1, 6)]
ROOT = "/current"
SMALL = f"{ROOT}/integrations/GetChannelTemplates"
PAGE = f"{ROOT}/customers/GetCustomerSendDetailsByChannel"
INTERACTIONS = f"{ROOT}/integrations/UpdateCampaignInteractions"
PREFERENCES = f"{ROOT}/integrations/SetCustomerChannelPreference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One load: every connection requests the `paths` in turn. `kind` says which servers can serve it."""

    name: str
    kind: str
    paths: tuple[str, ...]
    body: bytes = b""
    rows: int | None = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "POST" if self.body else "GET"


def cases() -> list[Case]:
    """Return all cases."""
    walk = tuple(page_path(skip) for skip in range(0, CUSTOMERS, ROWS))
    return [
        Case(name="GET 5 templates", kind="small", paths=(f"{SMALL}?ChannelID={CHANNEL}",), rows=len(TEMPLATES)),
        Case(name="GET one page of 10,000", kind="page", paths=walk[:1], rows=ROWS),
        Case(name="GET 100 different pages of 10,000", kind="pages", paths=walk, rows=ROWS),
        Case(name="POST 10,000 customer ids", kind="post", paths=(INTERACTIONS,), body=interactions_body()),
        Case(name="POST 50,000 customer ids", kind="post", paths=(PREFERENCES,), body=preferences_body()),
    ]


def page_path(skip: int) -> str:
    """Return the path of a page of rows with the three attributes that an SMS bridge needs."""
    query = f"ChannelID={CHANNEL}&CampaignID={CAMPAIGN}&CustomerAttributes=PHONENUMBER;FIRST_NAME;SMS_OPT_IN"
    return f"{PAGE}?{query}&$top={ROWS}&$skip={skip}"


def interactions_body() -> bytes:
    """Return a report of 10,000 customers."""
    ids = [f"C{number:07}" for number in range(10_000)]
    known = {"CampaignID": CAMPAIGN, "ChannelID": CHANNEL, "InteractionDate": "2026-03-02", "TemplateID": 1}
    return json.dumps({**known, "EventID": 1, "CustomerIDs": ids}).encode()


def preferences_body() -> bytes:
    """Return the preference of 50,000 customers."""
    ids = [f"C{number:07}" for number in range(50_000)]
    return json.dumps({"ChannelID": CHANNEL, "CommunicationMode": 1, "CustomerIDs": ids}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The responses that peers serve as fixed bytes, and the schemas of the bodies that they check, by path."""

    small: bytes
    pages: tuple[bytes, ...]
    schemas: dict[str, Any]
    contract: dict[str, Any]


def content_of(small: bytes, pages: tuple[bytes, ...]) -> Content:
    """Return the content for peers: our responses, and the parts of our contract for the same operations."""
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    schemas = {}
    for path in (INTERACTIONS, PREFERENCES):
        body = contract["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        schemas[path] = json_schema(body, contract["components"]["schemas"])
    fixed = {SMALL: json.loads(small), PAGE: json.loads(pages[0])}
    cut = contract_with_responses(contract, fixed, [INTERACTIONS, PREFERENCES])
    return Content(small=small, pages=pages, schemas=schemas, contract=cut)


def contract_with_responses(contract: dict[str, Any], responses: dict[str, Any], others: list[str]) -> dict[str, Any]:
    """Return the contract with a few paths only, some with a fixed response, which Prism serves fastest."""
    contract["paths"] = {path: contract["paths"][path] for path in (*responses, *others)}
    for path, response in responses.items():
        media = contract["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        media.pop("examples", None)
        media["example"] = response
    cleaned: dict[str, Any] = _without_extensions(contract)
    return cleaned


def json_schema(node: Any, schemas: dict[str, Any]) -> Any:
    """Return a schema of OpenAPI 3.0 as JSON Schema, without references and extensions."""
    if isinstance(node, list):
        return [json_schema(item, schemas) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return json_schema(schemas[node["$ref"].rpartition("/")[2]], schemas)
    plain = {key: json_schema(value, schemas) for key, value in node.items() if not str(key).startswith("x-")}
    for key in ("example", "examples", "description"):
        plain.pop(key, None)
    if plain.pop("nullable", False) and "type" in plain:
        plain["type"] = [plain["type"], "null"]
    return plain


def _without_extensions(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_extensions(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_extensions(value) for key, value in node.items() if not str(key).startswith("x-")}
