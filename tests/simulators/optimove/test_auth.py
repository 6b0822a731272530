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
    """Return a new sandbox with two channels."""
    return Sandbox(simulators, channels=CHANNELS)


@pytest.fixture
def old_sandbox(simulators: RunningSimulators) -> Sandbox:
    """Return a sandbox of the days when Optimove accepted logins."""
    return Sandbox(simulators, channels=CHANNELS, dialects={"optimove.password_login": "accepted"})


def log_in(
    sandbox: Sandbox, password: str | None = None, url: str = LOGIN, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """Return status and text of a login."""
    credentials = sandbox.optimove["credentials"]
    body = {"Username": credentials["username"], "Password": password or credentials["password"]}
    response = Client(sandbox.optimove["url"], headers or {}).call("POST", url, json=body)
    return response.status_code, response.text


def client_with_token(sandbox: Sandbox, token: str) -> Client:
    """Return a client with the legacy login."""
    return Client(sandbox.optimove["url"], {"Authorization-Token": token.strip('"')})


@pytest.mark.parametrize(
    ("access", "listeners", "channels"), [("Admin", 200, 200), ("Integrations", 200, 403), ("Transactional", 403, 403)]
)
def test_access_type_limits_functions(sandbox: Sandbox, access: str, listeners: int, channels: int) -> None:
    """GetExecutionChannels is not on the list for third parties."""
    client = sandbox.client(sandbox.create_key(access=access)["key"])
    assert client.call("GET", LISTENERS).status_code == listeners
    assert client.call("GET", "/current/actions/GetExecutionChannels").status_code == channels


def test_key_scoped_to_functions_may_call_only_these(sandbox: Sandbox) -> None:
    """The scope of functions replaces the rights of the access type."""
    client = sandbox.client(sandbox.create_key(functions=["GetExecutionChannels"])["key"])
    assert client.call("GET", "/actions/GetExecutionChannels").status_code == 200
    refused = client.call("GET", LISTENERS)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "text/plain; charset=utf-8")


def test_channel_outside_scope_is_forbidden_in_query_and_body(sandbox: Sandbox) -> None:
    """A refused call must not change anything."""
    client = sandbox.client(sandbox.create_key(channels=[505])["key"])
    assert [client.call("GET", TEMPLATES.format(channel)).status_code for channel in (505, 506)] == [200, 403]
    templates = [{"ChannelID": 505, "TemplateID": 1}, {"ChannelID": 506, "TemplateID": 1}]
    client.call(
        "POST", "/integrations/AddChannelTemplates?ChannelID=505", json=[{"TemplateID": 1, "TemplateName": "A"}]
    )
    assert client.call("POST", "/integrations/DeleteChannelTemplates", json=templates).status_code == 403
    assert len(client.call("GET", TEMPLATES.format(505)).json()) == 1


def test_attributes_outside_scope_are_not_listed(sandbox: Sandbox) -> None:
    """Names of attributes match in any case. An Admin key without scope sees all."""
    client = sandbox.client(sandbox.create_key(access="Admin", attributes=["phonenumber"])["key"])
    listed = client.call("GET", "/model/GetCustomerAttributeList").json()
    assert [attribute["RealFieldName"] for attribute in listed] == ["PHONENUMBER"]
    assert len(sandbox.admin().call("GET", "/model/GetCustomerAttributeList").json()) > 5


def test_journal_names_the_requested_attributes_outside_scope(sandbox: Sandbox) -> None:
    """An attribute that does not exist has no such entry: only the client can widen a scope."""
    client = sandbox.client(sandbox.create_key(access="Admin", attributes=["phonenumber"])["key"])
    path = "/customers/GetCustomerAttributeChangers?ChangedCustomerAttributes="
    assert [client.call("GET", path + names).status_code for names in ("city", "SHOE_SIZE")] == [404, 404]
    summaries = [line.get("summary") for line in sandbox.journal("request") if line["status"] == 404]
    assert summaries == [{"outside_scope": ["CITY"]}, None]


