"""Where a request to a service has each credential of a sandbox, from the service's contract."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.simulator import Simulator

HEADER, QUERY, BODY, SIGNATURE, PATH = "header", "query", "body", "signature", "path"
_SEPARATORS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class CredentialPlace:
    """One credential of a sandbox, such as `api_key`, and its part of a request.

    `place` is header, query (or the form of a POST), body (a member of JSON), path (the sandbox's own URL), or
    signature: the header `name` has the HMAC-SHA256 of the body in hex, with the credential as its key.
    """

    credential: str
    place: str
    name: str


def credential_places(
    simulator: Simulator, contract: Contract, credentials: Mapping[str, str]
) -> tuple[CredentialPlace, ...]:
    """Return where each credential belongs that a request needs; other credentials can replace these."""
    found = {place.name: place for place in _places(simulator, contract, credentials)}
    return tuple(found.values())


def _places(simulator: Simulator, contract: Contract, credentials: Mapping[str, str]) -> Iterator[CredentialPlace]:
    signed = simulator.proof is not None and simulator.proof.signed_with
    if signed and simulator.proof is not None:
        yield CredentialPlace(signed, SIGNATURE, simulator.proof.name)
    by_name = {_plain(name): name for name in credentials}
    for place, name in _named_parts(contract):
        credential = by_name.get(_plain(name))
        if credential is not None:
            yield CredentialPlace(credential, place, name)


def _named_parts(contract: Contract) -> Iterator[tuple[str, str]]:
    """Yield the names in security schemes, required headers and bodies that may contain a credential."""
    schemes: Sequence[Mapping[str, str]] = [
        *contract.document.get("components", {}).get("securitySchemes", {}).values()
    ]
    yield from ((scheme["in"], scheme["name"]) for scheme in schemes if "name" in scheme)
    for operation in contract.operations.values():
        yield from ((HEADER, known.name) for known in operation.parameters if known.where == HEADER and known.required)
        if operation.body is not None and not schemes:
            yield from ((BODY, name) for name in sorted(operation.body.members.names))


def _plain(name: str) -> str:
    """Return a name without case, separators and `X-`: `X-API-KEY` is `api_key`."""
    lower = name.lower()
    return _SEPARATORS.sub("", lower.removeprefix("x-"))
