-- The opt-outs during the run. `since` and `until` are their times. From `known_at` on, the bridge knows of the opt-out,
-- and from `over_known_at` on, of its end. No channel means all channels with this type of `message`.

CREATE TABLE opt_out AS
SELECT
    position,
    kind,
    ms(json_extract(body, '$.at')) AS at,
    json_extract(body, '$.service') AS service,
    json_extract(body, '$.number') AS number,
    COALESCE(json_extract(body, '$.message_type'), 'sms') AS message,
    folded(json_extract(body, '$.text')) AS words
FROM line WHERE kind IN ('opt_out', 'opt_in', 'inbound');

CREATE TABLE acknowledged AS
SELECT webhook.service, key, CASE WHEN NOT dropped AND status BETWEEN 200 AND 299 THEN at END AS at
FROM webhook JOIN opt_out_event ON provider = webhook.service AND opt_out_event.event = webhook.event
WHERE EXISTS (SELECT 1 FROM opt_out WHERE kind = 'opt_out');

-- A reply is known by its place among the inbound messages of the provider, if all of them were passed on.
CREATE TABLE reply AS
SELECT service, number, at AS replied_at, words, COUNT(*) OVER (PARTITION BY service) AS replies,
    ROW_NUMBER() OVER (PARTITION BY service ORDER BY position) AS place
FROM opt_out WHERE kind = 'inbound';
CREATE INDEX reply_number ON reply (service, number, replied_at);
CREATE TABLE passed_on AS
SELECT service, key, COUNT(*) OVER (PARTITION BY service) AS replies,
    ROW_NUMBER() OVER (PARTITION BY service ORDER BY CAST(substr(key, 9) AS INTEGER), key) AS place
FROM (SELECT DISTINCT service, key FROM acknowledged) WHERE key LIKE 'inbound:%';

-- What the bridge was told about a number: by a webhook about a message, or by a reply.
CREATE TABLE told AS
SELECT delivery.service, delivery.number, COALESCE(delivery.message_type, 'sms') AS message,
    NULL AS replied_at, NULL AS words, acknowledged.at
FROM acknowledged JOIN delivery ON delivery.service = acknowledged.service
    AND delivery.message = part(acknowledged.key, 1)
WHERE acknowledged.key NOT LIKE 'inbound:%' AND acknowledged.at IS NOT NULL
UNION ALL
SELECT service, number, NULL, replied_at, words, at
FROM reply JOIN passed_on USING (service, replies, place) JOIN acknowledged USING (service, key)
WHERE at IS NOT NULL;
CREATE INDEX told_number ON told (service, number);

-- The first report of each opt-out. A reply reports it if it made it, or repeats the same words later, in any spelling.
CREATE TABLE first_report AS
SELECT opt_out.position, MIN(told.at) AS at
FROM opt_out JOIN told ON told.service = opt_out.service AND told.number = opt_out.number AND told.at >= opt_out.at
WHERE opt_out.kind = 'opt_out' AND CASE WHEN told.replied_at IS NULL THEN told.message = opt_out.message
    ELSE told.replied_at >= opt_out.at AND told.words IN (
        SELECT words FROM reply WHERE reply.service = opt_out.service AND reply.number = opt_out.number
            AND reply.replied_at = opt_out.at) END
GROUP BY opt_out.position;

-- What kept the bridge from reading a provider's list, and when it must have made up for it. After an outage or a refused
-- reading, that is half a day later, or soon after the next reading. A limit of the key ends by itself.
CREATE TABLE reading AS
SELECT service, at FROM request
WHERE (service, operation) IN (SELECT provider, operation FROM opt_out_list)
    AND fault_id IS NULL AND status BETWEEN 200 AND 299;
CREATE TABLE unread_list AS
SELECT listed.provider AS service, began, ended, MIN(passed(until, 43200000), COALESCE(
        (SELECT later(MIN(reading.at), grace()) FROM reading
            WHERE reading.service = listed.provider AND reading.at > ended HAVING COUNT(*) > 0),
        passed(until, 43200000))) AS over
