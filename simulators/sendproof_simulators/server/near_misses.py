"""Near misses: for a request that was not served as meant, the nearest operation and what differs, in words."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from urllib.parse import parse_qsl

import msgspec

from sendproof_simulators.core.contracts import Contract, Operation
from sendproof_simulators.core.http import Request

_UNSUPPORTED_MEDIA_TYPE = 415
# Below this similarity (0 to 1), another path is no help.
_SIMILAR = 0.55
# Names of headers and fields in which clients put credentials.
_CREDENTIAL_NAME = re.compile(r"auth|token|key|secret|password", re.IGNORECASE)
_WORD = re.compile(r"[^\s\"'&=,:;{}\[\]]+")
_BODY_READ_MAX = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is known about a service: `credential_place` in words, or empty if its contract has it as a scheme.

    `owner(value)` returns the service that a credential belongs to, None for an unknown one.
    """

    name: str
    contract: Contract
    credential_place: str
    owner: Callable[[str], str | None]

    @property
    def title(self) -> str:
        """The name as people write it, the first word of the contract's title."""
        return str(self.contract.document["info"]["title"]).partition(" ")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """The id of the operation that the request probably meant, None if there is none, and what differs."""

    operation: str | None
    differs: str

    def journal_fields(self) -> dict[str, object]:
        """Return the fields of the journal, without those that are empty."""
        return {name: value for name, value in (("meant", self.operation), ("differs", self.differs)) if value}


def near_miss(service: Service, request: Request, credential: str, status: int, *, known: bool) -> NearMiss | None:
    """Return the near miss of a request, None if it was served as meant or for another reason not.

    `credential` is the presented one, empty if there was none; `known` if it belongs to a sandbox.
    """
    found = service.contract.find_operation(request)
    meant = found[0] if found is not None else _nearest(service.contract, request)
    differences = [
        *(_address_difference(service.contract, request, meant) if found is None else ()),
        *(() if known else [_credential_difference(service, request, credential)]),
        *(_content_difference(request, meant) if status == _UNSUPPORTED_MEDIA_TYPE else ()),
    ]
    if not differences:
        return None
    return NearMiss(operation=None if meant is None else meant.id, differs="; ".join(differences))


# -- addresses -----------------------------------------------------------------------------------------


def _address_difference(contract: Contract, request: Request, nearest: Operation | None) -> Iterator[str]:
    methods = contract.methods_of(request.path)
    if methods and nearest is not None:
        yield f"you sent {request.method}, {nearest.id} is {' or '.join(methods)} {nearest.path}"
    else:
        yield "no such path" + ("" if nearest is None else f"; nearest: {nearest.method} {nearest.path}")


def _nearest(contract: Contract, request: Request) -> Operation | None:
    """Return the operation with the most similar path; the same method decides between equal paths."""

    def similarity(operation: Operation) -> tuple[float, bool]:
        return _path_similarity(operation.path, request.path), operation.method == request.method

    best = max(contract.operations.values(), key=similarity, default=None)
    return best if best is not None and similarity(best)[0] >= _SIMILAR else None


def _path_similarity(path: str, requested: str) -> float:
    """Compare two paths, and their last segments alone: clients often forget a prefix."""
    fixed = re.split(r"\{[^}]+\}", path)
    if re.fullmatch("[^/]+".join(map(re.escape, fixed)), requested, re.IGNORECASE):
        return 1.0
    whole = SequenceMatcher(None, path.lower(), requested.lower()).ratio()
    last = SequenceMatcher(None, _last_segment(path), _last_segment(requested)).ratio()
    return max(whole, 0.95 * last)


def _last_segment(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].lower()


# -- credentials ---------------------------------------------------------------------------------------


def _credential_difference(service: Service, request: Request, credential: str) -> str:
    wanted = service.credential_place or _place_in_contract(service.contract)
    if credential:
        return _wrong_value(service, credential, wanted)
    sent = list(_candidates(request, wanted))
    valid = [name for name, value in sent if any(service.owner(word) for word in _WORD.findall(value))]
    names = valid or [name for name, _ in sent]
    if not names:
        return f"you sent no credential, {service.title} wants {wanted}"
    return f"you sent {names[0]}, {service.title} wants {wanted}"


def _wrong_value(service: Service, credential: str, wanted: str) -> str:
    owners = {service.owner(word): word for word in _WORD.findall(credential)}
    owners.pop(None, None)
    if service.name in owners:
        return f"the value of {wanted} has more in it than the credential alone"
    if owners:
        return f"the value of {wanted} is the credential for {next(iter(owners))}"
    return f"the value of {wanted} is no credential of this sandbox"


def _place_in_contract(contract: Contract) -> str:
    schemes: Mapping[str, Mapping[str, str]] = contract.document.get("components", {}).get("securitySchemes", {})
    return next((scheme["name"] for scheme in schemes.values() if "name" in scheme), "a credential")


def _candidates(request: Request, wanted: str) -> Iterator[tuple[str, str]]:
    """Yield the headers and fields that look like a credential, headers with their usual capitals."""
    for name, value in request.headers.items():
        if _CREDENTIAL_NAME.search(name) and name.lower() != wanted.lower():
            yield "-".join(part.capitalize() for part in name.split("-")), value
    for name, value in (*request.query, *_body_fields(request)):
        if _CREDENTIAL_NAME.search(name):
            yield name, value


def _body_fields(request: Request) -> Iterator[tuple[str, str]]:
    """Yield the texts at the top of a body, JSON or form."""
    if len(request.body) > _BODY_READ_MAX:
        return
    try:
        content = msgspec.json.decode(request.body)
    # `ValueError`: also a text that is not UTF-8.
    except (ValueError, RecursionError):
        yield from parse_qsl(request.body.decode("utf-8", "replace"))
        return
    if isinstance(content, dict):
        yield from ((str(name), value) for name, value in content.items() if isinstance(value, str))


# -- content types -------------------------------------------------------------------------------------


def _content_difference(request: Request, meant: Operation | None) -> Iterator[str]:
    if meant is not None and meant.body is not None:
        sent = request.headers.get("content-type", "no content type")
        yield f"you sent {sent}, {meant.id} wants {meant.body.content_type}"
