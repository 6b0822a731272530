"""Who may do what: API keys of three access types with their scopes, and the login of old.

documented: keys have an access type, are scoped to channels and attributes when they are made, and can be disabled,
deleted and rotated (https://developer.optimove.com/docs/generating-api-keys-1, docs/roles-permissions-1; a vendor's
guide, https://docs.delivyr.net/docs/optimove). What happens to a request that goes beyond them is assumed.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import MINUTE, Instant
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.core.simulator import SandboxContext

ADMIN, INTEGRATIONS, TRANSACTIONAL = "Admin", "Integrations", "Transactional"
ACCESS_TYPES = (ADMIN, INTEGRATIONS, TRANSACTIONAL)
FIRST_CLIENT = "client"

# documented: "Supported functions" for third parties, in the sandbox guide of https://github.com/optimove-tech/Optimove-APIs
THIRD_PARTY = frozenset(
    {
        "GetLastDataUpdate",
        "RegisterEventListener",
        "UnregisterEventListener",
        "GetRegisteredEventListeners",
        "GetCampaignDetails",
        "GetExecutedCampaignChannelDetails",
        "GetExecutedCampaignsByChannel",
        "GetCustomerOneTimeActionsByCampaign",
        "GetCustomerAttributeChangers",
        "GetCustomerSendDetailsByChannel",
        "GetCampaignInteractionCustomers",
        "GetCustomerChannelInteractions",
        "GetCustomerExecutionDetailsByCampaign",
        "AddChannelTemplates",
        "GetChannelTemplates",
        "GetChannelTemplateDetails",
        "DeleteChannelTemplates",
        "AddChannelApps",
        "DeleteChannelApps",
        "UpdateCampaignMetrics",
        "UpdateCampaignInteractions",
        "SetCustomerChannelPreference",
    }
)
# assumed: whoever has a key may ask about it, and whoever may log in may log in.
ANYBODY = frozenset({"ApiKeyInfo", "Login", "LoginByQuery"})
# documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove ("an API user with client
# permissions" to make and fill attributes)
CLIENTS_OWN = frozenset({"AddCustomerAttribute", "UpdateCustomerAttributes", "UpsertCustomer"})

# documented: https://developer.optimove.com/docs/general-information (20 minutes since the last call)
TOKEN_LIFE_MS = 20 * MINUTE
TOKEN_HEADER = "authorization-token"  # noqa: S105 - the name of a header
EXPIRED = "Authorization-Token Expired"
# A line break cannot stand in a header, so no key can be taken for a user.
_USER = "user\n"
_PATH_HOST = re.compile(r"/api([0-9]{1,3})(?=/|$)")
_HOST = re.compile(r"api([0-9]{1,3})\.")


@dataclass(slots=True, kw_only=True)
class ApiKey:
    """One key. None as a scope means everything; `host` is the number of its client's host (api4.optimove.net)."""

    name: str
    client: str
    host: int
    access: str = INTEGRATIONS
    functions: frozenset[str] | None = None
    channels: frozenset[int] | None = None
    attributes: frozenset[str] | None = None
    ends: Instant | None = None
    rotations: int = 0

    def alive(self, now: Instant) -> bool:
        """Whether it is not disabled."""
        return self.ends is None or now < self.ends

    def may(self, function: str, *, unlisted: bool) -> bool:
        """Whether it may call a function; `unlisted`: keys for integrations may call what is not on their list."""
        if function in ANYBODY or (self.access == ADMIN and self.functions is None):
            return True
        if self.functions is not None:
            return function in self.functions
        if self.access == TRANSACTIONAL:
            return False
        return function in THIRD_PARTY or (unlisted and function not in CLIENTS_OWN)

    def sees(self, attribute: str) -> bool:
        """Whether an attribute is in its scope."""
        return self.attributes is None or attribute.lower() in self.attributes

    def reaches(self, channel: int) -> bool:
        """Whether a channel is in its scope."""
        return self.channels is None or channel in self.channels


class _Held(NamedTuple):
    """A value that shows a key, until an instant."""

    key: ApiKey
    until: Instant | None = None


@dataclass(slots=True)
class _User:
    """One user of old: the password, the key whose rights it has, and the token if one was given out."""

    password: str
    key: ApiKey
    token: str = ""
    used: Instant = 0


@dataclass(slots=True)
class Access:
    """All keys and users of a sandbox."""

    keys: dict[str, ApiKey] = field(default_factory=dict)
    _values: dict[str, _Held] = field(default_factory=dict)
    _users: dict[str, _User] = field(default_factory=dict)

    # Keys.

    def add(self, key: ApiKey, value: str) -> None:
        """Take a key in; `ValueError` when its name is taken."""
        if key.name in self.keys:
            raise ValueError(f"expected a key name that is not taken, got {key.name!r}")
        self.keys[key.name] = key
        self._values[value] = _Held(key)

    def add_user(self, name: str, password: str, key: ApiKey) -> None:
        """Let somebody log in with the rights of a key."""
        self._users[name] = _User(password, key)

    def value_of(self, name: str) -> str:
        """The value that shows a key now, or did last."""
        return next(value for value, held in reversed(self._values.items()) if held.key is self.keys[name])

    def rotate(self, name: str, value: str, until: Instant) -> None:
        """Give a key a new value; the old ones end then."""
        key = self.keys[name]
        for old, held in self._values.items():
            if held.key is key:
                ends = until if held.until is None else min(until, held.until)
                self._values[old] = _Held(key, ends)
        self._values[value] = _Held(key)

    def of(self, shown: str, now: Instant) -> ApiKey | None:
        """The key, or the key of the user, that a request shows, as long as it is good."""
        if shown.startswith(_USER):
            user = self._users.get(shown.removeprefix(_USER))
            return user.key if user is not None and user.key.alive(now) else None
        held = self._values.get(shown)
        if held is None or not held.key.alive(now) or (held.until is not None and now >= held.until):
            return None
        return held.key

    # Login.

    def log_in(self, name: str, password: str, token: str, now: Instant) -> Problem | None:
        """Give out a token; a `Problem` says why not. A login while the last token lives is one too many."""
        user = self._users.get(name)
        if user is None or user.password != password or not user.key.alive(now):
            return Problem(kind="login_failed", status=401, detail="user name or password are wrong")
        if user.token and now - user.used < TOKEN_LIFE_MS:
            return Problem(kind="rate_limited", status=429, detail="the token that was given out is still good")
        user.token, user.used = token, now
        return None

    def use_token(self, shown: str, token: str, now: Instant) -> Problem | None:
        """Let a token live on for 20 minutes; a `Problem` says that it is none, or has expired."""
        user = self._users.get(shown.removeprefix(_USER))
        if user is None or not user.token or token != user.token:
            return Problem(kind="unauthorized", status=401, detail="the token is not known")
        if now - user.used >= TOKEN_LIFE_MS:
            return Problem(kind="forbidden", status=403, detail=EXPIRED)
        user.used = now
        return None


