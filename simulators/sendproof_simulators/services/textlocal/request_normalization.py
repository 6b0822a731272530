"""Every accepted way to call a command, turned into the one that the contract describes.

The key and the format of the reply in the query; all else of a POST in an urlencoded form, of a GET in the query.

* The key is spelled `apikey` or `apiKey`, in query or form. documented: https://api.txtlocal.com/docs/
* A trailing slash is optional. documented: samples have it; observed: clients call without.
* `username` and `hash` in place of the key, or `password` in place of the hash. documented: older captures of
  https://api.txtlocal.com/docs/
* A multipart form is a form, and `message` and `sender` in it are percent-encoded once more.
  observed: the vendor's own PHP class, https://github.com/scottybo/textlocal
* So they may be in an urlencoded form, which that class sends where PHP has no cURL; assumed: they are if nothing in
  them needs encoding any more, and something is encoded.
* An empty value counts as none. observed: that class sends empty values for what was left out.
* Of two values the form's, and of these the last, counts. assumed
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import quote_plus, unquote, unquote_plus

from sendproof_simulators.core.http import Request

FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_KEY = "apikey"
_LOGIN = ("username", "hash", "password")
_IN_QUERY = (_KEY, "format")
_ENCODED_AGAIN = ("message", "sender")
_ALL_ENCODED = re.compile(r"(?=.*%)(?:[A-Za-z0-9_.~-]|%[0-9A-Fa-f]{2})+")


def normalise(request: Request) -> Request:
    """The same call as the contract describes it; a body that is no form is left alone."""
    path = "/" + request.path.strip("/")
    query = {_canonical(name): value for name, value in request.query if value}
    form = _form(request) if request.method == "POST" else None
    if form is None:
        return replace(request, path=path, query=tuple(_with_key(query).items()))
    merged = _with_key({name: quote_plus(value) for name, value in query.items()} | form)
    shown = tuple((name, unquote_plus(merged.pop(name))) for name in _IN_QUERY if name in merged)
    body = "&".join(f"{quote_plus(name)}={value}" for name, value in merged.items())
    headers = {**request.headers, "content-type": FORM}
    return replace(request, path=path, query=shown, headers=headers, body=body.encode("latin-1"))


def username_of(hash_: str) -> str:
    """The user whose hash this is."""
    return f"{hash_[-8:]}@textlocal.example"


def hash_of(password: str) -> str:
    """The hash that stands for a password. assumed: SHA-1; the real ones look like it."""
    return hashlib.sha1(password.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _with_key(fields: dict[str, str]) -> dict[str, str]:
    """A login in place of the key, if it is a right one; the hash is then as good as a key."""
    username, hash_, password = (unquote_plus(fields.pop(name, "")) for name in _LOGIN)
    hash_ = hash_ or (hash_of(password) if password else "")
    if hash_ and _KEY not in fields:
        fields[_KEY] = hash_ if username == username_of(hash_) else f"{username}:"
    return fields


def extract_credential(request: Request) -> str | None:
    """The key of a normalised request."""
    return next((value for name, value in request.query if name == _KEY), None)


def _form(request: Request) -> dict[str, str] | None:
    """The form with its values still encoded, as they are long; None when the body is something else."""
    content_type = request.headers.get("content-type", FORM)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM or not request.body:
        return _last(_urlencoded(request.body))
    return _last(_multipart(content_type, request.body)) if kind == _MULTIPART else None


def _last(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {_canonical(name): value for name, value in pairs if value}


def _urlencoded(body: bytes) -> Iterable[tuple[str, str]]:
    # One byte stays one character, so that a body in a wrong encoding is seen by whoever decodes it.
    for pair in body.decode("latin-1").split("&"):
        name, _, value = pair.partition("=")
        name = unquote_plus(name)
        if name in _ENCODED_AGAIN and "%25" in value and _ALL_ENCODED.fullmatch(once := unquote_plus(value)):
            value = once
        yield name, value


def _multipart(content_type: str, body: bytes) -> Iterable[tuple[str, str]]:
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            yield name, quote_plus(unquote(content) if name in _ENCODED_AGAIN else content)


def _canonical(name: str) -> str:
    return _KEY if name.lower() == _KEY else name
