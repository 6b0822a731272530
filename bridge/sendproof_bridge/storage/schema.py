"""The tables, in SQLite. No other database is supported."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()

# Goes up with every change of a table, or of the names in it, so that a bridge never works on tables of another one.
VERSION = 3

# One row a start of the bridge: its id names the owner of jobs, and is never used twice.
run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started", Float, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text),
    Column("lease_until", Float),
    Column("attempts", Integer, nullable=False),
    Column("trouble", Text),
    Index("job_due", "state", "due_at"),
)

event = Table(
    "event",
    metadata,
    Column("client", Text, primary_key=True),
    Column("type", Integer, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("stamp", Text, nullable=False),
)

template = Table(
    "template",
    metadata,
    Column("client", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
)

campaign = Table(
    "campaign",
    metadata,
    Column("client", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("first_sent_at", BigInteger),
)

batch = Table(
    "batch",
    metadata,
    Column("client", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("channel", BigInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("sending_since", BigInteger),
    Index("batch_campaign", "client", "channel", "campaign", "state"),
)

# Accepted by a provider that told no id.
_UNNAMED = text("provider_id IS NULL AND state IN ('taken', 'accepted')")

message = Table(
    "message",
    metadata,
    Column("client", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("customer", Text, primary_key=True),
    # Empty in a scheduled campaign; a trigger can meet the same customer many times.
    Column("occasion", Text, primary_key=True),
    Column("template", BigInteger, nullable=False),
    Column("number", Text),
    # How the provider calls who it is for, and what it is sent of it.
    Column("recipient", Text),
    Column("content", Text),
    Column("batch", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("provider_id", Text),
    # When it was accepted, rejected or dropped; when the last word on it came; which of both was reported (bits).
    Column("settled_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("reported", Integer, nullable=False),
    Index("message_batch_recipient", "client", "batch", "recipient", unique=True),
    Index("message_provider_id", "client", "provider_id"),
    Index("message_unnamed", "client", "recipient", sqlite_where=_UNNAMED),
)

# Receipts of providers that name nothing but their own id.
_BY_ID = text("batch = ''")

receipt = Table(
    "receipt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("letter", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("template", BigInteger),
    # What came of it: applied, repeated, illegal, stray; NULL until the worker has looked at it.
    Column("result", Text),
    Index("receipt_new", "id", sqlite_where=text("result IS NULL")),
    Index("receipt_batch", "client", "batch"),
    Index("receipt_message", "client", "message", sqlite_where=_BY_ID),
)

# What a customer did with a message; a click may come often.
mark = Table(
    "mark",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("occasion", Text, nullable=False),
    Column("template", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reported", Boolean, nullable=False),
    Index("mark_campaign", "client", "channel", "campaign"),
)

# One row a trigger that was met; `key` is what makes a repeated event the same.
trigger = Table(
    "trigger",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("trigger_key", "client", "key", unique=True),
)

# What was told of each total so far, where Optimove adds up what it is told.
told = Table(
    "told",
    metadata,
    Column("client", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("template", BigInteger, primary_key=True),
    Column("metric", Integer, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# Who wants no messages. `taken` when Optimove and the reports know of it, too.
opt_out = Table(
    "opt_out",
    metadata,
    Column("client", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("how", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("taken", Boolean, nullable=False),
)

# Whom a campaign that waits for clearance may be sent to; NULL until it is decided.
clearance = Table(
    "clearance",
    metadata,
    Column("client", Text, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("allowed", Boolean),
)

# A channel whose provider refused a send as one too many; `refusals` in a row.
pause = Table(
    "pause",
    metadata,
    Column("client", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("refusals", Integer, nullable=False),
)

call = Table(
    "call",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("call_at", "client", "at"),
)
