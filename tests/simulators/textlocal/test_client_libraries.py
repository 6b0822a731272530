"""Calls as client libraries of the real service make them, over real HTTP."""

from urllib.parse import quote

import pytest
import requests

from running import RunningSimulators

KEY = "sendproof-textlocal-key"
BOB = "447700900123"
TEXT = "50% off & more, Zoë: 1+1"


@pytest.fixture(scope="module")
def url(simulators: RunningSimulators) -> str:
    """Return the base URL of Textlocal."""
    return str(simulators.services["textlocal"]["url"])


@pytest.fixture
def php(url):
    """Return calls like the vendor's own class: a multipart form with empty fields (observed: scottybo/textlocal)."""

    def send_request(command, **fields):
        parts = {**fields, "apiKey": KEY, "username": "", "hash": ""}
        files = {name: (None, value) for name, value in parts.items()}
        return requests.post(f"{url}/{command}/", files=files, timeout=60).json()

    return send_request


@pytest.fixture
def pro(url):
    """Return calls like textlocal-pro 0.2.9 from PyPI: an urlencoded form with `apikey` in it."""

    def send_http_request(command, **params):
        return requests.post(f"{url}/{command}/", data={"apikey": KEY, **params}, timeout=60).json()

    return send_http_request


def test_vendor_class_can_send(php):
    """Its `sendSms` encodes text and sender once more, and sends empty values for absent options."""
    result = php(
        "send", message=quote(TEXT), sender=quote("Jims Autos"), numbers=BOB, schedule_time="", test="",
        receipt_url="", custom="", optouts="", simple_reply="",
    )  # fmt: skip
    assert (result["message"]["content"], result["message"]["sender"]) == (TEXT, "Jims Autos")


def test_vendor_class_without_curl_can_send(url):
    """It then sends an urlencoded form, percent-encoded twice."""
    form = {"apiKey": KEY, "message": quote(TEXT), "sender": quote("Jims Autos"), "numbers": BOB}
    result = requests.post(f"{url}/send/", data=form, timeout=60).json()
    assert (result["message"]["content"], result["message"]["sender"]) == (TEXT, "Jims Autos")


def test_vendor_class_can_fill_groups(php):
    """Its `createContactsBulk` encodes the JSON once more, too."""
    group = php("create_group", name="Friends")["group"]["id"]
    contacts = quote('[{"number":"447700900123","first_name":"Zoë"}]')
    assert php("create_contacts_bulk", group_id=str(group), contacts=contacts)["contacts"][0]["first_name"] == "Zoë"
    assert php("get_contacts", group_id=str(group), start="0", limit="")["num_contacts"] == 1


@pytest.mark.parametrize(
    "command",
    ["get_templates", "get_groups", "balance", "get_sender_names", "get_inboxes", "get_scheduled", "get_optouts",
     "get_history_single", "get_history_api", "get_history_email", "get_history_group", "get_mms_history_api"],
)  # fmt: skip
def test_vendor_class_commands_without_fields_succeed(php, command):
    assert php(command)["status"] == "success"


def test_textlocal_pro_can_send(pro):
    """Its `get_cost` is a send in test mode."""
    assert pro("send", numbers=BOB, message=TEXT)["message"]["content"] == TEXT
    assert pro("send", numbers=BOB, message=TEXT, test="true")["test_mode"] is True


def test_textlocal_pro_does_not_schedule(pro):
    """It sends `timestamp`, which is no parameter, so the text goes out immediately: a bug of the client."""
    batch = pro("send", numbers=BOB, message="Later", timestamp="4102444800")["batch_id"]
    assert str(batch) not in {row["id"] for row in pro("get_scheduled")["scheduled"]}


def test_textlocal_pro_can_shorten_urls(pro):
    assert pro("create_shorturl", url="https://www.example.com/")["shorturl"].startswith("https://")


def test_pypi_client_can_read_balance_and_root(url):
    """Textlocal 0.1.0 expects exactly two keys without a command, and a number per kind of credits."""
    assert requests.get(f"{url}/", params={"apikey": KEY}, timeout=60).json().keys() == {"errors", "status"}
    assert requests.get(f"{url}/balance", params={"apikey": KEY}, timeout=60).json()["balance"].keys() == {"sms", "mms"}


def test_username_and_hash_replace_key(simulators, url):
    """As in older documents (documented: https://api.txtlocal.com/docs/)."""
    known = simulators.services["textlocal"]["credentials"]
    login = {"username": known["username"], "hash": known["hash"]}
    half, rest = {"username": login["username"]}, {"hash": login["hash"]}
    responses = [
        requests.post(f"{url}/balance/", data=login, timeout=60),
        requests.get(f"{url}/balance/", params=login, timeout=60),
        requests.post(f"{url}/balance/", params=half, data=rest, timeout=60),
    ]
    assert [response.json()["status"] for response in responses] == ["success"] * 3


def test_npm_client_can_send(url):
    """Textlocal 0.1.1 puts a question mark after the command, sends a form, and uses test mode by default."""
    form = {"apikey": KEY, "numbers": BOB, "message": "Hello £", "sender": "Shop", "test": "1"}
    result = requests.post(f"{url}/send/?", data=form, timeout=60).json()
    assert (result["test_mode"], result["message"]["content"], result["status"]) == (True, "Hello £", "success")


def test_username_and_password_replace_key(simulators, url):
    """As in older documents (documented: https://api.txtlocal.com/docs/; observed: textlocal 0.1.1 on npm)."""
    known = simulators.services["textlocal"]["credentials"]
    login = {"username": known["username"], "password": known["password"]}
    assert requests.post(f"{url}/balance/", data=login, timeout=60).json()["status"] == "success"
    assert (
        requests.get(f"{url}/balance", params={"apikey": known["password"]}, timeout=60).json()["errors"][0]["code"]
        == 3
    )


@pytest.mark.parametrize(
    "login",
    [{"username": "other@textlocal.example"}, {"username": ""}, {"hash": "0" * 40}, {"hash": "", "password": "x"}],
)
def test_wrong_username_or_hash_is_refused(simulators, url, login):
    """Neither half is enough (documented: code 3)."""
    known = simulators.services["textlocal"]["credentials"]
    form = {"username": known["username"], "hash": known["hash"], **login}
    result = requests.post(f"{url}/balance/", data=form, timeout=60).json()
    assert [error["code"] for error in result["errors"]] == [3]


def test_rate_limit_dialect_refuses_eleventh_call(simulators, url):
    """HTTP 429 is assumed."""
    made = {"seed": 7, "clock": {"mode": "virtual"}, "channels": [], "dialects": {"textlocal.rate_limit": "10"}}
    key = simulators.call("POST", "/sandboxes", made)["services"]["textlocal"]["credentials"]["apikey"]
    statuses = [requests.get(f"{url}/balance/", params={"apikey": key}, timeout=60).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