FROM (SELECT DISTINCT provider FROM opt_out_list) AS listed
JOIN (SELECT service, name, fault, target, at AS began, until, IIF(fault = 'kill', until, at) AS ended
    FROM injection) AS missed
    ON fault = 'kill' OR (target = 'call' AND missed.service = listed.provider
        AND (missed.service, name) IN (SELECT provider, operation FROM opt_out_list))
UNION ALL
SELECT injection.service, injection.at, until, later(until, grace())
FROM injection LEFT JOIN request ON request.position = injection.request
WHERE injection.target = 'call' AND injection.fault <> 'kill'
    AND (injection.fault IN ('rate_limited', 'unauthorized') OR request.status IN (401, 403, 429))
UNION ALL
SELECT service, at, at + retry_after, later(at + retry_after, grace())
FROM request WHERE status = 429 AND fault_id IS NULL;

-- When a change of a list must have been seen: half a day later, or when what kept the bridge from that is over.
CREATE TABLE change AS
SELECT position, service, at FROM opt_out WHERE kind <> 'inbound';
CREATE TABLE listed_delay AS
SELECT change.position, began, over, ROW_NUMBER() OVER (PARTITION BY change.position ORDER BY began) AS turn
FROM change JOIN unread_list ON unread_list.service = change.service AND ended >= change.at;
CREATE INDEX listed_delay_turn ON listed_delay (position, turn);
CREATE TABLE seen AS
SELECT position, (
    WITH RECURSIVE extended (turn, ends) AS (
        SELECT 0, passed(change.at, 43200000)
        UNION ALL
        SELECT listed_delay.turn, MAX(ends, over)
        FROM extended JOIN listed_delay
            ON listed_delay.position = change.position AND listed_delay.turn = extended.turn + 1
        WHERE began <= ends)
    SELECT MAX(ends) FROM extended) AS at
FROM change;
CREATE UNIQUE INDEX seen_position ON seen (position);

-- A bridge has 5 minutes to act on what it learns; one outside virtual time has 90 seconds that it can see. A list of the
-- provider is read twice a day.
CREATE TABLE at_provider AS
SELECT DISTINCT
    opt_out.position,
    obligation.customer,
    opt_out.message,
    opt_out.at AS since,
    CASE
        WHEN first_report.at IS NOT NULL THEN later(first_report.at, grace())
        WHEN is_polled THEN (SELECT seen.at FROM seen WHERE seen.position = opt_out.position) END AS known_at,
    (SELECT MIN(at) FROM opt_out AS again WHERE again.kind = 'opt_in' AND again.service = opt_out.service
        AND again.number = opt_out.number AND again.message = opt_out.message AND again.at > opt_out.at) AS until,
    is_polled AS end_is_listed,
    opt_out.number
FROM (
    SELECT opt_out.*,
        timed AND message IN ('sms', 'email') AND service IN (SELECT provider FROM opt_out_list) AS is_polled
    FROM run, opt_out) AS opt_out
JOIN obligation ON obligation.number = opt_out.number
LEFT JOIN first_report ON first_report.position = opt_out.position
WHERE opt_out.kind = 'opt_out';

-- When the bridge must have seen the end of an opt-out in the list.
ALTER TABLE at_provider ADD COLUMN over_known_at INTEGER;
UPDATE at_provider SET over_known_at = (
    SELECT MAX(seen.at) FROM opt_out AS original
    JOIN opt_out AS again ON again.kind = 'opt_in' AND again.service = original.service
        AND again.number = original.number AND again.message = original.message AND again.at = until
    JOIN seen ON seen.position = again.position
    WHERE original.position = at_provider.position)
WHERE end_is_listed AND until IS NOT NULL;

-- What Optimove was told about the consent of a customer.
CREATE TABLE statement AS
SELECT
    position,
    0 AS place,
    json_extract(value, '$.customer') AS customer,
    NULL AS channel,
    CASE json_extract(value, '$.field')
        WHEN push_consent_attribute THEN 'push'
        WHEN web_push_consent_attribute THEN 'web_push'
        WHEN email_consent_attribute THEN 'email'
        ELSE 'sms' END AS message,
    ms(json_extract(line.body, '$.at')) AS at,
    json_extract(line.body, '$.source') = 'api' AS by_bridge,
    COALESCE(json_extract(value, '$.value') = '0', 0) AS opted_out
