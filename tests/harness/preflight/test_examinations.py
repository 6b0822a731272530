"""The doctor at real simulators: what is well, what is wrong, what cannot be known, and whose it is."""

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from preflight_helpers import changed, optimove, register, results, wrong
from sendproof_harness.handover.reader import parse_client
from sendproof_harness.preflight.checks import run_checks_before_run
from sendproof_harness.run.processes import free_port
from stand_in import serving, stand_in


def key_for(simulators, told, **scope):
    """The same handover with another key."""
    made = simulators.call("POST", f"/sandboxes/{told['sandbox']}/services/optimove/keys", scope)
    return changed(told, "services", "optimove", "credentials", "api_key", to=made["key"])


def test_what_a_run_hands_over_is_well(sandbox):
    """All but what nobody can know before a bridge runs."""
    found = results(sandbox())
    unknown = {about for about, result in found.items() if result.standing == "unknown"}
    assert unknown == {"numbers in PHONENUMBER", "listeners"}
    assert {result.standing for about, result in found.items() if about not in unknown} == {"ok"}
    assert {"address of optimove", "apptoken of xtremepush", "account_id and api_key of delivyr"} <= found.keys()


def test_it_depends_on_no_guess(simulators, sandbox):
    """Whatever a sandbox answers to an open question, what is well is not called wrong."""
    declared = simulators.call("GET", "/dialects")
    # Every answer is given once; as many questions at a time as still have one that was not.
    longest = max(len(one["options"]) for dialects in declared.values() for one in dialects)
    answers = [
        {
            f"{service}.{one['name']}": one["options"][place % len(one["options"])]["value"]
            for service, dialects in declared.items()
            for one in dialects
        }
        for place in range(longest)
    ]
    found = {str(dialect): wrong(sandbox(dialects=dialect)) for dialect in answers}
    assert {dialect: said for dialect, said in found.items() if said} == {}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (["services", "textlocal", "url"], "ftp://here", {"address of textlocal": "config"}),
        (["services", "textlocal", "credentials"], {"apikey": "x"}, {"apikey of textlocal": "config"}),
        (["services", "textlocal", "credentials"], {"user": "x"}, {"credentials of textlocal": "config"}),
        (["services", "xtremepush", "credentials", "apptoken"], "x", {"apptoken of xtremepush": "config"}),
        (["services", "delivyr", "credentials", "api_key"], "x", {"account_id and api_key of delivyr": "config"}),
        (["services", "optimove", "credentials", "api_key"], "x\ny", {"api_key of optimove": "config"}),
        (["channels", 0, "provider"], "carrier", {"provider of channel 505": "config"}),
        (["channels", 1, "id"], 505, {"id of channel 505": "config"}),
        (["attributes", "phone"], "MOBILE", {"attribute MOBILE": "config"}),
        (["attributes", "consent"], "MAY_SEND", {"attribute MAY_SEND": "config"}),
    ],
    ids=str,
)
def test_one_mistake_is_found(sandbox, path, value, expected):
    """And nothing else is called wrong for it."""
    assert wrong(changed(sandbox(), *path, to=value)) == expected


def test_a_wrong_key_is_told_by_the_key(sandbox):
    """What the key may do is then unknown, not wrong."""
    found = results(changed(sandbox(), "services", "optimove", "credentials", "api_key", to="not-this-one"))
    assert found["api_key of optimove"].standing == "wrong"
    assert found["scope of the key: AddChannelTemplates"].standing == "unknown"


def test_a_channel_that_optimove_does_not_have(sandbox):
    """It is neither there nor in the scope of the key."""
    found = wrong(changed(sandbox(), "channels", 0, "id", to=999))
    assert found == {"channel 999": "config", "scope of the key: channel 999": "config"}


def test_nobody_at_an_address(sandbox):
    """It may be a matter of the way there."""
    told = changed(sandbox(), "services", "xtremepush", "url", to=f"http://127.0.0.1:{free_port('127.0.0.1')}")
    found = results(told)
    assert (found["address of xtremepush"].blame, found["apptoken of xtremepush"].standing) == ("network", "unknown")


@pytest.mark.parametrize("service", ["optimove", "textlocal", "xtremepush", "delivyr"])
def test_somebody_else_at_an_address(sandbox, service):
    """A server that answers everybody alike is none of the services."""
    with stand_in() as other:
        found = results(changed(sandbox(), "services", service, "url", to=other.url))
    assert found[f"address of {service}"].standing == "wrong"
    assert "something else answers there" in found[f"address of {service}"].todo


def test_a_key_without_the_channel(simulators, sandbox):
    """The scope says so."""
    told = key_for(simulators, sandbox(), channels=[505, 600])
    assert wrong(told) == {"scope of the key: channel 452": "config"}


def test_a_key_without_the_attribute(simulators, sandbox):
    """It exists, and cannot be seen with this key."""
    assert wrong(key_for(simulators, sandbox(), attributes=["SMS_OPT_IN"])) == {"attribute PHONENUMBER": "config"}


def test_a_key_without_a_function(simulators, sandbox):
    """The one that is missing is named."""
    some = ["RegisterEventListener", "GetCustomerSendDetailsByChannel", "GetChannelTemplates"]
    assert wrong(key_for(simulators, sandbox(), functions=some)) == {"scope of the key: AddChannelTemplates": "config"}


def test_where_there_is_no_sandbox(sandbox):
    """A clock of another one is a mistake; none at all is another environment."""
    told = sandbox()
    assert wrong(changed(told, "clock_url", to=told["clock_url"].replace(told["sandbox"], "gone"))) == {
        "clock": "config"
    }
    assert "clock" not in results({key: value for key, value in told.items() if key != "clock_url"})


