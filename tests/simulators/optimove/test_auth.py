import pytest

from optimove_over_http import Client, Sandbox
from running import RunningSimulators

LISTENERS = "/current/general/GetRegisteredEventListeners"
TEMPLATES = "/current/integrations/GetChannelTemplates?ChannelID={}"
LOGIN = "/current/general/login"
MINUTE = 60_000
CHANNELS = [{"id": 505, "provider": "textlocal"}, {"id": 506, "provider": "textlocal"}]


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> Sandbox:
    """A fresh one with two channels."""
    return Sandbox(simulators, channels=CHANNELS)


def log_in(sandbox: Sandbox, password: str | None = None, url: str = LOGIN) -> tuple[int, str]:
    """Ask for a token."""
    known = sandbox.optimove["credentials"]
    body = {"Username": known["username"], "Password": password or known["password"]}
    reply = Client(sandbox.optimove["url"]).call("POST", url, json=body)
    return reply.status_code, reply.text


def with_token(sandbox: Sandbox, token: str) -> Client:
    """A bridge of old."""
    return Client(sandbox.optimove["url"], {"Authorization-Token": token.strip('"')})


@pytest.mark.parametrize(
    ("access", "listeners", "channels"), [("Admin", 200, 200), ("Integrations", 200, 403), ("Transactional", 403, 403)]
)
def test_a_key_may_call_what_its_access_type_allows(
    sandbox: Sandbox, access: str, listeners: int, channels: int
) -> None:
    """GetExecutionChannels is not on the list for third parties."""
    client = sandbox.client(sandbox.create_key(access=access)["key"])
    assert client.call("GET", LISTENERS).status_code == listeners
    assert client.call("GET", "/current/actions/GetExecutionChannels").status_code == channels


def test_a_key_may_be_made_for_single_functions(sandbox: Sandbox) -> None:
    """Whatever its access type would allow."""
    client = sandbox.client(sandbox.create_key(functions=["GetExecutionChannels"])["key"])
    assert client.call("GET", "/actions/GetExecutionChannels").status_code == 200
    refused = client.call("GET", LISTENERS)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "text/plain; charset=utf-8")


def test_a_key_reaches_its_channels_only(sandbox: Sandbox) -> None:
    """In a query and in a body, of which nothing is then done."""
    client = sandbox.client(sandbox.create_key(channels=[505])["key"])
    assert [client.call("GET", TEMPLATES.format(channel)).status_code for channel in (505, 506)] == [200, 403]
    gone = [{"ChannelID": 505, "TemplateID": 1}, {"ChannelID": 506, "TemplateID": 1}]
    client.call(
        "POST", "/integrations/AddChannelTemplates?ChannelID=505", json=[{"TemplateID": 1, "TemplateName": "A"}]
    )
    assert client.call("POST", "/integrations/DeleteChannelTemplates", json=gone).status_code == 403
    assert len(client.call("GET", TEMPLATES.format(505)).json()) == 1


def test_a_key_sees_its_attributes_only(sandbox: Sandbox) -> None:
    """In any case of letters; an Admin key sees them all."""
    client = sandbox.client(sandbox.create_key(access="Admin", attributes=["phonenumber"])["key"])
    listed = client.call("GET", "/model/GetCustomerAttributeList").json()
    assert [one["RealFieldName"] for one in listed] == ["PHONENUMBER"]
    assert len(sandbox.admin().call("GET", "/model/GetCustomerAttributeList").json()) > 5


def test_a_key_can_be_asked_about_itself(sandbox: Sandbox) -> None:
    """What it is called, and what it may do."""
    key = sandbox.create_key(name="second", channels=[506], attributes=["EMAIL"], functions=["GetPromotions"])
    assert sandbox.client(key["key"]).call("GET", "/apikey/ApiKeyInfo").json() == {
        "Nickname": "second", "AccessType": "Integrations", "IsActive": True, "Channels": [506],
        "CustomerAttributes": ["EMAIL"], "Functions": ["GetPromotions"],
    }  # fmt: skip


def test_a_key_that_is_disabled_opens_nothing(sandbox: Sandbox) -> None:
    """From the instant on; the judge sees that it was shown."""
    client = sandbox.client()
    sandbox.control("PATCH", "/services/optimove/keys/bridge", {"enabled": False, "at": "2026-03-02T06:00:01Z"})
    assert client.call("GET", LISTENERS).status_code == 200
    sandbox.wait(1_000)
    assert (client.call("GET", LISTENERS).status_code, client.call("GET", LISTENERS).text) == (401, '"Unauthorized"')
    sandbox.control("PATCH", "/services/optimove/keys/bridge", {"enabled": True})
    assert client.call("GET", LISTENERS).status_code == 200
    assert [line["credential"] for line in sandbox.journal("request")] == ["known", "refused", "refused", "known"]


def test_the_history_names_the_key_that_was_shown_and_never_its_value(sandbox: Sandbox) -> None:
    """As the bridge was given it, or as it was made."""
    second = sandbox.create_key(name="second")["key"]
    for client in (sandbox.client(), sandbox.admin(), sandbox.client(second)):
        client.call("GET", LISTENERS)
    shown = sandbox.journal("request")
    assert [line["credential_name"] for line in shown] == ["api_key", "admin_key", "second"]
    assert second not in str(shown)


