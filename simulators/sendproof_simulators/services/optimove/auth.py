"""Authentication and authorization: API keys of three access types with their scopes, and the legacy login.

documented: keys have an access type, are scoped to channels and attributes when they are created, and can be disabled,
deleted and rotated (https://developer.optimove.com/docs/generating-api-keys-1, docs/roles-permissions-1; a vendor's
guide, https://docs.delivyr.net/docs/optimove). The response to a request beyond these rights is assumed.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from sendproof_simulators.core.clock.wall_clock import SECOND, Instant
from sendproof_simulators.core.contracts import FORM, JSON
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.core.simulator import SandboxContext

ADMIN, INTEGRATIONS, TRANSACTIONAL = "Admin", "Integrations", "Transactional"
ACCESS_TYPES = (ADMIN, INTEGRATIONS, TRANSACTIONAL)
DEFAULT_CLIENT = "client"
#: The name of the rights of the user, if no key has the same.
LOGIN = "login"

# documented: "Supported functions" for third parties, in the sandbox guide of https://github.com/optimove-tech/Optimove-APIs
THIRD_PARTY_FUNCTIONS = frozenset(
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
# assumed: every key may be used to ask about itself, and every user may log in.
UNRESTRICTED_FUNCTIONS = frozenset({"ApiKeyInfo", "Login", "LoginByQuery"})
# documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove ("an API user with client
# permissions" to add attributes and set their values)
CLIENT_FUNCTIONS = frozenset({"AddCustomerAttribute", "UpdateCustomerAttributes", "UpsertCustomer"})
# documented by a vendor: https://docs.delivyr.net/docs/optimove ("Find Attributes", with a key of type Integrations)
LOOK_UP = "GetCustomerAttributes"
# assumed: the functions that a key's own information can list
_LISTED_FUNCTIONS = THIRD_PARTY_FUNCTIONS | CLIENT_FUNCTIONS | {LOOK_UP}

TOKEN_HEADER = "authorization-token"  # noqa: S105 - the name of a header
TOKEN_EXPIRED = "Authorization-Token Expired"  # noqa: S105 - the text of an error
# A header cannot contain a line break, so no API key can be mistaken for a user.
_USER_PREFIX = "user\n"
# A longer body is no login.
_LOGIN_BYTES = 65_536
_PREFIXES = re.compile(r"(?:/api([0-9]{1,3})(?=/|$))?(?:/v[0-9]+(?:\.[0-9]+)*(?=/|$))?", re.IGNORECASE)
_HOST_NAME = re.compile(r"api([0-9]{1,3})\.")


@dataclass(slots=True, kw_only=True)
class ApiKey:
    """One API key. A scope of None has no limit.

    `host_number` is the number in the name of its client's host (4 for api4.optimove.net).
    """

    name: str
    client: str
    host_number: int
    access_type: str = INTEGRATIONS
    functions: frozenset[str] | None = None
    channels: frozenset[int] | None = None
    attributes: frozenset[str] | None = None
    disabled_at: Instant | None = None
    rotations: int = 0

    def is_enabled(self, now: Instant) -> bool:
        """Return True unless the key is disabled at `now`."""
        return self.disabled_at is None or now < self.disabled_at

    def may_call(self, function: str, *, unlisted_allowed: bool, look_up_allowed: bool) -> bool:
        """Return True if the key may call a function.

        `unlisted_allowed`: keys for integrations may also call functions that are not on the list for third parties;
        `look_up_allowed`: they may read the attributes of a customer.
        """
        if function in UNRESTRICTED_FUNCTIONS or (self.access_type == ADMIN and self.functions is None):
            return True
        if self.functions is not None:
            return function in self.functions
        if self.access_type == TRANSACTIONAL:
            return False
        if function == LOOK_UP and look_up_allowed:
            return True
        return function in THIRD_PARTY_FUNCTIONS or (unlisted_allowed and function not in CLIENT_FUNCTIONS)

    def listed_functions(self, *, unlisted_allowed: bool, look_up_allowed: bool) -> list[str]:
        """Return the functions that Optimove names for the key, with the same settings as `may_call`."""
        known = _LISTED_FUNCTIONS if self.functions is None else self.functions
        settings = {"unlisted_allowed": unlisted_allowed, "look_up_allowed": look_up_allowed}
        return sorted(function for function in known if self.may_call(function, **settings))

    def may_see(self, attribute: str) -> bool:
        """Return True if an attribute is in the key's scope. Names match in any case."""
        return self.attributes is None or attribute.lower() in self.attributes

    def may_use(self, channel: int) -> bool:
        """Return True if a channel is in the key's scope."""
        return self.channels is None or channel in self.channels


