"""The tables, in SQLite. No other database is supported."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()

# Increase it with every change of a table or of the names in it, so that a bridge never uses tables of another version.
VERSION = 7

# One row per start of the bridge. Its id is the owner of jobs, and is never used twice.
run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started", BigInteger, nullable=False),
    # The last reading of the clock.
    Column("seen", BigInteger),
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
    Column("last_error", Text),
    Index("job_due", "state", "due_at"),
    # In the order in which the jobs of a lane are claimed.
    Index("job_claim", "lane", "due_at", "id", "kind", sqlite_where=text("state = 'due'")),
)

event = Table(
    "event",
    metadata,
    Column("client", Text, primary_key=True),
    Column("type", Integer, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    # The time in the event, as Optimove wrote it.
    Column("optimove_time", Text, nullable=False),
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
    # The app that the marketer chose, on a channel with apps.
    Column("app", Text),
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

# Accepted by a provider that returned no id.
_WITHOUT_ID = text("provider_id IS NULL AND state IN ('taken', 'accepted')")

message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("customer", Text, nullable=False),
    # Empty in a scheduled campaign. A customer can meet a trigger many times; each time is an occasion.
    Column("occasion", Text, nullable=False),
    Column("template", BigInteger, nullable=False),
    Column("number", Text),
    # The provider's name for the recipient, and the message's part of the request to the provider.
    Column("recipient", Text),
    Column("content", Text),
    Column("batch", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("provider_id", Text),
    # When it was accepted, rejected or dropped; when its final status arrived; its state in the last report.
    Column("settled_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("reported_state", Text),
    Index("message_key", "client", "channel", "campaign", "customer", "occasion", unique=True),
    Index("message_batch_recipient", "client", "batch", "recipient", unique=True),
    Index("message_provider_id", "client", "provider_id"),
    Index("message_without_id", "client", "recipient", sqlite_where=_WITHOUT_ID),
    # Not by state: each receipt would then change two entries at random places, a third of its cost.
    Index("message_never_reported", "client", "channel", "campaign", sqlite_where=text("reported_state IS NULL")),
    Index("message_taken", "client", "channel", "campaign", sqlite_where=text("state = 'taken'")),
    Index("message_settled", "client", "channel", "campaign", "settled_at", sqlite_where=text("occasion <> ''")),
)

# Messages that have changed since they were reported, in the order of their changes.
changed_message = Table(
    "changed_message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("message", Integer, nullable=False),
    Index("changed_message_campaign", "client", "channel", "campaign"),
)
TRIGGER = """
CREATE TRIGGER IF NOT EXISTS message_changed AFTER UPDATE OF state ON message
WHEN OLD.reported_state IS NOT NULL AND NEW.state <> OLD.state
BEGIN
    INSERT INTO changed_message (client, channel, campaign, message)
    VALUES (NEW.client, NEW.channel, NEW.campaign, NEW.id);
END
"""

# Messages by number, up to the message in `numbered`: see storage/message_numbers.py.
message_number = Table(
    "message_number",
    metadata,
    Column("client", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("message", Integer, primary_key=True),
    sqlite_with_rowid=False,
)
numbered = Table("numbered", metadata, Column("message", Integer, nullable=False))

# The number of messages by their state in the last report.
reported_count = Table(
    "reported_count",
    metadata,
    Column("client", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("template", BigInteger, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# Receipts of providers that identify a message only by the provider's id.
_BY_ID = text("batch = ''")

receipt = Table(
    "receipt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("status_code", Text, nullable=False),
    Column("provider_time", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("template", BigInteger),
    # applied, repeated, illegal, stray or marked
    Column("result", Text, nullable=False),
    Index("receipt_message", "client", "message", sqlite_where=_BY_ID),
)

# The number of receipts by result. An index of `receipt` by batch would cost each receipt more than storing it.
receipt_count = Table(
    "receipt_count",
    metadata,
    Column("client", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("result", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# A customer's reactions to a message: clicks (any number) and opt-outs.
engagement = Table(
    "engagement",
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
    Index("engagement_customer", "client", "channel", "campaign", "template", "kind", "customer"),
    Index("engagement_unreported", "client", "channel", "campaign", sqlite_where=text("NOT reported")),
)

# One row per trigger event; `key` identifies repetitions of the same event.
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

# The value of each total at its last report, if Optimove adds up reported values.
reported_total = Table(
    "reported_total",
    metadata,
    Column("client", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("template", BigInteger, primary_key=True),
    Column("metric", Integer, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# Numbers that want no messages. `processed` once the reports and Optimove include the opt-out. No id is used twice.
opt_out = Table(
    "opt_out",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("processed", Boolean, nullable=False),
    Index("opt_out_number", "client", "number", unique=True),
    Index("opt_out_new", "client", "number", sqlite_where=text("NOT processed")),
    sqlite_autoincrement=True,
)

# The opt-outs on the list of a channel's provider, when it was last read: `listed` is the number as the provider wrote
# it. Only the difference to the next list has to be looked at.
listed_opt_out = Table(
    "listed_opt_out",
    metadata,
    Column("client", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("listed", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Index("listed_opt_out_number", "client", "number"),
    sqlite_with_rowid=False,
)

# The decision for each customer of a campaign that waits for clearance.
clearance = Table(
    "clearance",
    metadata,
    Column("client", Text, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("allowed", Boolean),
)

# Channels that pause because their provider refused a send with "too many"; `refusals` in a row.
backoff = Table(
    "backoff",
    metadata,
    Column("client", Text, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("refusals", Integer, nullable=False),
)

# Calls to Optimove within the window of the rate limit.
optimove_call = Table(
    "optimove_call",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("optimove_call_at", "client", "at"),
)
