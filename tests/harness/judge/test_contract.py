"""Calls that break the contract, show no credential, come too fast or carry too much."""

from history_builder import HistoryBuilder, Line
from sendproof_harness.judge.checks import contract, credentials, request_limits

CHECKS = (*contract.CHECKS, *credentials.CHECKS, *request_limits.CHECKS)
START_TEXT = "2026-03-02T06:00:00.000Z"


def found(run: HistoryBuilder) -> list[tuple[str, str, str]]:
    """What was found, in short."""
    return [(some.check, some.blame, some.cause) for some in run.findings(CHECKS)]


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


def test_sound(correct_run):
    """Four calls, all as documented."""
    assert found(correct_run) == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [4, 4, 4, 1]


def test_broken_rules_are_grouped(correct_run):
    """The same rule broken by many items of a body is one cause."""
    broken = request(status=400, violations=[violation(f"body.{item}.TemplateID", "type") for item in range(3)])

    assert (
        found(correct_run.plus(broken))
        == [("contract.requests", "bridge", "optimove AddChannelTemplates: body.*.TemplateID violates type")] * 3
    )


def test_unknown_address(correct_run):
    """A path that no service knows is a call that is not documented."""
    run = correct_run.plus(request(operation=None, path="/current/nothing", status=404))

    assert found(run) == [("contract.requests", "bridge", "optimove POST /current/nothing: unknown address")]


def test_unknown_addresses_of_many_customers_are_one_cause(correct_run):
    """Ids in an address say whom a call was about, not what is wrong with it; a version is no id."""
    paths = [f"/v2/customers/C{index:07d}/Attributes" for index in range(3)]
    run = correct_run.plus(*(request(operation=None, path=path, status=404) for path in paths))

    assert {cause for _, _, cause in found(run)} == {"optimove POST /v2/customers/*/Attributes: unknown address"}


def test_refused_says_what_was_answered(correct_run):
    """Nobody should have to make the call again to see why it was refused."""
    (finding,) = correct_run.plus(request(status=400, response_excerpt='"ChannelID 9 is not known"')).findings(CHECKS)

    assert finding.got == 'POST /x got status 400: "ChannelID 9 is not known"'


def test_refused(correct_run):
    """A call that fits the contract and is refused all the same, such as for an unknown campaign."""
    assert found(correct_run.plus(request(status=404))) == [
        ("contract.requests", "bridge", "optimove AddChannelTemplates: rejected")
    ]


def test_no_credential(correct_run):
    """A missing credential is a matter of configuration, and found once."""
    assert found(correct_run.plus(request(status=401, credential="missing"))) == [
        ("contract.credentials", "config", "optimove AddChannelTemplates: no credential")
    ]


def test_wrong_credential(correct_run):
    """A credential that nobody was given is found as such."""
    assert found(correct_run.plus(request(status=403, credential="unknown"))) == [
        ("contract.credentials", "config", "optimove AddChannelTemplates: an invalid credential")
    ]


def test_too_fast(correct_run):
    """A call beyond the rate limit belongs to the rate, not to the contract."""
    assert found(correct_run.plus(request(status=429))) == [
        ("contract.rate", "bridge", "optimove AddChannelTemplates: above the rate limit")
    ]


def test_too_many_items(correct_run):
    """A body with more items than permitted belongs to the batches."""
    assert found(correct_run.plus(request(status=400, violations=[violation("body", "maxItems")]))) == [
        ("contract.batches", "bridge", "optimove AddChannelTemplates: body violates maxItems, a batch above the limit")
    ]


def test_simulator_broke(correct_run):
    """A 500 of a simulator is not the bridge's doing, and makes the whole verdict an error."""
    run = correct_run.plus(request(status=500))

    assert found(run) == [("contract.requests", "harness", "optimove AddChannelTemplates: the simulator failed")]
    assert run.verdict().status == "error"


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


def test_a_key_that_was_disabled_is_tried_again(correct_run):
    """The bridge cannot know when it will be good again, and asks now and then."""
    tries = [request(status=401, at=f"2026-03-02T{hour:02}:01:00.000Z") for hour in (6, 7, 9)]

    assert found(correct_run.plus(key("disabled", START_TEXT, START_TEXT), *tries)) == []


def test_a_key_that_is_refused_is_not_hammered(correct_run):
    """Twenty tries in ten minutes are no asking now and then."""
    tries = [request(n=900 + index, status=401) for index in range(21)]

    assert found(correct_run.plus(key("disabled", START_TEXT, START_TEXT), *tries)) == [
        ("contract.credentials", "bridge", "optimove AddChannelTemplates: a rejected key is tried without a pause")
    ]


def test_the_old_key_long_after_it_ended(correct_run):
    """The new one was not put in, although there was an hour for that."""
    run = correct_run.plus(key("rotated", START_TEXT, START_TEXT), request(status=401, at="2026-03-02T07:01:00.000Z"))

    (_, blame, cause), *rest = found(run)
    assert (blame, "the old key, long after it was rotated: 'bridge' ended" in cause, rest) == ("config", True, [])


def test_a_key_that_was_enabled_again_is_no_excuse(correct_run):
    """Whatever is refused then is refused for another reason."""
    keys = key("disabled", START_TEXT, START_TEXT), key("enabled", START_TEXT)

    assert found(correct_run.plus(*keys, request(status=401))) == [
        ("contract.credentials", "config", "optimove AddChannelTemplates: an invalid credential")
    ]


def test_a_batch_of_numbers_over_the_limit(correct_run):
    """A provider that refuses it as a whole says so of every number, and it is one finding."""
    refused = {"n": 901, "at": START_TEXT, "kind": "rejection", "service": "textlocal", "number": "447100000001",
               "text": "x", "code": 33, "reason": "Too many numbers"}  # fmt: skip
    run = correct_run.plus(*(refused | {"n": 901 + index} for index in range(3)))

    assert found(run) == [
        ("contract.batches", "bridge", "textlocal: a batch above the limit, rejected as a whole (33 Too many numbers)")
    ]


def test_an_empty_list_may_be_a_404(correct_run):
    """In a sandbox that says so; in any other it is a call for something that does not exist."""
    nothing = request(operation="GetChannelTemplates", method="GET", status=404)
    header = correct_run.lines[0] | {"dialects": {"optimove.empty_result": "not_found"}}

    assert found(correct_run.plus(nothing)) == [
        ("contract.requests", "bridge", "optimove GetChannelTemplates: rejected")
    ]
    assert found(HistoryBuilder((header, *correct_run.plus(nothing).lines[1:]))) == []
