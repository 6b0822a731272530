"""Bridges of a few lines for tests of the harness, and a progress listener that records what it gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

# The beginning of every small bridge: it reads the handover file and can send requests to Optimove and to the clock.
PREAMBLE = """
import json, os, requests, sys, time
handover = json.load(open(os.environ["SENDPROOF_HANDOVER"]))
optimove = handover["services"]["optimove"]
def post(path, body, query={}):
    headers = {"x-api-key": optimove["credentials"]["api_key"]}
    requests.post(optimove["url"] + "/current" + path, json=body, params=query, headers=headers).raise_for_status()
def park(since):
    parked = {"participant": "small", "until": None, "since": since}
    return requests.post(handover["clock_url"] + "/park", json=parked).json()
def register():
    where = "http://%s:%d/" % (handover["listen"]["host"], handover["listen"]["port"])
    for channel in handover["channels"]:
        event = 11 if channel["kind"] == "triggered" else 13
        post("/general/RegisterEventListener", {"EventTypeID": event, "ListenerURL": where, "ChannelID": channel["id"]})
        welcome = [{"TemplateID": 1, "TemplateName": "Welcome"}]
        post("/integrations/AddChannelTemplates", welcome, {"ChannelID": channel["id"]})
"""
PARK = "since = 0\nwhile True: since = park(since)['delivered']\n"
PARKING = PREAMBLE + "register()\n" + PARK


@dataclass
class RecordedProgress:
    """A progress listener that records phases, the address of the live page, and all other notes."""

    phases: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    page: str = ""

    def phase(self, text: str) -> None:
        self.phases.append(text)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        assert passed >= timedelta()

    def wait_for(self, text: str) -> None:
        pass

    def note(self, text: str) -> None:
        if text.startswith("live page: "):
            self.page = text.removeprefix("live page: ")
        else:
            self.notes.append(text)