# documented: https://docs.xtremepush.com/docs/optimove ("only support token-based authentication" from this day on)
_LOGINS_END_AT: Instant = int(datetime(2024, 2, 1, tzinfo=UTC).timestamp()) * SECOND
_LOGINS_ENDED = "logins ended on 2024-02-01; send an API key as X-API-KEY"


class _KeyValue(NamedTuple):
    """The key that a value belongs to, and the instant at which the value expires."""

    key: ApiKey
    valid_until: Instant | None = None


@dataclass(slots=True)
class _User:
    """One user of the legacy login, with the rights of a key. `token` is empty before the first login."""

    password: str
    key: ApiKey
    token: str = ""
    token_used_at: Instant = 0


@dataclass(slots=True)
class CredentialStore:
    """All API keys and users of a sandbox.

    From `logins_end_at` on, only keys are accepted. A token that is not used for `unused_token_ms` expires.
    """

    unused_token_ms: int
    logins_end_at: Instant | None = None
    keys: dict[str, ApiKey] = field(default_factory=dict)
    _values: dict[str, _KeyValue] = field(default_factory=dict)
    _users: dict[str, _User] = field(default_factory=dict)

    # Keys.

    def add_key(self, key: ApiKey, value: str) -> None:
        """Add a key; raise `ValueError` if its name is taken."""
        if key.name in self.keys:
            raise ValueError(f"expected a key name that is not taken, got {key.name!r}")
        self.keys[key.name] = key
        self._values[value] = _KeyValue(key)

    def add_user(self, name: str, password: str, key: ApiKey) -> None:
        """Add a user, who gets the rights of `key` by logging in."""
        self._users[name] = _User(password, key)

    def login_key(self) -> ApiKey | None:
        """Return the key with the rights of the user, None without a user."""
        return next((user.key for user in self._users.values()), None)

    def separate_login(self) -> ApiKey:
        """Return the key with the rights of the user, which has no other credential from now on."""
        (user,) = self._users.values()
        if user.key.name != LOGIN:
            user.key = replace(user.key, name=LOGIN)
        return user.key

    def current_value(self, name: str) -> str:
        """Return the newest value of a key, even if the key is disabled."""
        return next(value for value, entry in reversed(self._values.items()) if entry.key is self.keys[name])

    def rotate(self, name: str, value: str, old_valid_until: Instant) -> None:
        """Give a key a new value. Its old values expire at `old_valid_until`, or earlier if they already had to."""
        key = self.keys[name]
        for old, entry in self._values.items():
            if entry.key is key:
                until = old_valid_until if entry.valid_until is None else min(old_valid_until, entry.valid_until)
                self._values[old] = _KeyValue(key, until)
        self._values[value] = _KeyValue(key)

    def key_for(self, credential: str, now: Instant) -> ApiKey | None:
        """Return the key with this value, or the key of this user; None if it is unknown, disabled or expired."""
        if credential.startswith(_USER_PREFIX):
            user = self._users.get(credential.removeprefix(_USER_PREFIX))
            return user.key if user is not None and user.key.is_enabled(now) else None
        entry = self._values.get(credential)
        if entry is None or not entry.key.is_enabled(now):
            return None
        return entry.key if entry.valid_until is None or now < entry.valid_until else None

    # Legacy login.

    def log_in(self, username: str, password: str, token: str, now: Instant) -> Problem | None:
        """Make `token` the user's token, or return the `Problem`. A login while the last token is valid is refused."""
        if self._is_after_logins(now):
            return Problem(kind="login_failed", status=401, detail=_LOGINS_ENDED)
        user = self._users.get(username)
        if user is None or user.password != password or not user.key.is_enabled(now):
            return Problem(kind="login_failed", status=401, detail="user name or password are wrong")
        if user.token and now - user.token_used_at < self.unused_token_ms:
            return Problem(kind="rate_limited", status=429, detail="the previous token is still valid")
        user.token, user.token_used_at = token, now
        return None

    def use_token(self, credential: str, token: str, now: Instant) -> Problem | None:
        """Extend the life of a token from `now` on, or return the `Problem` if it is unknown or has expired."""
        if self._is_after_logins(now):
            return Problem(kind="unauthorized", status=401, detail=_LOGINS_ENDED)
        user = self._users.get(credential.removeprefix(_USER_PREFIX))
        if user is None or not user.token or token != user.token:
            return Problem(kind="unauthorized", status=401, detail="unknown token")
        if now - user.token_used_at >= self.unused_token_ms:
            return Problem(kind="forbidden", status=403, detail=TOKEN_EXPIRED)
        user.token_used_at = now
        return None

    def refused(self, now: Instant) -> frozenset[str]:
        """Return the names of the credentials that no function accepts any more."""
        return frozenset({"username", "password"}) if self._is_after_logins(now) else frozenset()

    def _is_after_logins(self, now: Instant) -> bool:
        return self.logins_end_at is not None and now >= self.logins_end_at


