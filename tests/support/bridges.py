"""Bridges of a few lines for runs that look at the harness, and a watcher that keeps what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

# What every small bridge begins with: read the handover, and be able to speak to Optimove and to the clock.
HELLO = """
import json, os, requests, sys, time
told = json.load(open(os.environ["SENDPROOF_HANDOVER"]))
optimove = told["services"]["optimove"]
def post(path, body, query={}):
    headers = {"x-api-key": optimove["credentials"]["api_key"]}
    requests.post(optimove["url"] + "/current" + path, json=body, params=query, headers=headers).raise_for_status()
def park(since):
    parked = {"participant": "small", "until": None, "since": since}
    return requests.post(told["clock_url"] + "/park", json=parked).json()
def register():
    where = "http://%s:%d/" % (told["listen"]["host"], told["listen"]["port"])
    post("/general/RegisterEventListener", {"EventTypeID": 13, "ListenerURL": where, "ChannelID": 505})
    for channel in told["channels"]:
        welcome = [{"TemplateID": 1, "TemplateName": "Welcome"}]
        post("/integrations/AddChannelTemplates", welcome, {"ChannelID": channel["id"]})
"""
PARK = "since = 0\nwhile True: since = park(since)['delivered']\n"
PARKING = HELLO + "register()\n" + PARK


@dataclass
class Listening:
    """A watcher that keeps what it is told."""

    phases: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def phase(self, text: str) -> None:
        self.phases.append(text)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        assert passed >= timedelta()

    def note(self, text: str) -> None:
        self.notes.append(text)