FROM run, line, json_each(line.body, '$.changes')
WHERE kind = 'attributes' AND json_extract(value, '$.field') 
    IN (consent_attribute, push_consent_attribute, web_push_consent_attribute, email_consent_attribute)
UNION ALL
SELECT
    position,
    key,
    value,
    json_extract(line.body, '$.channel'),
    NULL,
    ms(json_extract(line.body, '$.at')),
    json_extract(line.body, '$.source') = 'api',
    json_extract(line.body, '$.opted_out')
FROM line, json_each(line.body, '$.customers') WHERE kind = 'preference';

-- A period begins with an opt-out that follows no other one, and ends with the next statement to the contrary.
CREATE TABLE at_optimove AS
SELECT customer, channel, message, at AS since, until, CASE WHEN by_bridge THEN later(at, grace()) END AS known_at FROM (
    SELECT *,
        LAG(opted_out, 1, 0) OVER consent AS was_opted_out,
        MIN(CASE WHEN NOT opted_out THEN at END) OVER (PARTITION BY customer, channel, message ORDER BY position, place
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until
    FROM statement WINDOW consent AS (PARTITION BY customer, channel, message ORDER BY position, place))
WHERE opted_out AND NOT was_opted_out;

-- A statement that only repeats an opt-out at the provider ends with it.
CREATE TABLE period AS
SELECT customer, NULL AS channel, message, since, known_at, until,
    over_known_at, number
FROM at_provider
UNION ALL
SELECT
    own.customer,
    own.channel,
    own.message,
    own.since,
    own.known_at,
    CASE WHEN original.until IS NULL THEN own.until ELSE original.until END,
    CASE WHEN original.until IS NULL THEN own.until
        ELSE original.over_known_at END,
    NULL
FROM at_optimove AS own
LEFT JOIN at_provider AS original ON own.known_at IS NOT NULL
    AND (own.until IS NULL OR own.until > original.until)
    AND original.position = (
        SELECT position FROM at_provider AS earlier
        WHERE earlier.customer = own.customer AND own.since >= earlier.since AND own.since < earlier.until
        ORDER BY position LIMIT 1)
    AND original.customer = own.customer;
CREATE INDEX period_customer ON period (customer);

-- The opt-outs that concern each recipient: those from messages of another type do not. A provider may know an opt-out
-- by the customer or by the number, so `is_certain` is 0 for a message to another number of the customer.
CREATE VIEW opted_out AS
SELECT obligation.id AS obligation, period.rowid AS period, since, known_at, until, over_known_at,
    period.number IS NULL OR period.number IS obligation.number AS is_certain
FROM obligation JOIN period ON period.customer = obligation.customer
    AND (period.channel IS NULL OR period.channel = obligation.channel)
    AND (period.message IS NULL
        OR NOT EXISTS (SELECT 1 FROM channel WHERE channel.message <> period.message)
        OR obligation.channel IN (SELECT channel FROM channel WHERE channel.message = period.message));

-- A message that waits at the provider may go out as long as its withdrawal is delayed.
CREATE TABLE withdrawn AS
SELECT period.rowid AS period, waiting.service, (
    WITH RECURSIVE extended (turn, ends) AS (
        SELECT 0, known_at
        UNION ALL
        SELECT withholding.turn, IIF(over >= since, MAX(ends, later(over, grace())), ends)
        FROM extended JOIN withholding ON withholding.service = waiting.service
            AND withholding.turn = extended.turn + 1
        WHERE at <= ends)
    SELECT MAX(ends) FROM extended) AS by
FROM period JOIN (SELECT DISTINCT service FROM withholding) AS waiting
WHERE known_at IS NOT NULL;
CREATE INDEX withdrawn_period ON withdrawn (period, service);