def access_of(context: SandboxContext) -> Access:
    """The keys and the user that a sandbox begins with: one for a vendor's bridge, one with every right."""
    access, given = Access(), context.credentials.get("optimove")
    if given is None:
        return access
    host = host_of(context, FIRST_CLIENT)
    bridge = ApiKey(name="bridge", client=FIRST_CLIENT, host=host)
    access.add(bridge, given["api_key"])
    access.add(ApiKey(name="admin", client=FIRST_CLIENT, host=host, access=ADMIN), given["admin_key"])
    access.add_user(given["username"], given["password"], bridge)
    return access


def host_of(context: SandboxContext, client: str) -> int:
    """The number of a client's host: api1 to api9."""
    return 1 + context.random.below(9, "optimove", "host", client)


# -- requests ----------------------------------------------------------------------------------------


def presented_credential(request: Request) -> str | None:
    """What a request shows of who sends it: its key, or the user that its token or its login names.

    Header X-API-KEY on every call: documented, https://developer.optimove.com/docs/authentication-guide.
    Authorization-Token: documented, https://developer.optimove.com/docs/general-information.
    """
    key = request.headers.get("x-api-key")
    if key is not None:
        return key
    token = request.headers.get(TOKEN_HEADER)
    if token is not None:
        user = _user_of(token)
    else:
        user = _login_name(request) if request.path.lower().rstrip("/").endswith("/login") else None
    return None if user is None else login_credential(user)


def login_credential(user: str) -> str:
    """A user as `presented_credential` tells of one."""
    return _USER + user


def authorize(access: Access, request: Request, shown: str, now: Instant) -> Problem | None:
    """Why the one who sends a request may not send any, if so."""
    if shown.startswith(_USER):
        token = request.headers.get(TOKEN_HEADER)
        problem = None if token is None else access.use_token(shown, token, now)
        if problem is not None:
            return problem
    key = access.of(shown, now)
    # A login with a wrong name gets its answer from the function itself.
    if key is None and not (shown.startswith(_USER) and TOKEN_HEADER not in request.headers):
        return Problem(kind="unauthorized", status=401, detail="the key is disabled, or was replaced by another")
    called = _HOST.match(request.headers.get("host", ""))
    if key is not None and called is not None and int(called[1]) != key.host:
        return Problem(kind="unauthorized", status=401, detail=f"the key is good on host api{key.host} only")
    return None


def at_host(request: Request) -> Request:
    """Take `/api4` off the start of the path, as if the request had been sent to api4.optimove.net.

    Each client has a host with a number of its own. Loopback addresses have no such names that every HTTP client
    resolves, so the number is in the base address that a client is given.
    """
    if not request.path.startswith("/api"):
        return request
    found = _PATH_HOST.match(request.path)
    if found is None:
        return request
    headers = {**request.headers, "host": f"api{found[1]}.optimove.net"}
    return Request(
        method=request.method,
        path=request.path[found.end() :] or "/",
        query=request.query,
        headers=headers,
        body=request.body,
    )


def token_for(user: str, signature: str) -> str:
    """A token that names its user, in the outward form of a JWT.

    documented: about 500 characters today (https://developer.optimove.com/docs/general-information); what is in it is
    the simulator's own.
    """
    parts = ({"alg": "none"}, {"sub": user})
    return ".".join([*(_base64(json.dumps(part)) for part in parts), signature])


def _user_of(token: str) -> str | None:
    try:
        part = token.strip('"').split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return None
    user = claims.get("sub") if isinstance(claims, Mapping) else None
    return user if isinstance(user, str) else None


def _login_name(request: Request) -> str | None:
    if request.method == "GET":
        return next((text for name, text in request.query if name.lower() == "username"), None)
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    name = login_name(body) if isinstance(body, Mapping) else None
    return name if isinstance(name, str) else None


def login_name(body: Mapping[str, object]) -> object:
    """The user that a login names; both spellings were observed."""
    return body.get("Username", body.get("UserName"))


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def view(key: ApiKey, now: Instant) -> dict[str, object]:
    """A key as a person sees it, without its value."""

    def scope(values: Iterable[object] | None) -> list[object] | None:
        return None if values is None else sorted(values, key=str)

    return {
        "name": key.name,
        "client": key.client,
        "host": f"api{key.host}.optimove.net",
        "access": key.access,
        "enabled": key.alive(now),
        "functions": scope(key.functions),
        "channels": scope(key.channels),
        "attributes": scope(key.attributes),
    }
