"""Calls that break the contract, show no credential, come too fast or carry too much."""

from history_builder import Line, Story
from sendproof_harness.judge.checks import contract, credentials, request_limits

CHECKS = (*contract.CHECKS, *credentials.CHECKS, *request_limits.CHECKS)
START_TEXT = "2026-03-02T06:00:00.000Z"


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


def test_unknown_addresses_of_many_customers_are_one_cause(sound):
    """Ids in an address say whom a call was about, not what is wrong with it; a version is no id."""
    paths = [f"/v2/customers/C{index:07d}/Attributes" for index in range(3)]
    story = sound.plus(*(request(operation=None, path=path, status=404) for path in paths))

    assert {cause for _, _, cause in found(story)} == {"optimove POST /v2/customers/*/Attributes: no such address"}


def test_refused_says_what_was_answered(sound):
    """Nobody should have to make the call again to see why it was refused."""
    (finding,) = sound.plus(request(status=400, response_excerpt='"ChannelID 9 is not known"')).findings(CHECKS)

    assert finding.got == 'POST /x answered with 400: "ChannelID 9 is not known"'


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
    assert story.verdict().status == "error"


def key(action: str, at: str, ends: str | None = None) -> Line:
    """The client's admin did something to the key."""
    return {
        "n": 899,
        "at": at,
        "kind": "key",
        "service": "optimove",
        "name": "bridge",
        "action": action,
        "valid_until": ends,
    }


def test_a_key_that_was_disabled_is_tried_again(sound):
    """The bridge cannot know when it will be good again, and asks now and then."""
    tries = [request(status=401, at=f"2026-03-02T{hour:02}:01:00.000Z") for hour in (6, 7, 9)]

    assert found(sound.plus(key("disabled", START_TEXT, START_TEXT), *tries)) == []


def test_a_key_that_is_refused_is_not_hammered(sound):
    """Twenty tries in ten minutes are no asking now and then."""
    tries = [request(n=900 + index, status=401) for index in range(21)]

    assert found(sound.plus(key("disabled", START_TEXT, START_TEXT), *tries)) == [
        ("contract.credentials", "bridge", "optimove AddChannelTemplates: a refused key is tried without a pause")
    ]


def test_the_old_key_long_after_it_ended(sound):
    """The new one was not put in, although there was an hour for that."""
    story = sound.plus(key("rotated", START_TEXT, START_TEXT), request(status=401, at="2026-03-02T07:01:00.000Z"))

    (_, blame, cause), *rest = found(story)
    assert (blame, "the old key, long after it was rotated: 'bridge' ended" in cause, rest) == ("config", True, [])


def test_a_key_that_was_enabled_again_is_no_excuse(sound):
    """Whatever is refused then is refused for another reason."""
    keys = key("disabled", START_TEXT, START_TEXT), key("enabled", START_TEXT)

    assert found(sound.plus(*keys, request(status=401))) == [
        ("contract.credentials", "config", "optimove AddChannelTemplates: a credential that is not valid")
    ]


def test_a_batch_of_numbers_over_the_limit(sound):
    """A provider that refuses it as a whole says so of every number, and it is one finding."""
    refused = {"n": 901, "at": START_TEXT, "kind": "rejection", "service": "textlocal", "number": "447100000001",
               "text": "x", "code": 33, "reason": "Too many numbers"}  # fmt: skip
    story = sound.plus(*(refused | {"n": 901 + index} for index in range(3)))

    assert found(story) == [
        ("contract.batches", "bridge", "textlocal: a batch over the limit, refused as a whole (33 Too many numbers)")
    ]


def test_an_empty_list_may_be_a_404(sound):
    """In a sandbox that says so; in any other it is a call for something that does not exist."""
    nothing = request(operation="GetChannelTemplates", method="GET", status=404)
    header = sound.lines[0] | {"dialects": {"optimove.empty_result": "not_found"}}

    assert found(sound.plus(nothing)) == [("contract.requests", "bridge", "optimove GetChannelTemplates: refused")]
    assert found(Story((header, *sound.plus(nothing).lines[1:]))) == []
