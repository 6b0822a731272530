-- From version 6 to 7: messages have ids, and what was reported of them is a state instead of bits; receipts are applied
-- when they are stored.

DROP INDEX message_batch_recipient;
DROP INDEX message_provider_id;
DROP INDEX message_without_id;
DROP INDEX receipt_new;
DROP INDEX receipt_batch;
DROP INDEX receipt_message;
DROP INDEX engagement_campaign;

ALTER TABLE message RENAME TO old_message;
ALTER TABLE receipt RENAME TO old_receipt;
ALTER TABLE opt_out RENAME TO old_opt_out;

CREATE TABLE message (
    id INTEGER NOT NULL,
    client TEXT NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    customer TEXT NOT NULL,
    occasion TEXT NOT NULL,
    template BIGINT NOT NULL,
    number TEXT,
    recipient TEXT,
    content TEXT,
    batch TEXT,
    state TEXT NOT NULL,
    reason TEXT,
    provider_id TEXT,
    settled_at BIGINT,
    ended_at BIGINT,
    reported_state TEXT,
    PRIMARY KEY (id)
);

-- The bits of `reported` are 1 for sent, 2 for delivered, 4 for dropped, and 8 for bounced.
INSERT INTO message
SELECT
    rowid, client, channel, campaign, customer, occasion, template, number, recipient, content, batch, state, reason,
    provider_id, settled_at, ended_at,
    CASE
        WHEN state = 'delivered' AND reported & 2 THEN state
        WHEN state IN ('undelivered', 'invalid', 'expired') AND reported & 8 THEN state
        WHEN state IN ('dropped', 'rejected') AND reported & 4 THEN state
        WHEN state = 'unknown' AND reported & 1 THEN state
        WHEN reported & 1 THEN 'accepted'
    END
FROM old_message ORDER BY rowid;
DROP TABLE old_message;

CREATE UNIQUE INDEX message_batch_recipient ON message (client, batch, recipient);
CREATE UNIQUE INDEX message_key ON message (client, channel, campaign, customer, occasion);
CREATE INDEX message_never_reported ON message (client, channel, campaign) WHERE reported_state IS NULL;
CREATE INDEX message_provider_id ON message (client, provider_id);
CREATE INDEX message_settled ON message (client, channel, campaign, settled_at) WHERE occasion <> '';
CREATE INDEX message_taken ON message (client, channel, campaign) WHERE state = 'taken';
CREATE INDEX message_without_id ON message (client, recipient) WHERE provider_id IS NULL AND state IN ('taken', 'accepted');

CREATE TABLE changed_message (
    id INTEGER NOT NULL,
    client TEXT NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX changed_message_campaign ON changed_message (client, channel, campaign);

INSERT INTO changed_message (client, channel, campaign, message)
SELECT client, channel, campaign, id FROM message WHERE reported_state <> state ORDER BY id;

CREATE TRIGGER message_changed AFTER UPDATE OF state ON message
WHEN OLD.reported_state IS NOT NULL AND NEW.state <> OLD.state
BEGIN
    INSERT INTO changed_message (client, channel, campaign, message)
    VALUES (NEW.client, NEW.channel, NEW.campaign, NEW.id);
END;

CREATE TABLE message_number (
    client TEXT NOT NULL,
    number TEXT NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (client, number, message)
) WITHOUT ROWID;
CREATE TABLE numbered (
    message INTEGER NOT NULL
);

CREATE TABLE reported_count (
    client TEXT NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    template BIGINT NOT NULL,
    state TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (client, channel, campaign, template, state)
);

INSERT INTO reported_count
SELECT client, channel, campaign, template, reported_state, COUNT(*) FROM message WHERE reported_state IS NOT NULL
GROUP BY client, channel, campaign, template, reported_state;

-- A receipt that no job has applied yet is treated like one of an unknown message. The status of its message is polled
-- later, and opt-outs are on the provider's list, which is read at the next start.
CREATE TABLE receipt (
    id INTEGER NOT NULL,
    client TEXT NOT NULL,
    batch TEXT NOT NULL,
    recipient TEXT NOT NULL,
    status_code TEXT NOT NULL,
    provider_time TEXT NOT NULL,
    message TEXT NOT NULL,
    template BIGINT,
    result TEXT NOT NULL,
    PRIMARY KEY (id)
);

INSERT INTO receipt
SELECT id, client, batch, recipient, status_code, provider_time, message, template, COALESCE(result, 'stray')
FROM old_receipt ORDER BY id;
DROP TABLE old_receipt;
CREATE INDEX receipt_message ON receipt (client, message) WHERE batch = '';
DELETE FROM job WHERE kind = 'process_receipts';

CREATE TABLE receipt_count (
    client TEXT NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    result TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (client, channel, campaign, result)
);

INSERT INTO receipt_count
SELECT batch.client, batch.channel, batch.campaign, receipt.result, COUNT(*)
FROM receipt JOIN batch ON batch.client = receipt.client AND batch.id = receipt.batch
GROUP BY batch.client, batch.channel, batch.campaign, receipt.result;

CREATE INDEX engagement_customer ON engagement (client, channel, campaign, template, kind, customer);
CREATE INDEX engagement_unreported ON engagement (client, channel, campaign) WHERE NOT reported;

CREATE TABLE opt_out (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    client TEXT NOT NULL,
    number TEXT NOT NULL,
    source TEXT NOT NULL,
    at BIGINT NOT NULL,
    processed BOOLEAN NOT NULL
);

INSERT INTO opt_out (client, number, source, at, processed)
SELECT client, number, CASE WHEN source LIKE 'listed by %' THEN 'listed' ELSE source END, at, processed
FROM old_opt_out ORDER BY at, client, number;
DROP TABLE old_opt_out;
CREATE INDEX opt_out_new ON opt_out (client, number) WHERE NOT processed;
CREATE UNIQUE INDEX opt_out_number ON opt_out (client, number);

-- The next list of each provider fills it.
CREATE TABLE listed_opt_out (
    client TEXT NOT NULL,
    channel BIGINT NOT NULL,
    listed TEXT NOT NULL,
    number TEXT NOT NULL,
    PRIMARY KEY (client, channel, listed)
) WITHOUT ROWID;
CREATE INDEX listed_opt_out_number ON listed_opt_out (client, number);

CREATE INDEX job_claim ON job (lane, due_at, id, kind) WHERE state = 'due';

ALTER TABLE run ADD COLUMN settings TEXT;