def test_api_key_info_returns_name_and_scopes(sandbox: Sandbox) -> None:
    key = sandbox.create_key(name="second", channels=[506], attributes=["EMAIL"], functions=["GetPromotions"])
    assert sandbox.client(key["key"]).call("GET", "/apikey/ApiKeyInfo").json() == {
        "Nickname": "second", "AccessType": "Integrations", "IsActive": True, "Channels": [506],
        "CustomerAttributes": ["EMAIL"], "Functions": ["GetPromotions"],
    }  # fmt: skip


def test_disabled_key_is_unauthorized_from_its_instant(sandbox: Sandbox) -> None:
    """The judge has to see that the bridge presented the disabled key."""
    client = sandbox.client()
    sandbox.control("PATCH", "/services/optimove/keys/bridge", {"enabled": False, "at": "2026-03-02T06:00:01Z"})
    assert client.call("GET", LISTENERS).status_code == 200
    sandbox.wait(1_000)
    assert (client.call("GET", LISTENERS).status_code, client.call("GET", LISTENERS).text) == (401, '"Unauthorized"')
    sandbox.control("PATCH", "/services/optimove/keys/bridge", {"enabled": True})
    assert client.call("GET", LISTENERS).status_code == 200
    assert [line["credential"] for line in sandbox.journal("request")] == ["known", "refused", "refused", "known"]


def test_history_records_key_name_but_not_value(sandbox: Sandbox) -> None:
    second = sandbox.create_key(name="second")["key"]
    for client in (sandbox.client(), sandbox.admin(), sandbox.client(second)):
        client.call("GET", LISTENERS)
    requests = sandbox.journal("request")
    assert [line["credential_name"] for line in requests] == ["api_key", "admin_key", "second"]
    assert second not in str(requests)


def test_unauthorized_call_is_recorded_with_operation_and_response(sandbox: Sandbox) -> None:
    """The judge can then group such calls without knowing that paths contain customer ids."""
    sandbox.control("PATCH", "/services/optimove/keys/bridge", {"enabled": False})
    sandbox.client().call("GET", "/current/customers/C0000001/Attributes")
    (line,) = sandbox.journal("request")
    assert (line["operation"], line["status"], line["response_excerpt"]) == (
        "GetCustomerAttributes",
        401,
        '"Unauthorized"',
    )


def test_rotated_key_keeps_old_value_until_its_instant(sandbox: Sandbox) -> None:
    new = sandbox.control("PATCH", "/services/optimove/keys/bridge", {"rotate": True, "at": "2026-03-02T06:00:01Z"})
    clients = [sandbox.client(), sandbox.client(new["key"])]
    assert [client.call("GET", LISTENERS).status_code for client in clients] == [200, 200]
    sandbox.wait(1_000)
    assert [client.call("GET", LISTENERS).status_code for client in clients] == [401, 200]
    assert [line["action"] for line in sandbox.journal("key")] == ["rotated"]


def test_key_is_valid_only_on_its_clients_host(sandbox: Sandbox) -> None:
    """A URL without a host number is valid for all keys."""
    key = sandbox.create_key(client="acme")
    number = int(key["host"].removeprefix("api").partition(".")[0])
    hosts = [f"/api{number}", f"/api{number % 9 + 1}", ""]
    assert [sandbox.client(key["key"], host).call("GET", LISTENERS).status_code for host in hosts] == [200, 401, 200]


def test_rate_limit_is_counted_per_key(sandbox: Sandbox) -> None:
    first, second = sandbox.client(), sandbox.admin()
    assert {first.call("GET", LISTENERS).status_code for _ in range(50)} == {200}
    assert (first.call("GET", LISTENERS).status_code, second.call("GET", LISTENERS).status_code) == (429, 200)
    sandbox.wait(9_999)
    assert first.call("GET", LISTENERS).status_code == 429
    sandbox.wait(1)
    assert first.call("GET", LISTENERS).status_code == 200


def test_login_is_refused_since_february_2024(sandbox: Sandbox) -> None:
    """Documented. The right password does not help."""
    status, text = log_in(sandbox)
    assert (status, text != "") == (401, True)


def test_token_is_quoted_and_has_the_rights_of_its_key(old_sandbox: Sandbox) -> None:
    """Clients remove the quotes of the JSON string, which has some hundred characters."""
    status, token = log_in(old_sandbox)
    assert (status, token[0], token[-1]) == (200, '"', '"')
    assert len(token) > 300
    client = client_with_token(old_sandbox, token)
    assert client.call("GET", LISTENERS).status_code == 200
    assert client.call("GET", "/actions/GetExecutionChannels").status_code == 403


