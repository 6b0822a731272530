"""What differs in the credential of a request that belongs to no sandbox: its place, or its value."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import msgspec

from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.http import Request

#: Names of headers and fields in which clients put credentials.
CREDENTIAL_NAME = re.compile(r"auth|token|key|secret|password", re.IGNORECASE)
_WORD = re.compile(r"[^\s\"'&=,:;{}\[\]]+")
_BASIC = re.compile(r"basic\s+([A-Za-z0-9+/=_-]+)", re.IGNORECASE)
_BODY_READ_MAX = 65_536
# Each word is looked up in all sandboxes. A hostile value has hundreds of thousands of them, an honest one a few.
_MOST_WORDS, _MOST_CANDIDATES = 100, 100
HEADER, QUERY, FORM, JSON_BODY = "header", "query", "form", "JSON body"
_PLACES: Mapping[str, str] = {"header": "as a header", "query": "in the query"}


class KnownCredential(NamedTuple):
    """The service and the name of a credential, such as `textlocal` and `apikey`."""

    service: str
    credential: str


class WantedCredential(NamedTuple):
    """The service that wants a credential, and where: `X-API-KEY as a header`."""

    service: str
    title: str
    place: str

    @property
    def name(self) -> str:
        return self.place.partition(" ")[0]


class _Candidate(NamedTuple):
    """A part of a request that looks like a credential."""

    name: str
    place: str
    value: str


Owner = Callable[[str], KnownCredential | None]


def place_in_contract(contract: Contract) -> str:
    """Return name and place of the credential in words, as the contract's security scheme says it."""
    schemes: Mapping[str, Mapping[str, str]] = contract.document.get("components", {}).get("securitySchemes", {})
    scheme = next((scheme for scheme in schemes.values() if "name" in scheme), None)
    return "a credential" if scheme is None else f"{scheme['name']} {_PLACES.get(scheme['in'], '')}".rstrip()


def difference(asked: WantedCredential, request: Request, credential: str, owner: Owner) -> str:
    """Return what differs from the credential that the service asks for. `credential` is the one at its place."""
    if credential:
        return _wrong_value(asked, credential, owner)
    sent = [*islice(_candidates(request, asked.name), _MOST_CANDIDATES)]
    valid = [part for part in sent if any(owner(word) for word in words(part.value))]
    parts = valid or sent
    if not parts:
        is_empty = any(name.lower() == asked.name.lower() for name in request.headers)
        what = f"an empty {asked.name}" if is_empty else "no credential"
        return f"you sent {what}, {asked.title} wants {asked.name if asked.place.endswith('header') else asked.place}"
    return _wrong_place(asked, parts[0])


def _wrong_place(asked: WantedCredential, part: _Candidate) -> str:
    if part.place == HEADER:
        wanted = asked.name if asked.place.endswith("header") else asked.place
        return f"you sent {part.name}, {asked.title} wants {wanted}"
    return f"you sent {part.name} in the {part.place}, {asked.title} wants {asked.place}"


def _wrong_value(asked: WantedCredential, credential: str, owner: Owner) -> str:
    owners = [known for word in words(credential) if (known := owner(word)) is not None]
    if any(known.service == asked.service for known in owners):
        return f"the value of {asked.name} has more in it than the credential alone"
    if owners:
        return f"the value of {asked.name} is the {owners[0].credential} of {owners[0].service}"
    return f"the value of {asked.name} is no credential of this sandbox"


def words(value: str) -> Iterator[str]:
    """Yield the first words of a value; of a header for basic authentication, those of its decoded text as well."""
    yield from _first_words(value)
    basic = _BASIC.fullmatch(value)
    if basic is not None:
        try:
            yield from _first_words(base64.b64decode(basic[1] + "==").decode("utf-8", "replace"))
        except ValueError:
            return


def _first_words(value: str) -> Iterator[str]:
    return (found[0] for found in islice(_WORD.finditer(value), _MOST_WORDS))


def _candidates(request: Request, wanted: str) -> Iterator[_Candidate]:
    """Yield what looks like a credential, headers first and with their usual capitals."""
    for name, value in request.headers.items():
        if CREDENTIAL_NAME.search(name) and name.lower() != wanted.lower():
            yield _Candidate("-".join(part.capitalize() for part in name.split("-")), HEADER, value)
    # A service that reads its credential elsewhere may have it in a header with the right name.
    if request.headers.get(wanted.lower()):
        yield _Candidate(f"the header {wanted}", HEADER, request.headers[wanted.lower()])
    for name, value in request.query:
        if CREDENTIAL_NAME.search(name):
            yield _Candidate(name[:60], QUERY, value)
    place, fields = body_fields(request)
    for name, value in fields:
        if CREDENTIAL_NAME.search(name):
            yield _Candidate(name[:60], place, value)


def body_fields(request: Request) -> tuple[str, list[tuple[str, str]]]:
    """Return the kind of a body, and the texts at its top."""
    place, content = body_content(request)
    fields = content.items() if isinstance(content, dict) else ()
    values = [(str(name), value) for name, found in fields for value in (found if place == FORM else [found])]
    return place, [(name, value) for name, value in values if isinstance(value, str)]


def body_content(request: Request) -> tuple[str, Any]:
    """Return the kind of a body, and what it contains: of a form, the values of each field; None if it is too large."""
    if len(request.body) > _BODY_READ_MAX:
        return "body", None
    try:
        return JSON_BODY, msgspec.json.decode(request.body)
    # `ValueError`: also a text that is not UTF-8.
    except (ValueError, RecursionError):
        return FORM, parse_qs(request.body.decode("utf-8", "replace"))
