-- The result of each recipient, from the deliveries that were matched to it. The first one is the best match.

CREATE INDEX pair_obligation ON pair (obligation);

-- A campaign that is cancelled before a bridge without virtual time can see that: its messages are out already. Where
-- another campaign has the same text, they look like duplicates of its messages.
CREATE TABLE moved AS
SELECT obligation, delivery FROM (
    SELECT cancelled.id AS obligation, pair.delivery,
        ROW_NUMBER() OVER (PARTITION BY cancelled.id ORDER BY pair.obligation, pair.rowid) AS place,
        ROW_NUMBER() OVER (PARTITION BY pair.delivery ORDER BY cancelled.id) AS turn
    FROM run, obligation AS cancelled
    JOIN cancellation USING (campaign, channel)
    JOIN obligation AS other ON other.number = cancelled.number
    JOIN pair ON pair.obligation = other.id
    JOIN delivery ON delivery.id = pair.delivery
    WHERE NOT timed AND cancelled.reason = 'cancelled'
        AND cancelled.id NOT IN (SELECT obligation FROM pair)
        AND EXISTS (SELECT 1 FROM pair AS first WHERE first.obligation = other.id AND first.rowid < pair.rowid)
        AND (ends_at IS NULL OR send_at <= IIF(delivery.at <= ends_at, withdrawn_by, ends_at)))
WHERE place = turn;
DELETE FROM pair WHERE delivery IN (SELECT delivery FROM moved);
INSERT INTO pair (obligation, delivery) SELECT obligation, delivery FROM moved;

CREATE TABLE got AS
SELECT obligation, COUNT(*) AS messages, MIN(pair.rowid) AS first_pair,
    MAX(EXISTS (SELECT 1 FROM opted_out
        WHERE opted_out.obligation = pair.obligation AND is_certain AND send_at >= since
            AND (until IS NULL OR send_at < until) AND send_at > known_at
            AND (delivery.at > known_at OR send_at > COALESCE((
                SELECT by FROM withdrawn WHERE withdrawn.period = opted_out.period
                    AND withdrawn.service = delivery.service), known_at)))) AS against_consent
FROM pair JOIN delivery ON delivery.id = pair.delivery GROUP BY obligation;
CREATE UNIQUE INDEX got_obligation ON got (obligation);

CREATE TABLE refused AS
SELECT number, text, message_type FROM rejection JOIN permanent_rejection ON provider = service
WHERE permanent_rejection.code IN (rejection.code, rejection.reason);

CREATE INDEX refused_number ON refused (number, text);

CREATE TABLE result AS
SELECT obligation.id AS obligation, CASE
    WHEN NOT owed AND messages IS NULL
        THEN CASE WHEN reason IN ('outside_segment', 'suppressed', 'no_device', 'unsubscribed') THEN 'refused' ELSE 'withheld' END
    WHEN NOT owed AND reason = 'cancelled' AND cancelled_at IS NOT NULL AND messages = 1
        THEN CASE WHEN ends_at IS NULL OR send_at <= IIF(delivery.at <= ends_at, withdrawn_by, ends_at)
            THEN IIF(timed AND send_at < due - 1000, 'early', 'indefinite') ELSE 'unexpected' END
    WHEN NOT owed THEN CASE WHEN reason = 'opted_out' THEN 'sent to opted-out' ELSE 'unexpected' END
    WHEN testing THEN CASE WHEN messages IS NULL THEN 'withheld' ELSE 'unexpected' END
    WHEN due > ended OR (messages IS NULL AND deadline > ended) THEN 'pending'
    WHEN messages IS NULL AND EXISTS (SELECT 1 FROM opted_out
        WHERE opted_out.obligation = obligation.id AND since <= deadline AND (over_known_at IS NULL OR deadline < over_known_at)) THEN 'withheld'
    WHEN against_consent THEN 'sent to opted-out'
    WHEN messages IS NULL AND EXISTS (SELECT 1 FROM refused
        WHERE refused.number = obligation.number AND refused.text = obligation.text
            AND COALESCE(refused.message_type, channel.message, 'sms') = COALESCE(channel.message, 'sms')) THEN 'refused'
    WHEN messages IS NULL AND deadline > cancelled_at THEN 'withheld'
    WHEN messages IS NULL THEN 'lost'
    WHEN messages > 1 THEN 'duplicated'
    WHEN delivery.place <> obligation.place OR obligation.number IS NULL THEN 'wrong number'
    WHEN delivery.text IS NOT obligation.text THEN CASE
        WHEN trigger_name IS NOT NULL AND obligation.channel IN (SELECT channel FROM free_text) THEN 'indefinite'
        ELSE 'wrong text' END
    WHEN timed AND send_at < due - 1000 THEN 'early'
    WHEN timed AND send_at > deadline THEN 'late'
    ELSE 'ok' END AS kind
FROM run, obligation
LEFT JOIN channel ON channel.channel = obligation.channel
LEFT JOIN cancellation ON cancellation.campaign = obligation.campaign AND cancellation.channel = obligation.channel
LEFT JOIN got ON got.obligation = obligation.id
LEFT JOIN pair ON pair.rowid = first_pair
LEFT JOIN delivery ON delivery.id = pair.delivery
ORDER BY obligation.id;
CREATE UNIQUE INDEX result_obligation ON result (obligation);

-- A loss that the bridge cannot know: no event reached it, or a send failed without a response that says so, at a
-- provider that keeps no record. Each such send was for one message.
UPDATE result SET kind = 'indefinite'
WHERE kind = 'lost' AND obligation IN (SELECT id FROM obligation WHERE notified IS NULL);

CREATE TABLE failed_send AS
SELECT position AS id, service AS provider, at, 0 AS killed FROM request
WHERE fault IS NOT NULL AND NOT effect AND hidden AND status NOT BETWEEN 400 AND 499
    AND CASE WHEN service IN (SELECT provider FROM send_operation)
        THEN operation IN (SELECT operation FROM send_operation WHERE provider = service)
        ELSE service <> 'optimove' END
    AND NOT EXISTS (SELECT 1 FROM record WHERE provider = service AND (operation IS NULL OR operation IN (
        SELECT operation FROM request AS look_up
        WHERE look_up.service = record.provider AND status BETWEEN 200 AND 299)));

-- A bridge makes a few calls at once. One that was killed cannot know about up to eight messages that it was sending.
INSERT INTO failed_send
WITH RECURSIVE number (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM number WHERE value < 8)
SELECT 1000000000 + place * 8 + value, channel_provider, at, 1
FROM injection, number, (SELECT DISTINCT provider AS channel_provider FROM channel)
WHERE fault = 'kill' AND NOT EXISTS (SELECT 1 FROM record WHERE record.provider = channel_provider
    AND (operation IS NULL OR operation IN (
        SELECT operation FROM request AS look_up
        WHERE look_up.service = record.provider AND status BETWEEN 200 AND 299)));