def test_token_expires_20_minutes_after_its_last_use(old_sandbox: Sandbox) -> None:
    """The response to an expired token is plain text, and a new login is then possible."""
    client = client_with_token(old_sandbox, log_in(old_sandbox)[1])
    for _ in range(2):
        old_sandbox.wait(20 * MINUTE - 1)
        assert client.call("GET", LISTENERS).status_code == 200
    old_sandbox.wait(20 * MINUTE)
    expired = client.call("GET", LISTENERS)
    assert (expired.status_code, expired.text) == (403, "Authorization-Token Expired")
    assert client_with_token(old_sandbox, log_in(old_sandbox)[1]).call("GET", LISTENERS).status_code == 200


def test_login_with_valid_token_is_rate_limited(old_sandbox: Sandbox) -> None:
    """The previous token stays valid."""
    token = log_in(old_sandbox)[1]
    assert log_in(old_sandbox)[0] == 429
    assert client_with_token(old_sandbox, token).call("GET", LISTENERS).status_code == 200


@pytest.mark.parametrize("header", ["Authorization-Token", "X-API-KEY"])
@pytest.mark.parametrize("value", ["", "nonsense", "e30.e30.e30", "null"])
def test_login_ignores_credentials_in_headers(old_sandbox: Sandbox, header: str, value: str) -> None:
    """A client sends the headers of its last session, or empty ones in its first."""
    assert log_in(old_sandbox, headers={header: value})[0] == 200


def test_login_may_be_a_form(old_sandbox: Sandbox) -> None:
    """A mock beside the live service reads both, in lower case."""
    form = {name: old_sandbox.optimove["credentials"][name] for name in ("username", "password")}
    client = Client(old_sandbox.optimove["url"])
    assert client.call("POST", LOGIN, data=form).status_code == 200
    assert client.call("POST", LOGIN, data=form | {"password": "%"}).status_code == 401
    assert client.call("POST", LOGIN, data={"username": form["username"]}).status_code == 400


def test_expired_token_does_not_hinder_the_next_login(old_sandbox: Sandbox) -> None:
    token = log_in(old_sandbox)[1].strip('"')
    old_sandbox.wait(20 * MINUTE)
    assert client_with_token(old_sandbox, token).call("GET", LISTENERS).status_code == 403
    status, token = log_in(old_sandbox, headers={"Authorization-Token": token})
    assert (status, client_with_token(old_sandbox, token).call("GET", LISTENERS).status_code) == (200, 200)


def test_empty_key_beside_a_token_is_no_key(old_sandbox: Sandbox) -> None:
    token = log_in(old_sandbox)[1].strip('"')
    headers = {"X-API-KEY": "", "Authorization-Token": token}
    assert Client(old_sandbox.optimove["url"], headers).call("GET", LISTENERS).status_code == 200


@pytest.mark.parametrize(("option", "status"), [("401", 401), ("500", 500)])
def test_wrong_password_gets_status_of_dialect(simulators: RunningSimulators, option: str, status: int) -> None:
    """Older documents say 500."""
    sandbox = Sandbox(simulators, dialects={"optimove.login_failure": option, "optimove.password_login": "accepted"})
    assert log_in(sandbox, "guessed")[0] == status


def test_login_by_query_is_accepted(old_sandbox: Sandbox) -> None:
    """Clients of 2015 sent the user name and password in the query of a GET."""
    query = {name: old_sandbox.optimove["credentials"][name] for name in ("username", "password")}
    assert Client(old_sandbox.optimove["url"]).call("GET", LOGIN, params=query).status_code == 200


@pytest.mark.parametrize(("access", "status"), [("Admin", 200), ("Integrations", 403), ("Transactional", 403)])
def test_login_has_the_access_type_that_the_sandbox_gives_it(
    simulators: RunningSimulators, access: str, status: int
) -> None:
    """The key for a bridge keeps its own."""
    dialects = {"optimove.password_login": "accepted"}
    sandbox = Sandbox(simulators, dialects=dialects, keys={"login": {"access": access}})
    client = client_with_token(sandbox, log_in(sandbox)[1])
    assert client.call("GET", "/actions/GetExecutionChannels").status_code == status
    assert sandbox.client().call("GET", "/actions/GetExecutionChannels").status_code == 403


