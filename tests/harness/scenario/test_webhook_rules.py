"""The proofs of origin in the webhooks of accounts: rules of scenario files, and their place in the handover."""

import pytest

from sendproof_harness.handover.format import Listen
from sendproof_harness.handover.webhooks import account_webhooks, webhook_authentication, webhook_proofs
from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.load import parse_scenarios

FILE = """\
sendproof: 1
name: Small
seed: 7
starts: 2026-03-02T06:00:00Z
audience: {customers: 10}
channels: [{id: 505, provider: xtremepush}]
templates: [{provider: xtremepush, title: News, body: Hello}]
bridge: {BRIDGE}
steps:
  - wait_for: {listeners: 1}
  - advance: 1 day
"""


@pytest.mark.parametrize(
    ("bridge", "expected"),
    [
        ("webhook_login: basic", "no account posts webhooks; add `account_webhooks: true` to `bridge`"),
        (
            "account_webhooks: true, signed_webhooks: true, webhook_login: bearer",
            "expected either `signed_webhooks` or a login, got both",
        ),
    ],
)
def test_accounts_prove_the_origin_of_their_webhooks_in_one_way(bridge: str, expected: str) -> None:
    with pytest.raises(InvalidFileError, match=expected):
        parse_scenarios(FILE.replace("BRIDGE", bridge), "my.yaml")


def test_shared_account_posts_webhooks() -> None:
    shared = FILE.replace("provider: xtremepush}]", "provider: xtremepush, shared_account: true}]", 1)
    with pytest.raises(InvalidFileError, match="the account posts no webhooks; add `account_webhooks: true`"):
        parse_scenarios(shared.replace("BRIDGE", "opt_outs: none"), "my.yaml")
    textlocal = shared.replace("xtremepush", "textlocal").replace("BRIDGE", "account_webhooks: true")
    with pytest.raises(InvalidFileError, match="textlocal posts no webhooks about other messages; remove this key"):
        parse_scenarios(textlocal, "my.yaml")


def test_account_of_a_mail_relay_posts_webhooks() -> None:
    """A bridge has no other way to learn the results of its messages, and it must report them."""
    relay = FILE.replace("provider: xtremepush}]", "provider: smtp, message: email}]")
    relay = relay.replace("xtremepush, title: News", "smtp, message: email, subject: Hi, title: News")
    relay = relay.replace("audience: {customers: 10}", "audience: {customers: 10, addresses: {}}")
    with pytest.raises(InvalidFileError, match="tells the results of messages only by webhooks of the account"):
        parse_scenarios(relay.replace("BRIDGE", "opt_outs: none"), "my.yaml")
    assert parse_scenarios(relay.replace("BRIDGE", "account_webhooks: true"), "my.yaml")


@pytest.mark.parametrize(
    ("wish", "members"),
    [
        ("signed_webhooks: true", {"kind", "secret"}),
        ("webhook_login: basic", {"kind", "username", "password"}),
        ("webhook_login: bearer", {"kind", "token"}),
    ],
)
def test_bridge_and_account_get_the_same_proof(wish: str, members: set[str]) -> None:
    (scenario,) = parse_scenarios(FILE.replace("BRIDGE", f"account_webhooks: true, {wish}"), "my.yaml")
    urls = account_webhooks(scenario, Listen(host="127.0.0.1", port=9000), "main", "t0ken")
    proofs = webhook_proofs(scenario, urls, seed=7)
    authentication = webhook_authentication(proofs, "xtremepush")
    assert authentication is not None
    assert authentication.keys() == members
    assert webhook_authentication(webhook_proofs(scenario, {}, seed=7), "xtremepush") is None
