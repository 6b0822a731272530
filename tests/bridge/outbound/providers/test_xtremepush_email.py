"""E-mails by Xtremepush: they need an address in the profile, and its subscription is one of its own."""

import pytest

from sendproof_bridge.clock import HOUR, MINUTE
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.providers import providers
from small_bridge import NOON, bridge_config, open_small_bridge, recipient_row
from stand_in import Reply

pytestmark = pytest.mark.usefixtures("database")

OPTIONS = {name: setting.default for name, setting in providers()["xtremepush"].items()}
CONTENT = {"7": {"email": {"subject": "Hi {{FIRST_NAME}}", "html": "<p>News in {{CITY}}</p>"}}}
# Xtremepush only knows the last two customers.
PROFILES = [
    {"user_id": "C2", "email": "BO@example.com", "email_subscription": 1},
    {"user_id": "C3", "email": "cy@example.com", "email_subscription": 0},
]


def success(**members):
    return Reply({"code": 200, "success": True, **members})


def campaign(request):
    """Reply to each method of campaigns: one campaign of e-mails."""
    if "condition" in request.body:
        return success(data=[{"id": 11, "title": "News", "email": 1}])
    return success(model={"id": 11, "messages": CONTENT})


def profile(request):
    """Reply to each method of profiles: an import, the profiles of users, and those that unsubscribed."""
    if "rows" in request.body:
        return success(model={"failed": 0})
    is_list = request.body["condition"][0] == ["email_subscription", "=", 0]
    return success(data=PROFILES[1:] if is_list else PROFILES)


@pytest.fixture
def bridge(tmp_path, services):
    """Yield a bridge whose channel is for e-mails, after a campaign to four customers."""
    services.respond("campaign", campaign)
    services.respond("message", success(data=[]))
    services.respond("profile", profile)
    options = {**OPTIONS, "apptoken": Secret("an-apptoken")}
    channel = {"provider": "xtremepush", "message": "email", "options": options}
    addresses = {"C1": " Ann@Example.com ", "C2": "bo@example.com", "C3": "cy@example.com", "C4": "n/a"}
    rows = [
        recipient_row(user, template=11) | {"CustomerAttributes": [address, "1", "Bath", "Ann"]}
        for user, address in addresses.items()
    ]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    config = bridge_config(tmp_path, services.url, channel=channel)
    with open_small_bridge(tmp_path, config) as bridge:
        bridge.start_campaign()
        bridge.run(until=NOON + MINUTE)
        yield bridge


@pytest.mark.usefixtures("bridge")
def test_address_is_read_instead_of_the_number(services):
    call = services.calls("GetCustomerSendDetailsByChannel")[0]
    assert call.query["CustomerAttributes"].split(";") == ["EMAIL", "CONSENT", "CITY", "FIRST_NAME"]


@pytest.mark.usefixtures("bridge")
def test_unknown_user_is_imported_with_the_address(services):
    (imported,) = [call.body for call in services.calls("profile") if "rows" in call.body]
    assert imported["columns"] == ["user_id", "email", "email_subscription"]
    assert imported["rows"] == [["C1", "ann@example.com", 1]]


@pytest.mark.usefixtures("bridge")
def test_customers_with_an_address_and_a_subscription_get_it(services):
    (sent,) = [call.body for call in services.calls("campaign") if "target_by" in call.body]
    assert sent["target_with_params"] == {user: {"FIRST_NAME": "Ann", "CITY": "Bath"} for user in ("C1", "C2")}


def test_customer_without_an_address_is_dropped(bridge):
    assert bridge.query("SELECT reason FROM message WHERE customer = 'C4'") == ["unusable_address"]


def test_unsubscribed_address_is_an_opt_out(bridge):
    bridge.run(until=NOON + HOUR)
    assert bridge.query("SELECT number FROM opt_out") == ["cy@example.com"]