def initial_credentials(context: SandboxContext) -> CredentialStore:
    """Return the initial credentials of a sandbox: a key and a user for a vendor's bridge, and an Admin key."""
    ends_at = None if context.dialects.get("password_login") == "accepted" else _LOGINS_END_AT
    store = CredentialStore(unused_token_ms=context.limits.unused_token_ms, logins_end_at=ends_at)
    values = context.credentials.get("optimove")
    if values is None:
        return store
    bridge = new_key(context, "bridge", DEFAULT_CLIENT, context.key_scopes.get("bridge", {}))
    store.add_key(bridge, values["api_key"])
    store.add_key(new_key(context, "admin", DEFAULT_CLIENT, {"access": ADMIN}), values["admin_key"])
    login = context.key_scopes.get(LOGIN)
    user_key = bridge if login is None else new_key(context, LOGIN, DEFAULT_CLIENT, login)
    store.add_user(values["username"], values["password"], user_key)
    return store


def new_key(context: SandboxContext, name: str, client: str, rights: Mapping[str, Any]) -> ApiKey:
    """Return a key with an access type and scopes in the words of the control API; raise `ValueError` for others."""
    attributes = _scope(rights, "attributes", str)
    key = ApiKey(
        name=name,
        client=client,
        host_number=host_number(context, client),
        access_type=rights.get("access", INTEGRATIONS),
        functions=_scope(rights, "functions", str),
        channels=_scope(rights, "channels", int),
        attributes=None if attributes is None else frozenset(attribute.lower() for attribute in attributes),
    )
    check_access_type(key.access_type)
    return key


def check_access_type(access: object) -> None:
    """Raise `ValueError` for an unknown access type."""
    if access not in ACCESS_TYPES:
        raise ValueError(f"expected access to be one of {', '.join(ACCESS_TYPES)}, got {access!r}")


def _scope(rights: Mapping[str, Any], name: str, type_: type) -> frozenset[Any] | None:
    values = rights.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, type_) for value in values):
        raise ValueError(f"expected {name} to be a list of {'numbers' if type_ is int else 'texts'}, got {values!r}")
    return frozenset(values)


def host_number(context: SandboxContext, client: str) -> int:
    """Return the number of a client's host, 1 to 9 (api1 to api9)."""
    return 1 + context.random.below(9, "optimove", "host", client)


# -- requests ----------------------------------------------------------------------------------------


def presented_credential(request: Request) -> str | None:
    """Return the credential in a request: its API key, or the user of its token or login.

    Header X-API-KEY on every call: documented, https://developer.optimove.com/docs/authentication-guide.
    Authorization-Token: documented, https://developer.optimove.com/docs/general-information. A login ignores both:
    observed, clients log in again with the expired token in their headers.
    """
    if is_login(request):
        user = _user_of_login(request)
        return None if user is None else login_credential(user)
    key = request.headers.get("x-api-key")
    token = request.headers.get(TOKEN_HEADER)
    if key or token is None:
        return key
    user = _user_of_token(token)
    return None if user is None else login_credential(user)