def test_a_call_that_is_refused_before_it_is_read_has_its_name_and_its_answer(sandbox: Sandbox) -> None:
    """So that whoever judges it need not tell customers apart to see that all are one call."""
    sandbox.control("PATCH", "/services/optimove/keys/bridge", {"enabled": False})
    sandbox.client().call("GET", "/current/customers/C0000001/Attributes")
    (line,) = sandbox.journal("request")
    assert (line["operation"], line["status"], line["response_excerpt"]) == (
        "GetCustomerAttributes",
        401,
        '"Unauthorized"',
    )


def test_a_rotated_key_is_good_for_a_while(sandbox: Sandbox) -> None:
    """The new value at once, the old one until the instant that was named."""
    new = sandbox.control("PATCH", "/services/optimove/keys/bridge", {"rotate": True, "at": "2026-03-02T06:00:01Z"})
    both = [sandbox.client(), sandbox.client(new["key"])]
    assert [client.call("GET", LISTENERS).status_code for client in both] == [200, 200]
    sandbox.wait(1_000)
    assert [client.call("GET", LISTENERS).status_code for client in both] == [401, 200]
    assert [line["action"] for line in sandbox.journal("key")] == ["rotated"]


def test_each_client_has_a_key_and_a_host(sandbox: Sandbox) -> None:
    """A key is good at its client's host, or where no host is named."""
    key = sandbox.create_key(client="acme")
    number = int(key["host"].removeprefix("api").partition(".")[0])
    hosts = [f"/api{number}", f"/api{number % 9 + 1}", ""]
    assert [sandbox.client(key["key"], host).call("GET", LISTENERS).status_code for host in hosts] == [200, 401, 200]


def test_the_limit_is_counted_for_each_key(sandbox: Sandbox) -> None:
    """50 requests with one, then the first with another."""
    first, second = sandbox.client(), sandbox.admin()
    assert {first.call("GET", LISTENERS).status_code for _ in range(50)} == {200}
    assert (first.call("GET", LISTENERS).status_code, second.call("GET", LISTENERS).status_code) == (429, 200)
    sandbox.wait(9_999)
    assert first.call("GET", LISTENERS).status_code == 429
    sandbox.wait(1)
    assert first.call("GET", LISTENERS).status_code == 200


def test_a_token_is_quoted_and_opens_what_the_key_does(sandbox: Sandbox) -> None:
    """A JSON string of some hundred characters; it goes back without its quotes."""
    status, token = log_in(sandbox)
    assert (status, token[0], token[-1]) == (200, '"', '"')
    assert len(token) > 300
    client = with_token(sandbox, token)
    assert client.call("GET", LISTENERS).status_code == 200
    assert client.call("GET", "/actions/GetExecutionChannels").status_code == 403


def test_a_token_lives_20_minutes_after_its_last_use(sandbox: Sandbox) -> None:
    """A millisecond before it has expired it lives on; then 403 says so in plain text, and a login helps."""
    client = with_token(sandbox, log_in(sandbox)[1])
    for _ in range(2):
        sandbox.wait(20 * MINUTE - 1)
        assert client.call("GET", LISTENERS).status_code == 200
    sandbox.wait(20 * MINUTE)
    expired = client.call("GET", LISTENERS)
    assert (expired.status_code, expired.text) == (403, "Authorization-Token Expired")
    assert with_token(sandbox, log_in(sandbox)[1]).call("GET", LISTENERS).status_code == 200


def test_a_login_while_the_token_lives_is_one_too_many(sandbox: Sandbox) -> None:
    """429, and the token that was given out stays good."""
    token = log_in(sandbox)[1]
    assert log_in(sandbox)[0] == 429
    assert with_token(sandbox, token).call("GET", LISTENERS).status_code == 200


@pytest.mark.parametrize(("answer", "status"), [("401", 401), ("500", 500)])
def test_a_wrong_password_gets_no_token(simulators: RunningSimulators, answer: str, status: int) -> None:
    """What is answered is an open question; older documents say 500."""
    sandbox = Sandbox(simulators, dialects={"optimove.login_failure": answer})
    assert log_in(sandbox, "guessed")[0] == status


def test_the_login_of_2015_is_a_get(sandbox: Sandbox) -> None:
    """With user and password in the query."""
    known = {name: sandbox.optimove["credentials"][name] for name in ("username", "password")}
    assert Client(sandbox.optimove["url"]).call("GET", LOGIN, params=known).status_code == 200


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "e30.e30.e30", "e30.bnVsbA.x", "", "e30.eyJzdWIiOlsxXX0.x"])
def test_a_made_up_token_opens_nothing(sandbox: Sandbox, token: str) -> None:
    """However it is put together."""
    assert with_token(sandbox, token).call("GET", LISTENERS).status_code == 401


@pytest.mark.parametrize(
    "wanted", [{"access": "King"}, {"channels": ["x"]}, {"colour": "red"}, {"name": "bridge"}, {"name": "a b"}]
)
def test_a_key_that_cannot_be_is_refused(sandbox: Sandbox, wanted: dict[str, object]) -> None:
    """With the reason."""
    with pytest.raises(AssertionError, match="400"):
        sandbox.control("POST", "/services/optimove/keys", wanted)
