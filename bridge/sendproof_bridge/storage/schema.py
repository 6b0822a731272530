"""The tables, for SQLite and PostgreSQL."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, Table, Text, TextClause, text

metadata = MetaData()

# Text is compared by its bytes in both databases, whatever the locale of the server.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# Ids that a database assigns. SQLite only assigns those of an INTEGER.
_ID = BigInteger().with_variant(Integer, "sqlite")


def _partial(name: str, *columns: str, where: TextClause) -> Index:
    """Return an index of the rows that meet a condition, which `complete_for_postgresql` repeats for PostgreSQL.

    Naming PostgreSQL here would import its dialect, with a fifth of all that a start with SQLite imports.
    """
    return Index(name, *columns, sqlite_where=where)


def complete_for_postgresql() -> None:
    """Give the partial indexes their conditions in PostgreSQL. Call it before the tables are created there."""
    for table in metadata.tables.values():
        for index in table.indexes:
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]


# Increase it with every change of a table or of the names in it, and add the statements of the upgrade to migrations/.
VERSION = 8

# One row per start of the bridge. Its id is the owner of jobs, and is never used twice.
run = Table(
    "run",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("started", BigInteger, nullable=False),
    # The last reading of the clock.
    Column("seen", BigInteger),
    # The digest of the settings whose setup this worker has planned, or found planned.
    Column("settings", _TEXT),
)

job = Table(
    "job",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("kind", _TEXT, nullable=False),
    Column("lane", _TEXT, nullable=False),
    Column("payload", _TEXT, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("state", _TEXT, nullable=False),
    Column("owner", _TEXT),
    Column("lease_until", Float),
    Column("attempts", Integer, nullable=False),
    Column("last_error", _TEXT),
    Index("job_due", "state", "due_at"),
    # In the order in which the jobs of a lane are claimed.
    _partial("job_claim", "lane", "due_at", "id", "kind", where=text("state = 'due'")),
)

event = Table(
    "event",
    metadata,
    Column("client", _TEXT, primary_key=True),
    # Of any size that Optimove may use: a text of 18 digits is read.
    Column("type", _ID, primary_key=True, autoincrement=False),
    Column("campaign", _TEXT, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    # The time in the event, as Optimove wrote it.
    Column("optimove_time", _TEXT, nullable=False),
)

template = Table(
    "template",
    metadata,
    Column("client", _TEXT, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("title", _TEXT, nullable=False),
    Column("body", _TEXT, nullable=False),
)

campaign = Table(
    "campaign",
    metadata,
    Column("client", _TEXT, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("campaign", _TEXT, primary_key=True),
    Column("state", _TEXT, nullable=False),
    Column("first_sent_at", BigInteger),
    # The app that the marketer chose, on a channel with apps.
    Column("app", _TEXT),
)

batch = Table(
    "batch",
    metadata,
    Column("client", _TEXT, primary_key=True),
    Column("id", _TEXT, primary_key=True),
    Column("channel", BigInteger, nullable=False),
    Column("campaign", _TEXT, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("state", _TEXT, nullable=False),
    Column("sending_since", BigInteger),
    Index("batch_campaign", "client", "channel", "campaign", "state"),
)

# Accepted by a provider that returned no id.
_WITHOUT_ID = text("provider_id IS NULL AND state IN ('taken', 'accepted')")

message = Table(
    "message",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("client", _TEXT, nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("campaign", _TEXT, nullable=False),
    Column("customer", _TEXT, nullable=False),
    # Empty in a scheduled campaign. A customer can meet a trigger many times; each time is an occasion.
    Column("occasion", _TEXT, nullable=False),
    Column("template", BigInteger, nullable=False),
    Column("number", _TEXT),
    # The provider's name for the recipient, and the message's part of the request to the provider.
    Column("recipient", _TEXT),
    Column("content", _TEXT),
    Column("batch", _TEXT),
    Column("state", _TEXT, nullable=False),
    Column("reason", _TEXT),
    Column("provider_id", _TEXT),
    # When it was accepted, rejected or dropped; when its final status arrived; its state in the last report.
    Column("settled_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("reported_state", _TEXT),
    Index("message_key", "client", "channel", "campaign", "customer", "occasion", unique=True),
    Index("message_batch_recipient", "client", "batch", "recipient", unique=True),
    Index("message_provider_id", "client", "provider_id"),
    _partial("message_without_id", "client", "recipient", where=_WITHOUT_ID),
    # Not by state: each receipt would then change two entries at random places, a third of its cost.
    _partial("message_never_reported", "client", "channel", "campaign", where=text("reported_state IS NULL")),
    _partial("message_taken", "client", "channel", "campaign", where=text("state = 'taken'")),
    _partial("message_settled", "client", "channel", "campaign", "settled_at", where=text("occasion <> ''")),
)

# Messages that have changed since they were reported, in the order of their changes.
changed_message = Table(
    "changed_message",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("client", _TEXT, nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("campaign", _TEXT, nullable=False),
    Column("message", _ID, nullable=False),
    Index("changed_message_campaign", "client", "channel", "campaign"),
)
SQLITE_TRIGGER = """
CREATE TRIGGER IF NOT EXISTS message_changed AFTER UPDATE OF state ON message
WHEN OLD.reported_state IS NOT NULL AND NEW.state <> OLD.state
BEGIN
    INSERT INTO changed_message (client, channel, campaign, message)
    VALUES (NEW.client, NEW.channel, NEW.campaign, NEW.id);
END
"""
POSTGRES_FUNCTIONS = (
    """
