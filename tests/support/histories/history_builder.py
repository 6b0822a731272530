"""Small histories for tests: a correct run, in which each test changes one thing."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sendproof_harness.history.reader import parse_history
from sendproof_harness.history.records import History
from sendproof_harness.history.seal import TOTAL_BYTES, add_seal
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.findings import Check, Finding
from sendproof_harness.judge.verdict import Verdict, judge

START = parse_instant("2026-03-02T06:00:00.000Z")
FIRST_SEND = START + 3 * HOUR

Line = dict[str, object]
Change = Callable[[Line], Line | None]

_SPLITS = (
    {
        "template": 11,
        "title": "Welcome",
        "body": "Hello {{FIRST_NAME}}, welcome.",
        "send_at": iso(FIRST_SEND),
        "share": 1,
    },
    {
        "template": 12,
        "title": "Bonus",
        "body": "{{FIRST_NAME}}, your bonus is here.",
        "send_at": iso(FIRST_SEND + HOUR),
        "share": 1,
    },
    {
        "template": 13,
        "title": "Goodbye",
        "body": "We miss you, {{FIRST_NAME}}!",
        "send_at": iso(FIRST_SEND + 2 * HOUR),
        "share": 1,
    },
)


def seal_lines(lines: Iterable[bytes]) -> list[bytes]:
    """Return the lines of a history with seals and line ends."""
    *first, end = lines
    previous, sealed = "", []
    for line in first:
        previous, text = add_seal(previous, line)
        sealed.append(text + b"\n")
    return [*sealed, add_seal(previous, end, TOTAL_BYTES)[1] + b"\n"]


@dataclass(frozen=True)
class HistoryBuilder:
    """The lines of a history; every change returns a new builder."""

    lines: tuple[Line, ...]

    def lines_of(self, kind: str) -> list[Line]:
        return [line for line in self.lines if line["kind"] == kind]

    def change(self, kind: str, change: Change) -> "HistoryBuilder":
        """Replace each line of a kind by the result of `change`; None removes the line."""
        changed = (change(dict(line)) if line["kind"] == kind else line for line in self.lines)
        return replace(self, lines=tuple(line for line in changed if line is not None))

    def without(self, kind: str, where: Callable[[Line], bool] = lambda _: True) -> "HistoryBuilder":
        return replace(self, lines=tuple(line for line in self.lines if line["kind"] != kind or not where(line)))

    def plus(self, *lines: Line) -> "HistoryBuilder":
        return replace(self, lines=(*self.lines, *lines))

    def obligation_of(self, customer: int) -> Line:
        return self.lines_of("obligation")[customer]

    def delivery_to(self, customer: int) -> Line:
        number = self.obligation_of(customer)["number"]
        return next(line for line in self.lines_of("delivery") if line["number"] == number)

    def change_delivery_to(self, customer: int, **fields: object) -> "HistoryBuilder":
        message = self.delivery_to(customer)["message"]
        return self.change("delivery", lambda line: line | fields if line["message"] == message else line)

    def encoded(self) -> list[bytes]:
        """Return the lines as JSON, with the `end` line."""
        end = {"n": 0, "at": self.lines[0]["ended"], "real": 0.0, "kind": "end", "lines": len(self.lines)}
        return seal_lines(json.dumps(line).encode() for line in (*self.lines, end))

    def history(self) -> History:
        return parse_history(self.encoded())

    def verdict(self) -> Verdict:
        return judge(self.history())

    def findings(self, checks: Iterable[Check], *levels: str) -> list[Finding]:
        """Return the findings of these checks; without levels, all but notes."""
        history = self.history()
        wanted = levels or ("fail", "unknown", "error")
        return [finding for check in checks for finding in check.run(history).findings if finding.level in wanted]


def _name(index: int) -> str:
    return ("Ana", "Ben", "Cléo", "Dan", "Eve", "Finn")[index % 6] + str(index)


def _obligation(index: int) -> Line:
    split = _SPLITS[index % 3]
    reason = {1: "opted_out", 2: "unusable_number"}.get(index)
    return {
        "n": 0, "at": iso(START), "real": 0.0, "kind": "obligation", "campaign": 7001, "channel": 505,
        "customer": f"C{index:07d}", "template": split["template"],
        "number": None if reason == "unusable_number" else f"4471{index:08d}",
        "text": str(split["body"]).replace("{{FIRST_NAME}}", _name(index)),
        "due": split["send_at"], "owed": reason is None, "reason": reason,
        "opted_out_by": "attribute" if reason == "opted_out" else None,
    }  # fmt: skip


def build_correct_run(customers: int = 12, page: int = 5) -> HistoryBuilder:
    """Return a week with one campaign: 3 templates and send times; customer 1 opted out, customer 2 has no number."""
    url = "http://127.0.0.1:9000/webhooks/optimove/client/token"
    owed = [_obligation(index) for index in range(customers)]
    announced = START + 2 * HOUR
    events = [
        {"at": START, "kind": "clock", "action": "joined", "participant": "bridge"},
        {"at": START, "kind": "listener", "action": "registered", "event_type": 13, "channel": 505, "url": url},
        *_template_sync(),
        _webhook(announced, "optimove", "13", "13:7001:505", url) | {"about": {"campaign": 7001, "channel": 505}},
        *(_page(announced, skip, page, customers) for skip in range(0, customers, page)),
        *(event for index, line in enumerate(owed) if line["owed"] for event in _delivered(index, line)),
        *(_push(FIRST_SEND + hours * HOUR, owed) for hours in range(6, 7 * 24 + 1, 6)),
    ]
    numbered = [line | {"n": n, "at": iso(int(str(line["at"]))), "real": n / 10}
               for n, line in enumerate(sorted(events, key=lambda line: int(str(line["at"]))), start=1)]  # fmt: skip
    return HistoryBuilder((_header(FIRST_SEND + 7 * DAY + HOUR), _campaign(customers, announced), *owed, *numbered))


def _header(ended: int) -> Line:
    return {
        "n": 0, "at": iso(START), "real": 0.0, "kind": "history", "version": 1, "sandbox": "s1", "seed": 42,
        "clock": {"mode": "virtual", "start": iso(START), "rate": None, "participants": ["bridge"]},
        "services": {"optimove": "http://127.0.0.1:8001", "textlocal": "http://127.0.0.1:8002"},
        "channels": [{"id": 505, "provider": "textlocal", "kind": "scheduled"}], "ended": iso(ended),
    }  # fmt: skip


def _campaign(customers: int, announced: int) -> Line:
    return {"n": 0, "at": iso(announced), "real": 0.0, "kind": "campaign", "campaign": 7001, "channel": 505,
            "provider": "textlocal", "customers": customers, "announced_at": iso(announced),
            "splits": list(_SPLITS)}  # fmt: skip


def _request(at: int, service: str, operation: str, path: str) -> Line:
    return {"at": at, "kind": "request", "service": service, "operation": operation, "method": "POST", "path": path,
            "credential": "known", "status": 200, "violations": []}  # fmt: skip


def _template_sync() -> list[Line]:
    listed = [{"id": split["template"], "name": split["title"]} for split in _SPLITS]
    return [
        *(
            {"at": START, "kind": "provider_template", "service": "textlocal", "action": "created"}
            | {"id": split["template"], "title": split["title"], "body": split["body"]}
            for split in _SPLITS
        ),
        _request(START + MINUTE, "optimove", "AddChannelTemplates", "/current/integrations/AddChannelTemplates"),
        {"at": START + MINUTE, "kind": "channel_templates", "channel": 505, "action": "added", "templates": listed},
    ]


def _webhook(at: int, service: str, event: str, key: str, url: str) -> Line:
    return {"at": at, "kind": "webhook", "service": service, "event": event, "key": key, "url": url, "attempt": 1,
            "status": 200, "error": None}  # fmt: skip


def _page(at: int, skip: int, top: int, customers: int) -> Line:
    path = "/current/customers/GetCustomerSendDetailsByChannel"
    rows = max(0, min(top, customers - skip))
    note = {"campaign": 7001, "channel": 505, "skip": skip, "top": top, "rows": rows,
            "first": f"C{skip:07d}", "last": f"C{skip + rows - 1:07d}"}  # fmt: skip
    return _request(at, "optimove", "GetCustomerSendDetailsByChannel", path) | {"method": "GET", "summary": note}


def _delivered(index: int, owed: Line) -> list[Line]:
    due = parse_instant(str(owed["due"]))
    url, message = f"http://127.0.0.1:9000/webhooks/textlocal/client/token/{index}", f"{index:010d}"
    status, letter = ("undelivered", "U") if index % 6 == 5 else ("delivered", "D")
    return [
        {"at": due, "kind": "delivery", "service": "textlocal", "message": message, "batch": "1",
         "number": owed["number"], "text": owed["text"], "sender": "Sendproof", "custom": "c", "receipt_url": url,
         "send_at": iso(due), "test": False},
        {"at": due + 2 * MINUTE, "kind": "delivery_status", "service": "textlocal", "message": message,
         "status": status, "letter": letter},
        _webhook(due + 2 * MINUTE, "textlocal", "receipt", f"receipt:{message}", url)
        | {"about": {"message": message, "number": owed["number"], "status": letter, "custom": "c"}},
    ]  # fmt: skip


def _push(at: int, owed: list[Line]) -> Line:
    """Return the absolute totals that a correct bridge knows at that time."""
    totals: dict[tuple[object, int], int] = {}
    for index, line in enumerate(owed):
        for metric in (0, 9 if index % 6 == 5 else 1) if line["owed"] else (5,):
            totals[line["template"], metric] = totals.get((line["template"], metric), 0) + 1
    items = [{"ChannelID": 505, "CampaignID": 7001, "TemplateID": template, "MetricID": metric, "MetricValue": value}
             for (template, metric), value in totals.items()]  # fmt: skip
    return {"at": at, "kind": "metrics", "channel": 505, "items": items}
