"""Correct responses with one altered value: each is processed, or is an error of the call and not of the bridge."""

import copy
import json
from dataclasses import replace

import pytest

from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.errors import RemoteCallError
from sendproof_bridge.outbound.http import Response
from sendproof_bridge.outbound.optimove import OptimoveClient
from sendproof_bridge.outbound.providers import OpenMessage, OutgoingMessage, open_channel, providers
from small_bridge import NOON, bridge_config

NUMBER = "447100000001"
DELIVYR_ID = int("HDS7F3Y2", 36)
VALUES = [None, True, -1, 10**30, 1e999, "x", "", "\x00", [], {}, [[]], [None], {"a": 1}, [{}] * 3]


class AlteredService:
    """Responds to each operation with its correct body, and after a while with nothing new, so that paging ends."""

    def __init__(self, replies, empty):
        self.replies, self.empty, self.calls = replies, empty, 0

    def request(self, operation, method, url, **_):
        self.calls += 1
        name = url.rstrip("/").rpartition("/")[2]
        body = self.replies.get(name) if self.calls < 20 else self.empty
        return Response(operation=operation, status=200, headers={}, body=json.dumps(body).encode())


def altered(value):
    """Yield copies of a JSON value, each with one part replaced or left out."""
    yield from VALUES
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        for changed in altered(value[key]):
            whole = copy.copy(value)
            whole[key] = changed
            yield whole
        rest = copy.copy(value)
        del rest[key]
        yield rest


def message(recipient, content, template=11):
    return OutgoingMessage(recipient=recipient, number=NUMBER, template=template, content=content)


def provider_calls(provider, sent):
    open_message = OpenMessage(recipient=sent.recipient, message="", template=sent.template, sent_at=NOON)
    known = replace(open_message, message="9:1")
    return {
        "list_templates": provider.list_templates,
        "send": lambda: provider.send([sent], batch="505-7001-0-0", receipt_url="http://bridge.test/r"),
        "find_sent": lambda: provider.find_sent([sent], NOON),
        "poll_statuses": lambda: list(provider.poll_statuses([open_message, known])),
        "list_opt_outs": lambda: list(provider.list_opt_outs()),
    }


def textlocal_account(channel, service):
    return provider_calls(open_channel(channel, service), message(NUMBER, "Hello"))


