"""Every method of textlocal-pro 0.2.9 from PyPI. Each returns the response as (JSON, HTTP status, headers)."""

import requests
from textlocal_python.textlocal_python import TextLocalClient

from driver import ANN, BOB, CREDENTIALS, check

client = TextLocalClient(CREDENTIALS["apikey"])
TEXT = "50% off & more, Zoë: 1+1"
LATER = "1772708400"


def succeeds(response):
    """Return True for a success of Textlocal."""
    return response[0]["status"] == "success"


def is_scheduled(response):
    """Return True if Textlocal lists the batch as scheduled."""
    listed = requests.post(client.getScheduledMessagesAPI, data={"apikey": client.apikey}, timeout=60).json()
    return str(response[0]["batch_id"]) in {row["id"] for row in listed["scheduled"]}


check("send_message", lambda: client.send_message(ANN, TEXT), lambda sent: sent[0]["message"]["content"] == TEXT)
check(
    "send_message (two numbers)", lambda: client.send_message(f"{ANN},{BOB}", "Hi"), lambda r: r[0]["num_messages"] == 2
)
check(
    "send_message (sender)",
    lambda: client.send_message(ANN, "Hi", "Shop"),
    lambda r: r[0]["message"]["sender"] == "Shop",
)
check("send_message (test)", lambda: client.send_message(ANN, "Hi", test=True), lambda r: r[0]["test_mode"])
check("get_cost", lambda: client.get_cost(ANN, "x" * 161), lambda r: r[0]["cost"] == 2)
check("get_groups", client.get_groups, lambda r: succeeds(r) and r[0]["num_groups"] == 0)
check("get_balance", client.get_balance, lambda r: r[0]["balance"]["sms"] > 0)
check(
    "create_short_url",
    lambda: client.create_short_url("https://www.example.com/"),
    lambda r: "https://" in r[0]["shorturl"],
)
check("schedule_message", lambda: client.schedule_message(ANN, "Later", LATER), is_scheduled)
check("get_scheduled_messages", client.get_scheduled_messages, succeeds)
check("cancel_scheduled_messages", lambda: client.cancel_scheduled_messages("1"), succeeds)