CREATE OR REPLACE FUNCTION note_changed_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO changed_message (client, channel, campaign, message)
    VALUES (NEW.client, NEW.channel, NEW.campaign, NEW.id);
    RETURN NULL;
END
$$
""",
    """
CREATE OR REPLACE TRIGGER message_changed AFTER UPDATE OF state ON message FOR EACH ROW
WHEN (OLD.reported_state IS NOT NULL AND NEW.state <> OLD.state) EXECUTE FUNCTION note_changed_message()
""",
    # What SQLite calls json_each: the values of an array or an object in text. PostgreSQL has no text with U+0000.
    """
CREATE OR REPLACE FUNCTION json_each(document text) RETURNS TABLE (key text, value text)
LANGUAGE sql IMMUTABLE ROWS 100 AS $$
    WITH given AS (SELECT replace(document, '\\u0000', '\\ufffd')::json AS parsed)
    SELECT NULL::text, element
    FROM given, json_array_elements_text(CASE json_typeof(parsed) WHEN 'array' THEN parsed ELSE '[]' END) AS element
    UNION ALL
    SELECT pair.key, pair.value
    FROM given, json_each_text(CASE json_typeof(parsed) WHEN 'object' THEN parsed ELSE '{}' END) AS pair
$$
""",
)

# Messages by number, up to the message in `numbered`: see storage/message_numbers.py.
message_number = Table(
    "message_number",
    metadata,
    Column("client", _TEXT, primary_key=True),
    Column("number", _TEXT, primary_key=True),
    Column("message", _ID, primary_key=True),
    sqlite_with_rowid=False,
)
numbered = Table("numbered", metadata, Column("message", _ID, nullable=False))

# The number of messages by their state in the last report.
reported_count = Table(
    "reported_count",
    metadata,
    Column("client", _TEXT, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("campaign", _TEXT, primary_key=True),
    Column("template", BigInteger, primary_key=True),
    Column("state", _TEXT, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# Receipts of providers that identify a message only by the provider's id.
_BY_ID = text("batch = ''")

receipt = Table(
    "receipt",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("client", _TEXT, nullable=False),
    Column("batch", _TEXT, nullable=False),
    Column("recipient", _TEXT, nullable=False),
    Column("status_code", _TEXT, nullable=False),
    Column("provider_time", _TEXT, nullable=False),
    Column("message", _TEXT, nullable=False),
    Column("template", BigInteger),
    # applied, repeated, illegal, stray or marked
    Column("result", _TEXT, nullable=False),
    _partial("receipt_message", "client", "message", where=_BY_ID),
)

# The number of receipts by result. An index of `receipt` by batch would cost each receipt more than storing it.
receipt_count = Table(
    "receipt_count",
    metadata,
    Column("client", _TEXT, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("campaign", _TEXT, primary_key=True),
    Column("result", _TEXT, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# A customer's reactions to a message: clicks (any number) and opt-outs.
engagement = Table(
    "engagement",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("client", _TEXT, nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("campaign", _TEXT, nullable=False),
    Column("customer", _TEXT, nullable=False),
    Column("occasion", _TEXT, nullable=False),
    Column("template", BigInteger, nullable=False),
    Column("kind", _TEXT, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reported", Boolean, nullable=False),
    Index("engagement_customer", "client", "channel", "campaign", "template", "kind", "customer"),
    _partial("engagement_unreported", "client", "channel", "campaign", where=text("NOT reported")),
)

# One row per trigger event; `key` identifies repetitions of the same event.
trigger = Table(
    "trigger",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("client", _TEXT, nullable=False),
    Column("key", _TEXT, nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("campaign", _TEXT, nullable=False),
    Column("body", _TEXT, nullable=False),
    Index("trigger_key", "client", "key", unique=True),
)

# The value of each total at its last report, if Optimove adds up reported values.
reported_total = Table(
    "reported_total",
    metadata,
    Column("client", _TEXT, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("campaign", _TEXT, primary_key=True),
    Column("template", BigInteger, primary_key=True),
    Column("metric", Integer, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# Numbers that want no messages. `processed` once the reports and Optimove include the opt-out. No id is used twice.
opt_out = Table(
    "opt_out",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("client", _TEXT, nullable=False),
    Column("number", _TEXT, nullable=False),
    Column("source", _TEXT, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("processed", Boolean, nullable=False),
    Index("opt_out_number", "client", "number", unique=True),
    _partial("opt_out_new", "client", "number", where=text("NOT processed")),
    sqlite_autoincrement=True,
)

# The opt-outs on the list of a channel's provider, when it was last read: `listed` is the number as the provider wrote
# it. Only the difference to the next list has to be looked at.
listed_opt_out = Table(
    "listed_opt_out",
    metadata,
    Column("client", _TEXT, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("listed", _TEXT, primary_key=True),
    Column("number", _TEXT, nullable=False),
    Index("listed_opt_out_number", "client", "number"),
    sqlite_with_rowid=False,
)

# The decision for each customer of a campaign that waits for clearance.
clearance = Table(
    "clearance",
    metadata,
    Column("client", _TEXT, primary_key=True),
    Column("campaign", _TEXT, primary_key=True),
    Column("customer", _TEXT, primary_key=True),
    Column("allowed", Boolean),
)

# Channels that pause because their provider refused a send with "too many"; `refusals` in a row.
backoff = Table(
    "backoff",
    metadata,
    Column("client", _TEXT, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("refusals", Integer, nullable=False),
)

# Calls to Optimove within the window of the rate limit.
optimove_call = Table(
    "optimove_call",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("client", _TEXT, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("optimove_call_at", "client", "at"),
)