def test_access_type_of_a_login_can_be_changed(old_sandbox: Sandbox) -> None:
    client = client_with_token(old_sandbox, log_in(old_sandbox)[1])
    changed = old_sandbox.control("PATCH", "/services/optimove/keys/login", {"access": "Admin"})
    assert (changed["name"], changed["access"], "key" in changed) == ("login", "Admin", False)
    assert client.call("GET", "/actions/GetExecutionChannels").status_code == 200
    listed = {key["name"]: key["access"] for key in old_sandbox.control("GET", "/services/optimove/keys")}
    assert listed == {"bridge": "Integrations", "admin": "Admin", "login": "Admin"}
    assert [line["action"] for line in old_sandbox.journal("key")] == ["changed"]


def test_key_for_a_bridge_has_the_rights_that_the_sandbox_gives_it(simulators: RunningSimulators) -> None:
    sandbox = Sandbox(simulators, keys={"bridge": {"access": "Transactional"}})
    assert sandbox.client().call("GET", LISTENERS).status_code == 403
    assert sandbox.client().call("GET", "/apikey/ApiKeyInfo").json()["Functions"] == []


@pytest.mark.parametrize(("option", "status"), [("allowed", 200), ("refused", 403)])
def test_key_for_integrations_looks_up_a_customer(simulators: RunningSimulators, option: str, status: int) -> None:
    """A vendor's guide does so, to show the attributes in the scope of the key."""
    sandbox = Sandbox(simulators, dialects={"optimove.customer_look_up": option})
    client = sandbox.client(sandbox.create_key(attributes=["PHONENUMBER", "CITY"])["key"])
    response = client.call("GET", "/Customers/C0000001/Attributes")
    assert response.status_code == status
    if status == 200:
        assert {row["RealFieldName"] for row in response.json()} == {"PHONENUMBER", "CITY"}
        (line,) = sandbox.journal("request")
        assert "FIRST_NAME" in line["summary"]["outside_scope"]


@pytest.mark.parametrize(("day", "status"), [("2024-01-31T23:59:59Z", 200), ("2024-02-01T00:00:00Z", 401)])
def test_logins_end_in_february_2024_of_the_sandbox(simulators: RunningSimulators, day: str, status: int) -> None:
    sandbox = Sandbox(simulators, clock={"mode": "virtual", "start": day})
    assert log_in(sandbox)[0] == status


def test_token_ends_with_the_logins(simulators: RunningSimulators) -> None:
    sandbox = Sandbox(simulators, clock={"mode": "virtual", "start": "2024-01-31T23:59:59Z"})
    client = client_with_token(sandbox, log_in(sandbox)[1])
    assert client.call("GET", LISTENERS).status_code == 200
    sandbox.wait(1_000)
    assert (client.call("GET", LISTENERS).status_code, sandbox.client().call("GET", LISTENERS).status_code) == (
        401,
        200,
    )


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "400"),
        ({"access": "King"}, "400"),
        ({"access": "Admin", "enabled": True}, "400"),
        ({"rotate": True}, "409"),
    ],
)
def test_impossible_change_of_a_login_is_refused(sandbox: Sandbox, change: dict[str, object], status: str) -> None:
    with pytest.raises(AssertionError, match=status):
        sandbox.control("PATCH", "/services/optimove/keys/login", change)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "e30.e30.e30", "e30.bnVsbA.x", "", "e30.eyJzdWIiOlsxXX0.x"])
def test_invalid_token_is_unauthorized(sandbox: Sandbox, token: str) -> None:
    assert client_with_token(sandbox, token).call("GET", LISTENERS).status_code == 401


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        *[(fields, "400") for fields in ({"access": "King"}, {"channels": ["x"]}, {"colour": "red"}, {"name": "a b"})],
        ({"name": "bridge"}, "409"),
        ({"name": "login"}, "409"),
    ],
)
def test_impossible_key_is_refused(sandbox: Sandbox, fields: dict[str, object], status: str) -> None:
    with pytest.raises(AssertionError, match=status):
        sandbox.control("POST", "/services/optimove/keys", fields)