def test_numbers_of_a_customer(sandbox):
    """Another attribute than the phone's holds no numbers; a person's value is not shown."""
    told = sandbox(audience={"customers": 3}, dialects={"optimove.unlisted_functions": "allowed"})
    assert results(told, "C0000001")["numbers in PHONENUMBER"].got == "1 of 1 are usable"
    found = results(changed(told, "attributes", "phone", to="FIRST_NAME"), "C0000001")["numbers in FIRST_NAME"]
    assert found.standing == "wrong"
    assert "characters, 0 of them digits" in found.got


def test_numbers_of_a_campaign(simulators, sandbox):
    """Of the newest that went to one of the channels: as many are usable as the truth of the sandbox says."""
    told = sandbox(audience={"customers": 50, "unusable_numbers": 0.3})
    templates = [{"TemplateID": 1, "TemplateName": "Welcome"}]
    optimove(told, "POST", "integrations/AddChannelTemplates", params={"ChannelID": 505}, json=templates)
    plan = {
        "campaign": 7001,
        "channel": 505,
        "customers": 50,
        "announce_at": "2026-03-02T06:30:00Z",
        "splits": [{"share": 1.0, "template": "Welcome", "send_at": "2026-03-02T09:00:00Z"}],
    }
    simulators.call(
        "POST", f"/sandboxes/{told['sandbox']}/providers/textlocal/templates", [{"title": "Welcome", "body": "Hi"}]
    )
    simulators.call("POST", f"/sandboxes/{told['sandbox']}/campaigns", plan)
    simulators.call("POST", f"/sandboxes/{told['sandbox']}/clock/advance", {"to": "2026-03-02T08:00:00Z"})
    found = results(told)["numbers in PHONENUMBER"]
    unusable = [one for one in simulators.history(told["sandbox"]) if one.get("reason") == "unusable_number"]
    assert 0 < len(unusable) < 50
    assert (found.standing, found.got) == ("ok", f"{50 - len(unusable)} of 50 are usable")


def test_a_listener_that_answers(sandbox):
    """However it answers, unless it fails; the path of its address stays a secret."""
    told = sandbox()
    with stand_in() as bridge:
        register(told, f"{bridge.url}/secret/13")
        address = bridge.url.removeprefix("http://")
        assert results(told)[f"listener at {address}"].got == "status 405"
    found = results(told)[f"listener at {address}"]
    assert (found.standing, found.blame) == ("wrong", "network")
    assert "secret" not in str(found)


def test_a_listener_that_fails(sandbox):
    """Its bridge cannot take what it is sent."""
    told = sandbox()
    fails = Route("/13", lambda request: Response(status_code=503), methods=["OPTIONS"])
    with serving(Starlette(routes=[fails])) as bridge:
        register(told, f"{bridge}/13")
        assert wrong(told)[f"listener at {bridge.removeprefix('http://')}"] == "bridge"


def test_each_channel_has_its_listener(sandbox):
    """Event 13 for a scheduled one, 11 for a triggered one."""
    told = sandbox()
    with stand_in() as bridge:
        register(told, bridge.url, 13, 505)
        register(told, bridge.url, 13, 600)
        found = results(told)
    standings = {about: result.standing for about, result in found.items() if about.startswith("listener of")}
    assert standings == {
        "listener of channel 505": "ok",
        "listener of channel 600": "wrong",
        "listener of channel 452": "wrong",
    }


def test_the_address_of_the_bridge(sandbox):
    """It has to answer once a listener is registered there, and not before."""
    told = sandbox()
    with stand_in() as bridge:
        host, port = bridge.url.removeprefix("http://").split(":")
        told["listen"] = {"host": host, "port": int(port)}
        assert results(told)["address of the bridge"].standing == "ok"
    assert results(told)["address of the bridge"].standing == "unknown"
    register(told, f"{bridge.url}/13")
    assert wrong(told)["address of the bridge"] == "bridge"


def test_before_a_run_a_name_that_nobody_has_is_wrong():
    """A run that cannot work does not start; that nothing listens yet holds it up no more than it would a person."""
    told = {
        "services": {"optimove": {"url": "nowhere"}},
        "channels": [{"id": 505, "provider": "optimove"}],
        "attributes": {"phone": "PHONENUMBER"},
        "country": "GB",
        "listen": {"host": "no..host", "port": 9000},
    }
    found = {result.about: result.standing for result in run_checks_before_run(parse_client(told, "told"))}
    assert (found["address of the bridge"], found["address of optimove"]) == ("wrong", "wrong")
    assert found["scope of the key: UpdateCampaignMetrics"] == "unknown"


def test_examinations_are_not_the_bridges_calls(simulators, sandbox):
    """They are recorded apart, leave no stranger behind, and count against no rate limit."""
    told = sandbox()
    before = simulators.call("GET", "/unauthenticated-requests")
    for _ in range(10):
        results(told)
    for _ in range(50):
        optimove(told, "GET", "general/GetLastDataUpdate")
    kinds = [line["kind"] for line in simulators.history(told["sandbox"])]
    assert (kinds.count("request"), kinds.count("preflight") > 50) == (50, True)
    assert simulators.call("GET", "/unauthenticated-requests") == before


def test_what_changes_something_is_no_examination(simulators, sandbox):
    """Whoever sends the doctor's header with it: it is recorded as any other call."""
    told = sandbox()
    body = {"EventTypeID": 13, "ListenerURL": "http://127.0.0.1:9/", "ChannelID": 505}
    optimove(told, "POST", "general/RegisterEventListener", {"Sendproof-Preflight": "1"}, json=body)
    kinds = [line["kind"] for line in simulators.history(told["sandbox"])]
    assert ("request" in kinds, "preflight" in kinds) == (True, False)
