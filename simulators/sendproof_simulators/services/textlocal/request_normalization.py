"""Normalization: every accepted way to call a command becomes the one that the contract describes.

The result has the key and the response format in the query. All other fields are in an urlencoded form for a POST, and
in the query for a GET.

* The key is spelled `apikey` or `apiKey`, in query or form. documented: https://api.txtlocal.com/docs/
* A trailing slash is optional. documented: samples have it; observed: clients call without.
* `username` and `hash` replace the key, and `password` replaces the hash. documented: older captures of
  https://api.txtlocal.com/docs/
* A multipart form is accepted. observed: the vendor's own PHP class, https://github.com/scottybo/textlocal
* An empty value counts as absent. observed: that class sends empty values for parameters that were left out.
* A value of the form overrides the query, and the last value of the form overrides earlier ones. assumed
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import quote_plus

from sendproof_simulators.core.http import Request
from sendproof_simulators.core.percent_encoding import form_decoded, form_pairs

FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_KEY = "apikey"
_LOGIN = ("username", "hash", "password")
_QUERY_FIELDS = (_KEY, "format")


def normalise(request: Request) -> Request:
    """Return the request in the form of the contract; a body that is no form stays unchanged."""
    path = "/" + request.path.strip("/")
    query = {_canonical_name(name): value for name, value in request.query if value}
    form = _form(request) if request.method == "POST" else None
    if form is None:
        return replace(request, path=path, query=tuple(_with_key(query).items()))
    fields = {name: quote_plus(value).encode() for name, value in query.items()} | form
    named = (name for name in (*_LOGIN, *_QUERY_FIELDS) if name in fields)
    texts = _with_key({name: fields.pop(name).decode("latin-1") for name in named})
    new_query = tuple((name, form_decoded(texts[name])) for name in _QUERY_FIELDS if name in texts)
    body = b"".join(_encoded(fields))
    headers = {**request.headers, "content-type": FORM}
    # Two equal copies of a long body would stay until the response.
    return replace(
        request, path=path, query=new_query, headers=headers, body=request.body if body == request.body else body
    )


def username_of(hash_: str) -> str:
    """Return the user name that belongs to a hash."""
    return f"{hash_[-8:]}@textlocal.example"


def hash_of(password: str) -> str:
    """Return the hash of a password. assumed: SHA-1; the real ones look like it."""
    return hashlib.sha1(password.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _with_key(fields: dict[str, str]) -> dict[str, str]:
    """Replace a login with the key. The hash serves as the key if the user name belongs to it."""
    username, hash_, password = (form_decoded(fields.pop(name, "")) for name in _LOGIN)
    hash_ = hash_ or (hash_of(password) if password else "")
    if hash_ and _KEY not in fields:
        fields[_KEY] = hash_ if username == username_of(hash_) else f"{username}:"
    return fields


def extract_credential(request: Request) -> str | None:
    """Return the key of a normalized request, or None."""
    return next((value for name, value in request.query if name == _KEY), None)


def _encoded(fields: Mapping[str, bytes]) -> Iterator[bytes]:
    for number, (name, value) in enumerate(fields.items()):
        yield b"%b%b=" % (b"&" if number else b"", quote_plus(name).encode())
        yield value


def _form(request: Request) -> dict[str, bytes] | None:
    """Return the form with its values still encoded, as they are long, or None for any other body."""
    content_type = request.headers.get("content-type", FORM)
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == FORM or not request.body:
        return _last_values(_urlencoded_fields(request.body))
    return _last_values(_multipart_fields(content_type, request.body)) if media_type == _MULTIPART else None


def _last_values(pairs: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    return {_canonical_name(name): value for name, value in pairs if value}


def _urlencoded_fields(body: bytes) -> Iterable[tuple[str, bytes]]:
    for name, value in form_pairs(body):
        # One byte stays one character.
        yield form_decoded(name.decode("latin-1")), value


def _multipart_fields(content_type: str, body: bytes) -> Iterable[tuple[str, bytes]]:
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            yield name, quote_plus(content).encode()


def _canonical_name(name: str) -> str:
    return _KEY if name.lower() == _KEY else name
