"""The second delivery ledger: the result of each recipient, from the lines of a history, by SQL statements.

It shares no code with the judge and reads the file by itself, so that a mistake of one shows as a difference. The
statements in `sql` run in the order of their names. They need the facts about providers in `ProviderFacts`.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files

from sendproof_harness.recount import texts
from sendproof_harness.recount.choice import choose
from sendproof_harness.recount.clock import VisibleTime
from sendproof_harness.recount.matching import match


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """What the ledger must know about a provider, from the documents of the provider.

    `has_record` is true if the provider can be asked for what it accepted; with a `record_operation`, only once that
    operation responded successfully.
    """

    send_operations: frozenset[str] = frozenset()
    opt_out_events: frozenset[str] = frozenset()
    permanent_rejections: frozenset[str] = frozenset()
    temporary_refusals: frozenset[str] = frozenset()
    retry_interval: int = 0
    withdrawing_operations: frozenset[str] = frozenset()
    opt_out_lists: frozenset[str] = frozenset()
    has_record: bool = False
    record_operation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The result of one recipient. `sent` has the send times of its messages in milliseconds, the best match first."""

    campaign: int
    channel: int
    customer: str
    number: str | None
    due: int
    kind: str
    sent: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """All recipients in the order of the history, and the messages that belong to none, by service and id."""

    recipients: tuple[Counted, ...]
    unmatched: tuple[tuple[str, str], ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of recipients by result; messages that belong to none are `unexpected`."""
        counts = Counter(recipient.kind for recipient in self.recipients)
        counts["unexpected"] += len(self.unmatched)
        return {kind: count for kind, count in counts.items() if count}


def recount(lines: Iterable[bytes], providers: Mapping[str, ProviderFacts]) -> Recount:
    """Count a history, in lines of JSON. `sqlite3.Error` and `ValueError` if it is not one."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.text_factory = lambda text: text.decode("utf-8", "surrogatepass")
        _load(database, lines, providers)
        database.executescript(_statements("1_tables"))
        choose(database)
        for name in ("2_recipients", "3_texts"):
            database.executescript(_statements(name))
        _see_time(database)
        for name in ("4_deadlines", "5_consent"):
            database.executescript(_statements(name))
        match(database)
        database.executescript(_statements("6_results"))
        _give_up_losses(database)
        return Recount(
            recipients=tuple(_counted(database)), unmatched=tuple(database.execute("SELECT service, message FROM free"))
        )


def _statements(name: str) -> str:
    return (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _load(database: sqlite3.Connection, lines: Iterable[bytes], providers: Mapping[str, ProviderFacts]) -> None:
    database.create_function("ms", 1, texts.milliseconds, deterministic=True)
    for function, arguments in (
        (texts.letters, 1),
        (texts.folded, 1),
        (texts.part, 2),
        (texts.fits, 2),
        (texts.refill, 3),
        (texts.relink, 2),
    ):
        database.create_function(function.__name__, arguments, function, deterministic=True)
    database.create_function("digits", 1, texts.significant_digits, deterministic=True)
    database.create_function("typed", 2, texts.typed, deterministic=True)
    database.create_function("agrees", 4, texts.agrees, deterministic=True)
    database.executescript(_INPUT)
    database.execute("BEGIN")
    rows = ((_without_nul(line.decode()),) for line in lines if line.strip())
    database.executemany("INSERT INTO line (kind, body) SELECT json_extract(?1, '$.kind'), ?1", rows)
    for name, facts in providers.items():
        tables = {
            "send_operation": facts.send_operations,
            "opt_out_event": facts.opt_out_events,
            "permanent_rejection": facts.permanent_rejections,
            "temporary_refusal": facts.temporary_refusals,
            "retry_interval": [facts.retry_interval],
            "withdrawing_operation": facts.withdrawing_operations,
            "opt_out_list": facts.opt_out_lists,
            "record": [facts.record_operation] if facts.has_record else [],
        }
        for table, values in tables.items():
            database.executemany(_INSERTED[table], [(name, value) for value in values])
    database.execute("COMMIT")


# The escape of the character NUL, after an even number of backslashes.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _without_nul(line: str) -> str:
    """Return a line with a noncharacter for each NUL, at which SQLite would end a text."""
    return _NUL.sub(r"\1\\ufdd0", line) if "\\u0000" in line else line


_INPUT = """
CREATE TABLE line (position INTEGER PRIMARY KEY, kind TEXT, body TEXT);
CREATE INDEX line_kind ON line (kind);
CREATE TABLE send_operation (provider TEXT, operation TEXT);
CREATE TABLE opt_out_event (provider TEXT, event TEXT);
CREATE TABLE permanent_rejection (provider TEXT, code TEXT);
CREATE TABLE temporary_refusal (provider TEXT, code TEXT);
CREATE TABLE retry_interval (provider TEXT, milliseconds INTEGER);
CREATE TABLE withdrawing_operation (provider TEXT, operation TEXT);
CREATE TABLE opt_out_list (provider TEXT, operation TEXT);
CREATE TABLE record (provider TEXT, operation TEXT);
"""
_INSERTED = {
    "send_operation": "INSERT INTO send_operation VALUES (?, ?)",
    "opt_out_event": "INSERT INTO opt_out_event VALUES (?, ?)",
    "permanent_rejection": "INSERT INTO permanent_rejection VALUES (?, ?)",
    "temporary_refusal": "INSERT INTO temporary_refusal VALUES (?, ?)",
    "retry_interval": "INSERT INTO retry_interval VALUES (?, ?)",
    "withdrawing_operation": "INSERT INTO withdrawing_operation VALUES (?, ?)",
    "opt_out_list": "INSERT INTO opt_out_list VALUES (?, ?)",
    "record": "INSERT INTO record VALUES (?, ?)",
}


def _see_time(database: sqlite3.Connection) -> None:
    (timed,) = database.execute("SELECT timed FROM run").fetchone()
    time = VisibleTime(
        timed=bool(timed),
        jumps=database.execute("SELECT starts, ends FROM jump").fetchall(),
        outages=database.execute("SELECT at, until FROM injection WHERE fault = 'kill' ORDER BY place").fetchall(),
    )
    database.create_function("later", 2, time.later, deterministic=True)
    database.create_function("passed", 2, time.passed, deterministic=True)
    database.create_function("grace", 0, time.grace, deterministic=True)


def _give_up_losses(database: sqlite3.Connection) -> None:
    """Give each lost message at most one send that failed without saying so: the earliest that fits."""
    taken: dict[int, int] = {}
    for obligation, send in database.execute(_POSSIBLE_SENDS):
        if obligation not in taken.values() and send not in taken:
            taken[send] = obligation
    database.executemany(
        "UPDATE result SET kind = 'indefinite' WHERE obligation = ?", [(lost,) for lost in taken.values()]
    )


_POSSIBLE_SENDS = """
SELECT obligation.id, failed_send.id
FROM result JOIN obligation ON obligation.id = result.obligation JOIN channel USING (channel)
JOIN failed_send USING (provider)
WHERE result.kind = 'lost' AND failed_send.at
    BETWEEN IIF(killed, obligation.due, obligation.at) AND obligation.deadline
ORDER BY obligation.id, failed_send.id
"""


def _counted(database: sqlite3.Connection) -> Iterable[Counted]:
    sent: dict[int, list[int]] = {}
    for obligation, send_at in database.execute(_SENT):
        sent.setdefault(obligation, []).append(send_at)
    for id_, campaign, channel, customer, number, due, kind in database.execute(_RESULTS):
        yield Counted(
            campaign=campaign,
            channel=channel,
            customer=customer,
            number=number,
            due=due,
            kind=kind,
            sent=tuple(sent.get(id_, ())),
        )


_SENT = "SELECT obligation, send_at FROM pair JOIN delivery ON delivery.id = pair.delivery ORDER BY pair.rowid"
_RESULTS = """
SELECT id, campaign, channel, customer, number, due, kind FROM result JOIN obligation ON obligation.id = obligation
ORDER BY id
"""
