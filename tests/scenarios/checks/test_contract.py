"""Calls that break the contract, show no credential, come too fast or carry too much."""

from sendproof_scenarios.checks.contract import CHECKS
from stories import Line, Story


def found(story: Story) -> list[tuple[str, str, str]]:
    """What was found, in short."""
    return [(some.check, some.blame, some.cause) for some in story.findings(CHECKS)]


def request(**fields: object) -> Line:
    """One more call of the bridge."""
    return {
        "n": 900, "at": "2026-03-02T06:01:00.000Z", "kind": "request", "service": "optimove",
        "operation": "AddChannelTemplates", "method": "POST", "path": "/x", "credential": "known", "status": 200,
        "violations": [],
    } | fields  # fmt: skip


def violation(where: str, rule: str) -> Line:
    """One broken rule."""
    return {"where": where, "rule": rule, "message": "expected something else"}


def test_sound(sound):
    """Four calls, all as documented."""
    assert found(sound) == []
    assert [check.run(sound.history()).looked_at for check in CHECKS] == [4, 4, 4, 1]


def test_broken_rules_are_grouped(sound):
    """The same rule broken by many items of a body is one cause."""
    broken = request(status=400, violations=[violation(f"body.{item}.TemplateID", "type") for item in range(3)])

    assert (
        found(sound.plus(broken))
        == [("contract.requests", "bridge", "optimove AddChannelTemplates: body.*.TemplateID breaks type")] * 3
    )


def test_unknown_address(sound):
    """A path that no service knows is a call that is not documented."""
    story = sound.plus(request(operation=None, path="/current/nothing", status=404))

    assert found(story) == [("contract.requests", "bridge", "optimove POST /current/nothing: no such address")]


def test_refused(sound):
    """A call that fits the contract and is refused all the same, such as for an unknown campaign."""
    assert found(sound.plus(request(status=404))) == [
        ("contract.requests", "bridge", "optimove AddChannelTemplates: refused")
    ]


def test_no_credential(sound):
    """A missing credential is a matter of configuration, and found once."""
    assert found(sound.plus(request(status=401, credential="missing"))) == [
        ("contract.credentials", "config", "optimove AddChannelTemplates: no credential")
    ]


def test_wrong_credential(sound):
    """A credential that nobody was given is found as such."""
    assert found(sound.plus(request(status=403, credential="unknown"))) == [
        ("contract.credentials", "config", "optimove AddChannelTemplates: a credential that is not valid")
    ]


def test_too_fast(sound):
    """A call beyond the rate limit belongs to the rate, not to the contract."""
    assert found(sound.plus(request(status=429))) == [
        ("contract.rate", "bridge", "optimove AddChannelTemplates: faster than the rate limit")
    ]


def test_too_many_items(sound):
    """A body with more items than permitted belongs to the batches."""
    assert found(sound.plus(request(status=400, violations=[violation("body", "maxItems")]))) == [
        ("contract.batches", "bridge", "optimove AddChannelTemplates: body breaks maxItems, a batch over the limit")
    ]


def test_simulator_broke(sound):
    """A 500 of a simulator is not the bridge's doing, and makes the whole verdict an error."""
    story = sound.plus(request(status=500))

    assert found(story) == [("contract.requests", "harness", "optimove AddChannelTemplates: the simulator broke")]
    assert story.verdict().standing == "error"
