"""The live page on the control port: plain files, no build step, and rules that keep it to this server.

Links in the page are relative, so it works below `/token/TOKEN/` as well.
"""

import hashlib
import re
from pathlib import Path
from types import MappingProxyType

from sendproof_simulators.core.http import Problem, Request, Response

FOLDER = Path(__file__).resolve().parent.parent / "page"

_TYPES = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
    }
)
# No name starts with a dot, so none leads out of the folder.
_NAME = re.compile(r"(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_PAGE = "/page/"
_DOCUMENTATION = re.compile(r"/docs/[a-z0-9_-]+")
_METHODS = ("GET", "HEAD")

#: The page loads and calls nothing but this server, and no other page shows it in a frame.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    # The files change with the installation: the browser asks each time, and mostly gets 304.
    ("cache-control", "no-cache"),
)


def find_static(path: str) -> Path | None:
    """Return the file for a path of the control port, None if no file is there."""
    if _DOCUMENTATION.fullmatch(path):
        return FOLDER / "docs.html"
    name = "index.html" if path == "/" else path.removeprefix(_PAGE)
    if name == path or not _NAME.fullmatch(name):
        return None
    file = FOLDER / name
    return file if file.suffix in _TYPES and file.is_file() else None


def static_response(file: Path, request: Request) -> Response | Problem:
    """Return the file, or 304 without a body if the browser has it; a problem for any method but GET and HEAD."""
    if request.method not in _METHODS:
        detail = f"expected GET for a file of the page, got {request.method}"
        return Problem(kind="method_not_allowed", status=405, detail=detail, allow=_METHODS)
    content = file.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = (*_HEADERS, ("etag", tag))
    if tag in request.headers.get("if-none-match", ""):
        return Response(status=304, content_type="", headers=headers)
    return Response(body=content, content_type=_TYPES[file.suffix], headers=headers)