def textlocal_group_account(channel, service):
    channel = replace(channel, options={**channel.options, "recipients": "customer_ids"})
    return provider_calls(open_channel(channel, service), message("C1", str(NOON // 1000)))


def xtremepush_account(channel, service):
    options = {name: setting.default for name, setting in providers()["xtremepush"].items()}
    channel = replace(channel, provider="xtremepush", options={**options, "apptoken": Secret("a-token")})
    return provider_calls(open_channel(channel, service), message("C1", "{}"))


def delivyr_account(channel, service):
    options = {name: setting.default for name, setting in providers()["delivyr"].items()}
    options |= {"account_id": "an-account", "api_key": Secret("a-key")}
    channel = replace(channel, provider="delivyr", options=options)
    sent = message(NUMBER, json.dumps({"template_id": "HDS7F3Y2"}), DELIVYR_ID)
    return provider_calls(open_channel(channel, service), sent)


def optimove_account(_channel, service):
    client = OptimoveClient("http://optimove.test", Secret("a-key"), service, lambda: None)
    return {
        "channel_templates": lambda: client.channel_templates(505),
        "send_details": lambda: client.send_details(505, "7001", ["EMAIL"], 0),
        "campaign_templates": lambda: client.campaign_templates(505, "7001"),
        "attributes": lambda: client.attributes("C1"),
        "waiting_customers": lambda: client.waiting_customers("7001", 0),
        "update_metrics": lambda: client.update_metrics([]),
    }


SEND_ROW = {"CustomerID": "C1", "TemplateID": 14, "ScheduledTime": "2026-03-02 12:00:00", "CustomerAttributes": ["a"]}
LOG_ROW = {
    "message_id": "1", "template_id": "HDS7F3Y2", "created_at": "2026-03-02T12:00:00Z", "status": "delivered",
    "updated_at": "2026-03-02T12:00:00Z",
}  # fmt: skip
ACCOUNTS = {
    textlocal_account: (
        {"status": "success", "messages": [], "contacts": [], "templates": []},
        {
            "get_templates": {"status": "success", "templates": [{"id": 11, "title": "a", "body": "b"}]},
            "bulk_json": {
                "status": "success",
                "messages": [{"messages": [{"id": "1", "recipient": 447100000001}]}],
                "messages_not_sent": [{"number": "447100000002", "error": {"code": 4, "message": "m"}}],
            },
            "get_history_api": {"status": "success", "messages": [{"id": 1, "number": NUMBER, "message": "Hello"}]},
            "status_message": {"status": "success", "message": {"status": "D", "date": "2026"}},
            "get_optouts": {"status": "success", "contacts": [{"number": NUMBER}]},
            "get_contacts": {"status": "failure", "errors": [{"code": 5, "message": "m"}]},
        },
    ),
    textlocal_group_account: (
        {"status": "success", "messages": []},
        {
            "get_groups": {"status": "success", "groups": [{"id": 1, "name": "other"}]},
            "create_group": {"status": "success", "group": {"id": 1}},
            "create_contacts": {"status": "success"},
            "send": {"status": "success", "batch_id": 9, "messages": [{"customer": "C1"}]},
            "status_batch": {"status": "success", "messages": [{"customer": "C1", "status": "D"}]},
            "get_scheduled": {"status": "success", "scheduled": [{"groupid": 7, "id": 9}]},
            "get_history_group": {"status": "success", "messages": [{"group_id": 1, "batch_id": 9}]},
        },
    ),
    xtremepush_account: (
        {"code": 200, "success": True, "data": []},
        {
            "campaign": {
                "code": 200,
                "success": True,
                "data": [{"id": 11, "title": "a"}],
                "model": {"id": 11, "messages": {"9": {"sms": {"text": "Hello"}}}},
            },
            "profile": {
                "code": 200,
                "success": True,
                "data": [{"user_id": "C1", "mobile_number": NUMBER, "sms_subscription": 1}],
            },
            "message": {
                "code": 200,
                "success": True,
                "data": [{"user_id": "C1", "id": 5, "create_time": NOON // 1000, "delivery": 1}],
            },
        },
    ),
    delivyr_account: (
        {"messages": [], "next": None},
        {
            "templates": {"templates": [{"id": "HDS7F3Y2", "name": "Hello", "body": "b"}]},
            "send_sms": {"message_id": "1"},
            "messages": {"messages": [LOG_ROW], "next": None},
            "9:1": LOG_ROW,
            "9%3A1": LOG_ROW,
        },
    ),
    optimove_account: (
        [],
        {
            "GetChannelTemplates": [{"TemplateID": 14, "TemplateName": "a"}],
            "GetCustomerSendDetailsByChannel": [SEND_ROW],
            "GetExecutedCampaignChannelDetails": [{"TemplateID": 14}],
            "Attributes": [{"RealFieldName": "EMAIL", "Value": "a"}],
            "GetProcessedCampaignCustomers": [{"CustomerID": "C1"}],
            "UpdateCampaignMetrics": {"ResponseCode": 1},
        },
    ),
}


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.__name__)
def test_altered_response_is_processed_or_an_error_of_the_call(tmp_path, account):
    """Any other error would count as one of the bridge, which gives the job up after a few attempts."""
    (channel,) = bridge_config(tmp_path, "http://service.test").clients[0].channels
    empty, replies = ACCOUNTS[account]
    unforeseen = set()
    for name, reply in replies.items():
        for body in altered(reply):
            service = AlteredService({**replies, name: body}, empty)
            for call, run in account(channel, service).items():
                try:
                    service.calls = 0
                    run()
                except RemoteCallError:
                    pass
                except Exception as error:  # noqa: BLE001 this is what the test looks for
                    unforeseen.add((call, name, repr(error)))

    assert unforeseen == set()
