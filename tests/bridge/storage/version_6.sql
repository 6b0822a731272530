-- The tables of version 6, as SQLite dumps them, with some rows.
CREATE TABLE backoff (
    client TEXT NOT NULL,
    channel BIGINT NOT NULL,
    until BIGINT NOT NULL,
    refusals INTEGER NOT NULL,
    PRIMARY KEY (client, channel)
);
CREATE TABLE batch (
    client TEXT NOT NULL,
    id TEXT NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    sending_since BIGINT,
    PRIMARY KEY (client, id)
);
CREATE TABLE campaign (
    client TEXT NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    state TEXT NOT NULL,
    first_sent_at BIGINT,
    app TEXT,
    PRIMARY KEY (client, channel, campaign)
);
CREATE TABLE clearance (
    client TEXT NOT NULL,
    campaign TEXT NOT NULL,
    customer TEXT NOT NULL,
    allowed BOOLEAN,
    PRIMARY KEY (client, campaign, customer)
);
CREATE TABLE engagement (
    id INTEGER NOT NULL,
    client TEXT NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    customer TEXT NOT NULL,
    occasion TEXT NOT NULL,
    template BIGINT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    reported BOOLEAN NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE event (
    client TEXT NOT NULL,
    type INTEGER NOT NULL,
    campaign TEXT NOT NULL,
    channel BIGINT NOT NULL,
    optimove_time TEXT NOT NULL,
    PRIMARY KEY (client, type, campaign, channel)
);
CREATE TABLE job (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    lane TEXT NOT NULL,
    payload TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    owner TEXT,
    lease_until FLOAT,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    PRIMARY KEY (id)
);
CREATE TABLE message (
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
    reported INTEGER NOT NULL,
    PRIMARY KEY (client, channel, campaign, customer, occasion)
);
CREATE TABLE opt_out (
    client TEXT NOT NULL,
    number TEXT NOT NULL,
    source TEXT NOT NULL,
    at BIGINT NOT NULL,
    processed BOOLEAN NOT NULL,
    PRIMARY KEY (client, number)
);
CREATE TABLE optimove_call (
    id INTEGER NOT NULL,
    client TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE receipt (
    id INTEGER NOT NULL,
    client TEXT NOT NULL,
    batch TEXT NOT NULL,
    recipient TEXT NOT NULL,
    status_code TEXT NOT NULL,
    provider_time TEXT NOT NULL,
    message TEXT NOT NULL,
    template BIGINT,
    result TEXT,
    PRIMARY KEY (id)
);
CREATE TABLE reported_total (
    client TEXT NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    template BIGINT NOT NULL,
    metric INTEGER NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (client, channel, campaign, template, metric)
);
CREATE TABLE run (
    id INTEGER NOT NULL,
    started BIGINT NOT NULL,
    seen BIGINT,
    PRIMARY KEY (id)
);
CREATE TABLE template (
    client TEXT NOT NULL,
    channel BIGINT NOT NULL,
    id BIGINT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (client, channel, id)
);
CREATE TABLE "trigger" (
    id INTEGER NOT NULL,
    client TEXT NOT NULL,
    "key" TEXT NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX job_due ON job (state, due_at);
CREATE INDEX batch_campaign ON batch (client, channel, campaign, state);
CREATE INDEX message_provider_id ON message (client, provider_id);
CREATE UNIQUE INDEX message_batch_recipient ON message (client, batch, recipient);
CREATE INDEX message_without_id ON message (client, recipient) WHERE provider_id IS NULL AND state IN ('taken', 'accepted');
CREATE INDEX receipt_new ON receipt (id) WHERE result IS NULL;
CREATE INDEX receipt_batch ON receipt (client, batch);
CREATE INDEX receipt_message ON receipt (client, message) WHERE batch = '';
CREATE INDEX engagement_campaign ON engagement (client, channel, campaign);
CREATE UNIQUE INDEX trigger_key ON "trigger" (client, "key");
CREATE INDEX optimove_call_at ON optimove_call (client, at);
INSERT INTO job VALUES ('process_receipts:1', 'process_receipts', '', '{}', 0, 'due', NULL, NULL, 0, NULL);
INSERT INTO batch VALUES ('acme', 'b1', 505, '7001', 0, 'settled', 0);
INSERT INTO message VALUES
    ('acme', 505, '7001', 'C1', '', 11, '447100000001', '447100000001', '{}', 'b1', 'delivered', NULL, '1', 5, 6, 3),
    ('acme', 505, '7001', 'C2', '', 11, '447100000002', '447100000002', '{}', 'b1', 'delivered', NULL, '2', 5, 7, 1),
    ('acme', 505, '7001', 'C3', '', 11, '447100000003', '447100000003', '{}', 'b1', 'accepted', NULL, '3', 5, NULL, 0),
    ('acme', 505, '7001', 'C4', '', 11, NULL, NULL, NULL, NULL, 'dropped', 'unusable_number', NULL, 5, NULL, 4);
INSERT INTO receipt VALUES
    (1, 'acme', 'b1', '447100000001', 'D', '', '', NULL, 'applied'),
    (2, 'acme', 'b1', '447100000002', 'D', '', '', NULL, 'applied'),
    (3, 'acme', 'b1', '447100000003', 'D', '', '', NULL, NULL);
INSERT INTO opt_out VALUES ('acme', '447100000009', 'listed by textlocal', 3, TRUE), ('acme', '447100000008', 'reply', 4, FALSE);
PRAGMA user_version = 6;