def is_login(request: Request) -> bool:
    """Return True if the request is a login."""
    return request.path.lower().rstrip("/").endswith("/general/login")


def login_credential(user: str) -> str:
    """Return a user in the form of `presented_credential`."""
    return _USER_PREFIX + user


def authorize(store: CredentialStore, request: Request, credential: str, now: Instant) -> ApiKey | Problem | None:
    """Return the key of a request, None for a login, or the reason why no request with this credential is allowed."""
    if is_login(request):
        # The function itself responds to a wrong user name or password.
        return _refused_host(request, store.key_for(credential, now))
    if credential.startswith(_USER_PREFIX):
        problem = store.use_token(credential, request.headers.get(TOKEN_HEADER, ""), now)
        if problem is not None:
            return problem
    key = store.key_for(credential, now)
    if key is None:
        return Problem(kind="unauthorized", status=401, detail="the key is disabled or was rotated")
    return _refused_host(request, key) or key


def _refused_host(request: Request, key: ApiKey | None) -> Problem | None:
    """Return the problem of a request that names the host of another client than its key."""
    called = _HOST_NAME.match(request.headers.get("host", ""))
    if key is None or called is None or int(called[1]) == key.host_number:
        return None
    return Problem(kind="unauthorized", status=401, detail=f"the key is only valid on host api{key.host_number}")


def normalise(request: Request) -> Request:
    """Return a request in the form of the contract: without prefixes of its path, and a login as JSON."""
    request = strip_prefixes(request)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = content_type == FORM and len(request.body) <= _LOGIN_BYTES
    if not is_form or not (request.method == "POST" and is_login(request)):
        return request
    # observed: GitHub larvit/optimove_mocker, beside the live service, reads a login from a form, too.
    fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    headers = {**request.headers, "content-type": JSON}
    return replace(request, headers=headers, body=json.dumps(fields).encode())


def strip_prefixes(request: Request) -> Request:
    """Remove `/api4` and a version such as `/v3.0` from the start of the path.

    `/api4` is as if the request had been sent to api4.optimove.net: each client has a numbered host. Not every HTTP
    client can resolve such a name for a loopback address, so the number is part of the base URL of a client. A version
    in place of `/current` was observed (PyPI optimove 1.0).
    """
    found = _PREFIXES.match(request.path)
    if found is None or not found.end():
        return request
    headers = request.headers if found[1] is None else {**request.headers, "host": f"api{found[1]}.optimove.net"}
    return replace(request, path=request.path[found.end() :] or "/", headers=headers)


def make_token(user: str, signature: str) -> str:
    """Return a token that names its user and looks like a JWT.

    documented: about 500 characters today (https://developer.optimove.com/docs/general-information). The content is
    the simulator's own.
    """
    parts = ({"alg": "none"}, {"sub": user})
    return ".".join([*(_base64(json.dumps(part)) for part in parts), signature])


def _user_of_token(token: str) -> str | None:
    try:
        part = token.strip('"').split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return None
    user = claims.get("sub") if isinstance(claims, Mapping) else None
    return user if isinstance(user, str) else None


def _user_of_login(request: Request) -> str | None:
    if request.method == "GET":
        return next((text for name, text in request.query if name.lower() == "username"), None)
    if len(request.body) > _LOGIN_BYTES:
        return None
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    name = login_name(body) if isinstance(body, Mapping) else None
    return name if isinstance(name, str) else None


def login_name(body: Mapping[str, object]) -> object:
    """Return the user name in the body of a login. Username and UserName were observed; .NET reads any case."""
    names = [value for name, value in body.items() if name.lower() == "username"]
    return names[-1] if names else None


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def key_json(key: ApiKey, now: Instant) -> dict[str, object]:
    """Return the control API's JSON of a key, without its value."""

    def scope_json(values: Iterable[object] | None) -> list[object] | None:
        return None if values is None else sorted(values, key=str)

    return {
        "name": key.name,
        "client": key.client,
        "host": f"api{key.host_number}.optimove.net",
        "access": key.access_type,
        "enabled": key.is_enabled(now),
        "functions": scope_json(key.functions),
        "channels": scope_json(key.channels),
        "attributes": scope_json(key.attributes),
    }
