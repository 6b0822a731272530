"""The guard of Locust's own page, which needs no password: only that page itself starts and stops load tests."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, abort, request


def guard_page(app: Flask, address: str) -> None:
    """Refuse requests by pages of other origins, and with names that are rebound to this machine (DNS rebinding).

    `address` is the one on which the page listens. Off loopback, its host names are not known.
    """

    @app.before_request
    def refuse_others() -> None:
        if is_loopback(address) and not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
            abort(421, f"expected a Host that names this machine, got {request.host!r}; open http://localhost")
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
        if origin not in {None, request.host_url.rstrip("/")} or site not in {"none", "same-origin"}:
            abort(403, "expected Locust's own page, got a request by a page of another origin")


def is_loopback(host: str) -> bool:
    """Return True for a host that only this machine reaches."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
