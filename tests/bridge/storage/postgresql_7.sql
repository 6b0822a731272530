-- The tables of version 7 in PostgreSQL, with some rows.
CREATE TABLE backoff (
    client TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    until BIGINT NOT NULL,
    refusals INTEGER NOT NULL,
    PRIMARY KEY (client, channel)
);
CREATE TABLE batch (
    client TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    sending_since BIGINT,
    PRIMARY KEY (client, id)
);
CREATE INDEX batch_campaign ON batch (client, channel, campaign, state);
CREATE TABLE campaign (
    client TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    first_sent_at BIGINT,
    app TEXT COLLATE "C",
    PRIMARY KEY (client, channel, campaign)
);
CREATE TABLE changed_message (
    id BIGSERIAL NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    message BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX changed_message_campaign ON changed_message (client, channel, campaign);
CREATE TABLE clearance (
    client TEXT COLLATE "C" NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    customer TEXT COLLATE "C" NOT NULL,
    allowed BOOLEAN,
    PRIMARY KEY (client, campaign, customer)
);
CREATE TABLE engagement (
    id BIGSERIAL NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    customer TEXT COLLATE "C" NOT NULL,
    occasion TEXT COLLATE "C" NOT NULL,
    template BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    reported BOOLEAN NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX engagement_customer ON engagement (client, channel, campaign, template, kind, customer);
CREATE INDEX engagement_unreported ON engagement (client, channel, campaign) WHERE NOT reported;
CREATE TABLE event (
    client TEXT COLLATE "C" NOT NULL,
    type INTEGER NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    optimove_time TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (client, type, campaign, channel)
);
CREATE TABLE job (
    id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    lane TEXT COLLATE "C" NOT NULL,
    payload TEXT COLLATE "C" NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C",
    lease_until FLOAT,
    attempts INTEGER NOT NULL,
    last_error TEXT COLLATE "C",
    PRIMARY KEY (id)
);
CREATE INDEX job_claim ON job (lane, due_at, id, kind) WHERE state = 'due';
CREATE INDEX job_due ON job (state, due_at);
CREATE TABLE listed_opt_out (
    client TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    listed TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (client, channel, listed)
);
CREATE INDEX listed_opt_out_number ON listed_opt_out (client, number);
CREATE TABLE message (
    id BIGSERIAL NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    customer TEXT COLLATE "C" NOT NULL,
    occasion TEXT COLLATE "C" NOT NULL,
    template BIGINT NOT NULL,
    number TEXT COLLATE "C",
    recipient TEXT COLLATE "C",
    content TEXT COLLATE "C",
    batch TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    provider_id TEXT COLLATE "C",
    settled_at BIGINT,
    ended_at BIGINT,
    reported_state TEXT COLLATE "C",
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX message_batch_recipient ON message (client, batch, recipient);
CREATE UNIQUE INDEX message_key ON message (client, channel, campaign, customer, occasion);
CREATE INDEX message_never_reported ON message (client, channel, campaign) WHERE reported_state IS NULL;
CREATE INDEX message_provider_id ON message (client, provider_id);
CREATE INDEX message_settled ON message (client, channel, campaign, settled_at) WHERE occasion <> '';
CREATE INDEX message_taken ON message (client, channel, campaign) WHERE state = 'taken';
CREATE INDEX message_without_id ON message (client, recipient) WHERE provider_id IS NULL AND state IN ('taken', 'accepted');
CREATE TABLE message_number (
    client TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    message BIGINT NOT NULL,
    PRIMARY KEY (client, number, message)
);
CREATE TABLE numbered (
    message BIGINT NOT NULL
);
CREATE TABLE opt_out (
    id BIGSERIAL NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    processed BOOLEAN NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX opt_out_new ON opt_out (client, number) WHERE NOT processed;
CREATE UNIQUE INDEX opt_out_number ON opt_out (client, number);
CREATE TABLE optimove_call (
    id BIGSERIAL NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX optimove_call_at ON optimove_call (client, at);
CREATE TABLE receipt (
    id BIGSERIAL NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    batch TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    status_code TEXT COLLATE "C" NOT NULL,
    provider_time TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    template BIGINT,
    result TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX receipt_message ON receipt (client, message) WHERE batch = '';
CREATE TABLE receipt_count (
    client TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (client, channel, campaign, result)
);
CREATE TABLE reported_count (
    client TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    template BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (client, channel, campaign, template, state)
);
CREATE TABLE reported_total (
    client TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    template BIGINT NOT NULL,
    metric INTEGER NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (client, channel, campaign, template, metric)
);
CREATE TABLE run (
    id BIGSERIAL NOT NULL,
    started BIGINT NOT NULL,
    seen BIGINT,
    settings TEXT COLLATE "C",
    PRIMARY KEY (id)
);
CREATE TABLE template (
    client TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    id BIGINT NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (client, channel, id)
);
CREATE TABLE trigger (
    id BIGSERIAL NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    channel BIGINT NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX trigger_key ON trigger (client, key);
CREATE OR REPLACE FUNCTION note_changed_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO changed_message (client, channel, campaign, message)
    VALUES (NEW.client, NEW.channel, NEW.campaign, NEW.id);
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER message_changed AFTER UPDATE OF state ON message FOR EACH ROW
WHEN (OLD.reported_state IS NOT NULL AND NEW.state <> OLD.state) EXECUTE FUNCTION note_changed_message();
CREATE OR REPLACE FUNCTION json_each(document text) RETURNS TABLE (key text, value text)
LANGUAGE sql IMMUTABLE ROWS 100 AS $$
    WITH given AS (SELECT replace(document, '\u0000', '\ufffd')::json AS parsed)
    SELECT NULL::text, element
    FROM given, json_array_elements_text(CASE json_typeof(parsed) WHEN 'array' THEN parsed ELSE '[]' END) AS element
    UNION ALL
    SELECT pair.key, pair.value
    FROM given, json_each_text(CASE json_typeof(parsed) WHEN 'object' THEN parsed ELSE '{}' END) AS pair
$$;
CREATE TABLE schema_version AS SELECT 7 AS version;
INSERT INTO run (started) VALUES (0);
INSERT INTO event VALUES ('acme', 13, '7001', 505, '2026-03-02 06:00:00');
INSERT INTO job VALUES ('push_metrics:acme:505:7001:1', 'push_metrics', 'optimove:acme', '{}', 9, 'due', NULL, NULL, 0, NULL);
INSERT INTO campaign VALUES ('acme', 505, '7001', 'reporting', 5, NULL);
INSERT INTO batch VALUES ('acme', 'b1', 505, '7001', 0, 'settled', 0);
INSERT INTO message
    (client, channel, campaign, customer, occasion, template, number, recipient, content, batch, state, provider_id, settled_at, reported_state)
    VALUES ('acme', 505, '7001', 'C1', '', 11, '447100000001', '447100000001', '{}', 'b1', 'accepted', '1', 5, 'accepted'),
    ('acme', 505, '7001', 'C2', '', 11, '447100000002', '447100000002', '{}', 'b1', 'accepted', '2', 5, NULL);
UPDATE message SET state = 'delivered', ended_at = 6 WHERE customer = 'C1';
INSERT INTO reported_count VALUES ('acme', 505, '7001', 11, 'accepted', 1);
