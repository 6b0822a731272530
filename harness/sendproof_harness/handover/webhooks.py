"""The webhooks of accounts at providers, in the handover: their URLs, and the proofs of their origin."""

import hashlib
from collections.abc import Mapping
from typing import Any

from sendproof_harness.handover.format import PLATFORM, Listen
from sendproof_harness.providers import provider
from sendproof_harness.scenario.model import Scenario

# The values of `webhook_login`, and the kinds of authentication in the settings of accounts.
_SIGNED, _BASIC, _BEARER = "signed", "basic", "bearer"
_USER = "sendproof"


def webhook_token(seed: int) -> str:
    """Return the secret part of webhook URLs."""
    return _secret("token", seed)


def account_webhooks(scenario: Scenario | None, listen: Listen | None, client: str, token: str) -> dict[str, str]:
    """Return the URL to which each account posts webhooks that no request asks for."""
    if scenario is None or listen is None or not scenario.bridge.account_webhooks:
        return {}
    providers = dict.fromkeys(channel.provider for channel in scenario.channels)
    base_url = f"http://{listen.host}:{listen.port}/webhooks"
    return {provider: f"{base_url}/{provider}/{client}/{token}" for provider in providers}


def webhook_proofs(scenario: Scenario | None, webhooks: Mapping[str, str], seed: int) -> dict[str, dict[str, Any]]:
    """Return how accounts prove the origin of their webhooks, as parts of the handover: by a signature, or a login."""
    if scenario is None:
        return {}
    able = [name for name in webhooks if provider(name).authenticated_settings is not None]
    proofs: dict[str, dict[str, Any]] = {}
    if scenario.bridge.signed_webhooks:
        proofs["webhook_secrets"] = {name: _secret(f"secret of {name}", seed) for name in able}
    if (kind := scenario.bridge.webhook_login) is not None:
        proofs["webhook_logins"] = {name: _login(kind, _secret(f"login of {name}", seed)) for name in able}
    return proofs


def proof_of_origin(scenario: Scenario, service: str, seed: int) -> str:
    """Return the secret behind the webhooks of a service: that of its signature or login, or else of its URLs."""
    proofs = {} if service == PLATFORM else webhook_proofs(scenario, {service: ""}, seed)
    authentication = webhook_authentication(proofs, service)
    if authentication is None:
        return webhook_token(seed)
    return next(authentication[name] for name in ("secret", "token", "password") if name in authentication)


def _login(kind: str, value: str) -> dict[str, str]:
    return {"token": value} if kind == _BEARER else {"username": _USER, "password": value}


def webhook_authentication(handover: Mapping[str, Any], provider: str) -> dict[str, str] | None:
    """Return the authentication of an account's webhooks as the account's settings have it; None without one."""
    if (secret := handover.get("webhook_secrets", {}).get(provider)) is not None:
        return {"kind": _SIGNED, "secret": secret}
    if (login := handover.get("webhook_logins", {}).get(provider)) is not None:
        return {"kind": _BEARER if "token" in login else _BASIC, **login}
    return None


def _secret(name: str, seed: int) -> str:
    """Return a secret about webhooks: the same in every run with one seed."""
    return hashlib.sha256(f"sendproof webhook {name} {seed}".encode()).hexdigest()[:32]
