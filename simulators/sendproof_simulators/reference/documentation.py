"""What a reader has to know about a service besides its contract: evidence, limits, errors, dialects, test numbers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.dialects import Dialect, Options
from sendproof_simulators.core.messaging.delivery_outcomes import COUNTRIES, TEST_NUMBERS, number_for_code
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.reference.credentials import credential_places
from sendproof_simulators.reference.examples import ExampleRequest, example_requests, variable_requests
from sendproof_simulators.reference.operations import OperationSummary, contract_summary


def documentation(name: str, contract: Contract, simulator: Simulator | None, options: Options) -> dict[str, Any]:
    """Return the documentation of a contract as JSON, with the limits for these options of its dialects.

    `simulator` is None for the control API, which has no credentials, dialects and test numbers.
    """
    places = () if simulator is None else credential_places(simulator, contract, simulator.default_credentials)
    requests = example_requests(contract) if simulator is None else variable_requests(simulator, contract, places)
    examples = _examples_json(requests)
    summary = contract_summary(name, contract, options)
    dialects = () if simulator is None else simulator.dialects
    has_messages = simulator is not None and simulator.templates is not None
    return {
        "service": name,
        "title": summary.title,
        "contract": summary.contract,
        "digest": contract.digest,
        "webhooks": "" if simulator is None else simulator.webhook_contract.removesuffix(".yaml"),
        "credentials": _builtins(places),
        "limits": _builtins(summary.limits),
        "operations": [
            {**_operation_json(contract, operation), "examples": examples.get(operation.name, [])}
            for operation in summary.operations
        ],
        "codes": [*_codes(contract)],
        "dialects": [_dialect_json(dialect, options) for dialect in dialects],
        "test_numbers": [*_test_numbers()] if has_messages else [],
    }


def _examples_json(requests: Iterable[ExampleRequest]) -> Mapping[str, list[dict[str, object]]]:
    """Return the examples of each operation as JSON, with `{{apptoken}}` in place of a credential."""
    found: dict[str, list[dict[str, object]]] = {}
    for example in requests:
        if not example.missing:
            found.setdefault(example.operation, []).append(_example_json(example))
    return found


def _operation_json(contract: Contract, summary: OperationSummary) -> dict[str, Any]:
    operation = contract.operations[summary.name]
    item = contract.document["paths"][operation.path]
    return {
        "id": summary.name,
        "method": operation.method,
        "path": operation.path,
        "aliases": [_builtins(alias) for alias in item.get("x-aliases", ())],
        "summary": summary.summary,
        "limits": _builtins(summary.limits),
        "errors": _builtins(summary.errors),
        "evidence": _builtins(summary.evidence),
    }


def _example_json(example: ExampleRequest) -> dict[str, object]:
    return {
        "label": example.label,
        "path": example.path,
        "query": example.query,
        "headers": example.headers,
        "media": example.media,
        "fields": example.fields,
        "body": "" if example.fields else example.text(indent=2),
        "needs_credential": example.needs_credential,
    }


def _codes(contract: Contract) -> Iterator[dict[str, Any]]:
    """Yield the service's own codes, with the operations that name them."""
    for code in contract.document.get("x-codes", ()):
        yield {
            "code": code["code"],
            "kind": code.get("kind", ""),
            "text": code["text"],
            "note": code.get("note", ""),
            "evidence": code.get("x-evidence", "assumed"),
            "source": code.get("x-source", ""),
        }


def _dialect_json(dialect: Dialect, options: Options) -> dict[str, Any]:
    return {
        "name": dialect.name,
        "question": dialect.question,
        "chosen": options.get(dialect.name, dialect.default),
        "options": _builtins(dialect.options),
    }


def _test_numbers() -> Iterator[dict[str, Any]]:
    for known in TEST_NUMBERS:
        numbers = {country: number_for_code(country, known.code) for country in COUNTRIES}
        yield {"code": known.code, "name": known.name, "numbers": numbers}


def _builtins(value: object) -> Any:
    return msgspec.to_builtins(value)
