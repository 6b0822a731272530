"""A contract of three operations that meets all traps of Connexion, and an exchange for it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.contracts import DEFAULT_RULES, Contract, ValidRequest
from sendproof_simulators.core.http import Problem, Request, Response
from sendproof_simulators.core.members import BodyRules
from sendproof_simulators.server.connexion_app import ConnexionApp

PROBLEM = {
    "description": "Refused",
    "content": {
        "application/problem+json": {"schema": {"type": "object"}},
        "application/json": {"schema": {"type": "object"}},
    },
}

TOY: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Toy", "version": "1", "description": "Dear {{ first_name }}"},
    "paths": {
        "/notes": {
            "post": {
                "operationId": "addNote",
                "security": [{"key": []}],
                "parameters": [
                    {"name": "loud", "in": "query", "schema": {"type": "boolean"}},
                    {"name": "$top", "in": "query", "schema": {"type": "integer", "minimum": 1}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}},
                },
                "responses": {"201": {"description": "Created"}, "400": PROBLEM},
            },
            "get": {"operationId": "listNotes", "responses": {"200": {"description": "All"}}},
        },
        "/notes/{note}": {
            "parameters": [{"name": "note", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {"operationId": "getNote", "responses": {"200": {"description": "One"}}},
        },
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        "schemas": {
            "Note": {
                "type": "object",
                "required": ["text"],
                "additionalProperties": False,
                "properties": {
                    "text": {"type": "string"},
                    "at": {"type": "string", "format": "date-time"},
                    "author": {"$ref": "#/components/schemas/Author"},
                },
            },
            "Author": {"type": "object", "nullable": True, "properties": {"name": {"type": "string"}}},
        },
    },
}


@dataclass
class ToyExchange:
    """Keeps the problem, so that a test can read it."""

    request: Request
    authenticated: bool = True
    problem: Problem | None = None
    body_rules: BodyRules = DEFAULT_RULES

    def refuse(self, problem: Problem) -> Response:
        """Keep the problem, and return its detail as plain text."""
        self.problem = problem
        return Response(status=problem.status, body=problem.detail.encode(), content_type="text/plain")


def contract(**changes: Any) -> Contract:
    """Return the toy contract, with top-level keys replaced."""
    return Contract("toy", {**TOY, **changes})


def post(body: bytes, **headers: str) -> Request:
    """Return a request to add a note."""
    return Request(method="POST", path="/notes", headers={"content-type": "application/json", **headers}, body=body)


def validate(request: Request, *, authenticated: bool = True) -> tuple[ValidRequest | Response, ToyExchange]:
    """Send one request through Connexion."""
    exchange = ToyExchange(request, authenticated)
    return asyncio.run(ConnexionApp(contract()).validate(exchange)), exchange
