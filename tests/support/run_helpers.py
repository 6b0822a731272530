"""Bridges of a few lines for tests of the harness, and a progress listener that records what it gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

# The beginning of every small bridge: it reads the handover file and can send requests to Optimove and to the clock. It
# imports the standard library only, so that it starts quickly.
PREAMBLE = """
import json, os, sys, time, urllib.error, urllib.parse, urllib.request
handover = json.load(open(os.environ["SENDPROOF_HANDOVER"]))
optimove = handover["services"]["optimove"]
def send(method, url, body, headers={}):
    headers = {"content-type": "application/json", **headers}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as response:
        return response.read()
def post(path, body, query={}):
    headers = {"x-api-key": optimove["credentials"]["api_key"]}
    send("POST", optimove["url"] + "/current" + path + "?" + urllib.parse.urlencode(query), body, headers)
def park(since):
    parked = {"participant": "small", "until": None, "since": since}
    return json.loads(send("POST", handover["clock_url"] + "/park", parked))
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

    def wait_for(self, text: str, *, jumps_next: bool = False) -> None:
        pass

    def note(self, text: str) -> None:
        if text.startswith("live page: "):
            self.page = text.removeprefix("live page: ")
        else:
            self.notes.append(text)
