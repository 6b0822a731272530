"""Near misses: for a request that was not served as meant, the nearest operation and what differs, in words."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sendproof_simulators.core.contracts import DEFAULT_RULES, Contract, Operation
from sendproof_simulators.core.http import Request, Violation
from sendproof_simulators.core.members import BodyRules
from sendproof_simulators.server.near_misses import addresses, content, credentials, members

_FIRST_ERROR = 400
_CREDENTIAL_STATUSES = frozenset({401, 403})


class Neighbour(NamedTuple):
    """An operation of another service, and where the request had to be sent."""

    service: str
    operation: str
    url: str


def _no_neighbour(request: Request) -> Neighbour | None:
    del request
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is known about a service: `credential_place` in words, or empty if its contract has it as a scheme.

    `owner(value)` returns the service and the name of a credential, None for an unknown one. `neighbour(request)`
    returns the operation of another service with the request's path.
    """

    name: str
    contract: Contract
    credential_place: str
    owner: Callable[[str], credentials.KnownCredential | None]
    neighbour: Callable[[Request], Neighbour | None] = _no_neighbour

    @property
    def title(self) -> str:
        """The name as people write it, the first word of the contract's title."""
        return str(self.contract.document["info"]["title"]).partition(" ")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """One request with its response. `credential` is the presented one, empty if there was none.

    `known`: the credential belongs to a sandbox; `wrong_proof` is why the request was refused anyway, in words.
    `refused`: the response is an error, whatever its status. `body` is the decoded body of a request that was read.
    """

    request: Request
    status: int
    credential: str = ""
    known: bool = True
    wrong_proof: str = ""
    refused: bool = False
    rules: BodyRules = DEFAULT_RULES
    body: Any = None
    violations: tuple[Violation, ...] = ()

    @property
    def is_error(self) -> bool:
        return self.refused or self.status >= _FIRST_ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """The id of the operation that the request probably meant, None if there is none, and what differs.

    `service` is the service of the operation, if the request was sent to another one.
    """

    operation: str | None
    differs: str
    service: str | None = None

    def journal_fields(self) -> dict[str, object]:
        """Return the fields of the journal, without those that are empty."""
        fields = {"meant": self.operation, "meant_service": self.service, "differs": self.differs}
        return {name: value for name, value in fields.items() if value}


def near_miss(service: Service, sent: SentRequest) -> NearMiss | None:
    """Return the near miss of a request, None if it was served as meant or for another reason not."""
    found = service.contract.find_operation(sent.request)
    if found is None:
        return _unknown_address(service, sent)
    meant = found[0]
    differences = [*_credential_difference(service, sent), *_content_differences(service, meant, sent)]
    return NearMiss(operation=meant.id, differs="; ".join(differences)) if differences else None


def _unknown_address(service: Service, sent: SentRequest) -> NearMiss:
    neighbour = service.neighbour(sent.request)
    if neighbour is not None and not service.contract.methods_of(sent.request.path):
        differs = f"no such path; {neighbour.operation} of {neighbour.service} is at {neighbour.url}"
        return NearMiss(operation=neighbour.operation, differs=differs, service=neighbour.service)
    meant = addresses.nearest_operation(service.contract, sent.request)
    differences = [
        addresses.address_difference(service.contract, sent.request, meant),
        *_credential_difference(service, sent),
    ]
    return NearMiss(operation=None if meant is None else meant.id, differs="; ".join(differences))


def _credential_difference(service: Service, sent: SentRequest) -> Iterator[str]:
    if sent.wrong_proof:
        yield sent.wrong_proof
    if not sent.known:
        place = service.credential_place or credentials.place_in_contract(service.contract)
        asked = credentials.WantedCredential(service.name, service.title, place)
        yield credentials.difference(asked, sent.request, sent.credential, service.owner)


def _content_differences(service: Service, meant: Operation, sent: SentRequest) -> Iterator[str]:
    security = service.contract.security_names
    wrong_content = [*content.differences(meant, sent.request, sent.status, known=sent.known)] if sent.is_error else []
    yield from wrong_content
    if wrong_content or not sent.known or sent.wrong_proof:
        return
    if not sent.is_error:
        yield from members.ignored(meant, sent.request, sent.body, security)
        return
    if sent.status in _CREDENTIAL_STATUSES and not sent.violations:
        yield f"the credential may not call {meant.id}"
        return
    named = [*members.differences(meant, sent.request, sent.rules, sent.violations, security)]
    yield from named or (f"{_place(violation)}: {violation.message}" for violation in sent.violations[:1])


def _place(violation: Violation) -> str:
    kind, _, name = violation.where.partition(".")
    return f"{kind} {violation.pointer or name}".rstrip()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The contracts and the URLs of all services."""

    contracts: Mapping[str, Contract]
    urls: Mapping[str, str]

    def find(self, request: Request, *, apart_from: str = "") -> Neighbour | None:
        """Return the operation with this method and path of another service than `apart_from`."""
        for name, contract in self.contracts.items():
            found = None if name == apart_from else contract.find_operation(contract.canonical(request))
            # Every path ends in "/", so the root means no service.
            if found is not None and request.path.strip("/"):
                return Neighbour(name, found[0].id, f"{self.urls.get(name, '')}{found[0].path}")
        return None
