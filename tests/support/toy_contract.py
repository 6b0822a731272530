"""A contract of three operations that meets every trap of Connexion, and an exchange that serves it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from sendproof_simulators.core.contracts import Contract, Operation
from sendproof_simulators.core.http import Problem, Request, Response, json_response
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
                "responses": {"201": {"description": "ActiveFault"}, "400": PROBLEM},
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
    """Answers what it was asked, so that a test sees what arrived."""

    request: Request
    known: bool = True
    problem: Problem | None = None
    served: list[Operation] = field(default_factory=list)

    async def serve(self, operation: Operation, params: dict[str, Any], body: Any) -> Response:
        """Answer the call itself."""
        self.served.append(operation)
        return json_response({"operation": operation.id, "params": params, "body": body}, status=201)

    def refuse(self, problem: Problem) -> Response:
        """Answer why not."""
        self.problem = problem
        return Response(status=problem.status, body=problem.detail.encode(), content_type="text/plain")


def contract(**changes: Any) -> Contract:
    """The toy contract, with top-level keys replaced."""
    return Contract("toy", {**TOY, **changes})


def post(body: bytes, **headers: str) -> Request:
    """A request to add a note."""
    return Request(method="POST", path="/notes", headers={"content-type": "application/json", **headers}, body=body)


def ask(request: Request, *, known: bool = True) -> tuple[Response, ToyExchange]:
    """Send one request through Connexion."""
    exchange = ToyExchange(request, known)
    return asyncio.run(ConnexionApp(contract()).answer(exchange)), exchange
