"""The contracts that a recorded call can belong to, and the search for the right one.

A call belongs to the service that the recording or the user names, that has its host, or that alone has its path.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import Pattern
from urllib.parse import urlsplit

from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.dialects import defaults
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.members import BodyRules, body_rules
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.core.strict.descriptions import ResponseContract, WebhookContract
from sendproof_simulators.recordings.recorded_call import CALL, RecordedCall
from sendproof_simulators.server.access import documented_hosts
from sendproof_simulators.services.discovery import discover, service_contracts, webhook_contracts


@dataclass(frozen=True, slots=True)
class KnownContract:
    """One service: its contract for the calls of a bridge, and that of its own calls, if there is one."""

    simulator: Simulator
    contract: Contract
    responses: ResponseContract
    webhooks: WebhookContract | None
    webhook_contract: Contract | None
    hosts: Pattern[str]
    rules: BodyRules

    def canonical(self, request: Request) -> Request:
        """Return a request in the form of the contract."""
        return self.contract.canonical(self.simulator.normalise(request))


@dataclass(frozen=True, slots=True)
class Address:
    """The base URL of a service, or of the bridge for the calls of a service (`callback`)."""

    service: str
    url: str
    role: str = CALL

    def path_of(self, url: str) -> str | None:
        """Return the path of a URL below this address, None if the URL is another one."""
        base, parts = urlsplit(self.url), urlsplit(url)
        prefix = base.path.rstrip("/")
        if (base.scheme, base.netloc.lower()) != (parts.scheme, parts.netloc.lower()):
            return None
        is_below = parts.path == prefix or parts.path.startswith(f"{prefix}/")
        return parts.path[len(prefix) :] or "/" if is_below else None


@dataclass(frozen=True, slots=True)
class Match:
    """The service and the role of a call, and its path below the address of the service."""

    known: KnownContract
    role: str
    path: str


class KnownContracts:
    """All services, with the addresses that the user names."""

    def __init__(self, addresses: Sequence[Address] = (), changed: Path | None = None) -> None:
        """Read the contracts, those in `changed` first; `ValueError` names the error in one, or an unknown service."""
        simulators, webhooks = discover(), webhook_contracts(changed)
        self.services: Mapping[str, KnownContract] = {
            name: _known(simulators[name], contract, webhooks.get(name))
            for name, contract in service_contracts(changed).items()
        }
        for address in addresses:
            if address.service not in self.services:
                raise ValueError(f"expected one of {', '.join(self.services)}, got {address.service!r}")
        self.addresses = addresses

    def find(self, call: RecordedCall) -> Match | None:
        """Return the service of a call, None if nothing shows it."""
        for address in self.addresses:
            path = address.path_of(call.url)
            if path is not None:
                return Match(self.services[address.service], address.role, path)
        if call.service in self.services:
            return Match(self.services[call.service], call.role or CALL, call.request.path)
        by_host = [known for known in self.services.values() if known.hosts.fullmatch(call.host)]
        candidates = by_host or [*self._with_path(call.request)]
        return Match(candidates[0], CALL, call.request.path) if len(candidates) == 1 else None

    def _with_path(self, request: Request) -> Iterator[KnownContract]:
        for known in self.services.values():
            if known.contract.find_operation(known.canonical(request)) is not None:
                yield known


def _known(simulator: Simulator, contract: Contract, webhooks: Contract | None) -> KnownContract:
    return KnownContract(
        simulator=simulator,
        contract=contract,
        responses=ResponseContract(contract),
        webhooks=None if webhooks is None else WebhookContract(webhooks),
        webhook_contract=webhooks,
        hosts=documented_hosts(contract.document),
        rules=body_rules(defaults(simulator.dialects)),
    )


def parse_addresses(option: str, texts: Sequence[str], role: str) -> list[Address]:
    """Return the addresses in `NAME=URL` of an option; `ValueError` names one of another form."""
    found: list[Address] = []
    for text in texts:
        name, _, url = text.partition("=")
        if not name or not _is_plain(url):
            raise ValueError(f"{option}: expected NAME=URL such as optimove=https://api4.optimove.net, got {text!r}")
        found.append(Address(name, url, role))
    return found


def _is_plain(url: str) -> bool:
    """Return True for a URL of HTTP without a login, a query and a fragment."""
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        # A bracket without its other half, or a port beyond 65,535.
        return False
    is_short = not (parts.query or parts.fragment or "@" in parts.netloc)
    return is_address and is_short and parts.scheme in {"http", "https"}
