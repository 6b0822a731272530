-- The lines of a history as tables. `position` is the place of a line in the file, `n` its number in the journal.
-- `ms` turns a time into milliseconds, `digits` and `letters` reduce a number and a text to what any format keeps.

CREATE TABLE run AS
SELECT
    ms(json_extract(body, '$.ended')) AS ended,
    json_extract(body, '$.clock.mode') AS clock_mode,
    json_extract(body, '$.clock.rate') AS clock_rate,
    COALESCE(json_extract(body, '$.attributes.consent'), 'SMS_OPT_IN') AS consent_attribute,
    json_extract(body, '$.attributes.push_consent') AS push_consent_attribute,
    json_extract(body, '$.attributes.web_push_consent') AS web_push_consent_attribute,
    json_extract(body, '$.attributes.email_consent') AS email_consent_attribute
FROM line WHERE kind = 'history';

CREATE TABLE channel AS
SELECT
    json_extract(value, '$.id') AS channel,
    json_extract(value, '$.provider') AS provider,
    COALESCE(json_extract(value, '$.testing'), 0) AS testing,
    COALESCE(json_extract(value, '$.message'), 'sms') AS message
FROM line, json_each(body, '$.channels') WHERE kind = 'history';

CREATE TABLE fault_entry AS
SELECT
    json_extract(value, '$.id') AS id,
    COALESCE(json_extract(value, '$.down'), 0) AS down,
    COALESCE(json_extract(value, '$.retry_after'), 0) * 1000 AS retry_after
FROM line, json_each(body, '$.faults') WHERE kind = 'history';

CREATE TABLE clock AS
SELECT
    position,
    json_extract(body, '$.n') AS n,
    ms(json_extract(body, '$.at')) AS at,
    json_extract(body, '$.action') AS action,
    json_extract(body, '$.participant') AS participant,
    ms(json_extract(body, '$.to')) AS ends
FROM line WHERE kind = 'clock';

CREATE TABLE participant AS
SELECT value AS name FROM line, json_each(body, '$.clock.participants') WHERE kind = 'history'
UNION
SELECT participant FROM clock WHERE action = 'joined';

-- Times only count if the bridge lived by the sandbox's clock, or that clock ran as the machine's.
ALTER TABLE run ADD COLUMN timed;
UPDATE run SET timed =
    EXISTS (SELECT 1 FROM participant WHERE name <> 'sendproof')
    OR (clock_mode = 'real' AND COALESCE(clock_rate, 1) = 1)
    OR (clock_mode <> 'real' AND COALESCE(clock_rate, 0) = 1
        AND NOT EXISTS (SELECT 1 FROM clock WHERE action IN ('advance', 'rate')));

-- The jumps that a bridge with its own clock could not see.
CREATE TABLE jump AS
SELECT at AS starts, ends FROM clock, run WHERE action = 'advance' AND ends > at AND NOT timed ORDER BY position;

CREATE TABLE campaign AS
SELECT
    position,
    json_extract(body, '$.campaign') AS campaign,
    json_extract(body, '$.channel') AS channel,
    json_extract(body, '$.provider') AS provider,
    ms(json_extract(body, '$.announced_at')) AS announced_at,
    ms(json_extract(body, '$.cancelled_at')) AS cancelled_at
FROM line WHERE kind = 'campaign';

CREATE TABLE split AS
SELECT
    json_extract(body, '$.campaign') AS campaign,
    json_extract(body, '$.channel') AS channel,
    json_extract(body, '$.provider') AS provider,
    CAST(json_extract(value, '$.template') AS TEXT) AS template,
    json_extract(value, '$.title') AS title,
    json_extract(value, '$.body') AS body
FROM line, json_each(line.body, '$.splits') WHERE kind = 'campaign';

CREATE TABLE delivery AS
SELECT
    position AS id,
    ms(json_extract(body, '$.at')) AS at,
    json_extract(body, '$.service') AS service,
    json_extract(body, '$.message') AS message,
    json_extract(body, '$.number') AS number,
    json_extract(body, '$.message_type') AS message_type,
    typed(json_extract(body, '$.message_type'), json_extract(body, '$.number')) AS place,
    typed(json_extract(body, '$.message_type'), digits(json_extract(body, '$.number'))) AS digits,
    json_extract(body, '$.text') AS text,
    ms(json_extract(body, '$.send_at')) AS send_at,
    COALESCE(json_extract(body, '$.test'), 0) AS test,
    0 AS withdrawn
FROM line WHERE kind = 'delivery';
CREATE UNIQUE INDEX delivery_id ON delivery (id);
CREATE INDEX delivery_message ON delivery (service, message);
CREATE INDEX delivery_text ON delivery (number, text);
UPDATE delivery SET withdrawn = 1 WHERE (service, message) IN
    (SELECT json_extract(body, '$.service'), json_extract(body, '$.message') FROM line WHERE kind = 'withdrawal');

CREATE TABLE rejection AS
SELECT
    ms(json_extract(body, '$.at')) AS at,
    json_extract(body, '$.service') AS service,
    json_extract(body, '$.number') AS number,
    json_extract(body, '$.message_type') AS message_type,
    json_extract(body, '$.text') AS text,
    CAST(json_extract(body, '$.code') AS TEXT) AS code,
    json_extract(body, '$.reason') AS reason
FROM line WHERE kind = 'rejection';

CREATE TABLE fault AS
SELECT
    position,
    json_extract(body, '$.n') AS n,
    ms(json_extract(body, '$.at')) AS at,
    json_extract(body, '$.id') AS id,
    json_extract(body, '$.fault') AS fault,
    json_extract(body, '$.target') AS target,
    json_extract(body, '$.service') AS service,
    json_extract(body, '$.name') AS name,
    COALESCE(json_extract(body, '$.missed'), 0) AS missed,
    COALESCE(json_extract(body, '$.down'), 0) AS down
FROM line WHERE kind = 'fault';

CREATE TABLE request AS
SELECT
    position,
    json_extract(body, '$.n') AS n,
    ms(json_extract(body, '$.at')) AS at,
    json_extract(body, '$.service') AS service,
    json_extract(body, '$.operation') AS operation,
    json_extract(body, '$.status') AS status,
    json_extract(body, '$.fault.id') AS fault_id,
    json_extract(body, '$.fault.fault') AS fault,
    json_extract(body, '$.fault.effect') AS effect,
    COALESCE(json_extract(body, '$.fault.response') <> 'intact', 0) AS hidden,
    COALESCE(json_extract(body, '$.summary'), '{}') <> '{}' AS summarized,
    json_extract(body, '$.summary.campaign') AS campaign,
    json_extract(body, '$.summary.channel') AS channel,
    json_extract(body, '$.summary.rows') AS page_rows
FROM line WHERE kind = 'request';
CREATE INDEX request_fault ON request (fault_id);

CREATE TABLE webhook AS
SELECT
    position,
    ms(json_extract(body, '$.at')) AS at,
    json_extract(body, '$.service') AS service,
    json_extract(body, '$.event') AS event,
    json_extract(body, '$.key') AS key,
    json_extract(body, '$.status') AS status,
    COALESCE(json_extract(body, '$.dropped'), 0) AS dropped
FROM line WHERE kind = 'webhook';

CREATE TABLE fired AS
SELECT
    position,
    ms(json_extract(body, '$.at')) AS at,
    json_extract(body, '$.trigger') AS trigger_name,
    json_extract(body, '$.customer') AS customer,
    json_extract(body, '$.channel') AS channel
FROM line WHERE kind = 'trigger';

CREATE TABLE free_text AS
SELECT value AS channel FROM line, json_each(body, '$.free_texts') WHERE kind = 'scenario';

-- The recipients. Where a customer's record changed, the message that the bridge chose is as right as any other one:
-- first one that was sent, else one to a number that got a text that is due to nobody there, else one that was due
-- nothing.
CREATE TABLE candidate AS
SELECT
    position AS id,
    0 AS choice,
    json_extract(body, '$.number') AS number,
    json_extract(body, '$.text') AS text,
    json_extract(body, '$.owed') AS owed,
    json_extract(body, '$.reason') AS reason
FROM line WHERE kind = 'obligation'
UNION ALL
SELECT
    position,
    key + 1,
    json_extract(value, '$.number'),
    json_extract(value, '$.text'),
    json_extract(value, '$.owed'),
    json_extract(value, '$.reason')
FROM line, json_each(body, '$.alternatives') WHERE kind = 'obligation';

-- A link in an e-mail may have more parameters than the due one, or forward to it.
CREATE TABLE mail_texts AS
SELECT number, json_group_array(text) AS due FROM candidate
WHERE number LIKE '%@%' AND text LIKE '%(http%' GROUP BY number;
CREATE UNIQUE INDEX mail_texts_number ON mail_texts (number);
UPDATE delivery SET text = relink(text, (SELECT due FROM mail_texts WHERE mail_texts.number = delivery.number))
WHERE COALESCE(message_type, 'email') = 'email' AND text LIKE '%(http%' AND number IN (SELECT number FROM mail_texts);
UPDATE rejection SET text = relink(text, (SELECT due FROM mail_texts WHERE mail_texts.number = rejection.number))
WHERE COALESCE(message_type, 'email') = 'email' AND text LIKE '%(http%' AND number IN (SELECT number FROM mail_texts);

CREATE INDEX candidate_number ON candidate (number);
CREATE TABLE odd_number AS
SELECT DISTINCT number FROM delivery WHERE EXISTS (SELECT 1 FROM candidate WHERE choice > 0) AND NOT EXISTS (
    SELECT 1 FROM candidate WHERE owed AND candidate.number = delivery.number AND candidate.text = delivery.text);

CREATE TABLE chosen AS
SELECT id, number, text, owed, reason FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY CASE
        WHEN owed AND (number, text) IN (SELECT number, text FROM delivery) THEN 1
        WHEN owed AND number IN (SELECT number FROM odd_number) THEN 2
        WHEN NOT owed THEN 3
        ELSE 4 END, choice) AS preference
    FROM candidate)
WHERE preference = 1;

CREATE TABLE obligation AS
SELECT
    chosen.id,
    json_extract(body, '$.campaign') AS campaign,
    json_extract(body, '$.channel') AS channel,
    json_extract(body, '$.customer') AS customer,
    CAST(json_extract(body, '$.template') AS TEXT) AS template,
    chosen.number,
    typed(channel.message, chosen.number) AS place,
    typed(channel.message, digits(chosen.number)) AS digits,
    chosen.text,
    chosen.text AS planned,
    ms(json_extract(body, '$.at')) AS at,
    ms(json_extract(body, '$.due')) AS due,
    chosen.owed,
    chosen.reason,
    json_extract(body, '$.trigger') AS trigger_name,
    NULL AS notified,
    NULL AS deadline,
    NULL AS unread
FROM chosen JOIN line ON line.position = chosen.id
LEFT JOIN channel ON channel.channel = json_extract(body, '$.channel')
ORDER BY chosen.id;
CREATE UNIQUE INDEX obligation_id ON obligation (id);
CREATE INDEX obligation_number ON obligation (number);
CREATE INDEX obligation_place ON obligation (place);
CREATE INDEX obligation_digits ON obligation (digits);

-- A fault holds from `at` until `until`. The line of the affected request follows the line of the fault.
CREATE TABLE injection AS
SELECT
    ROW_NUMBER() OVER (ORDER BY fault.position) AS place,
    fault.at,
    fault.fault,
    fault.target,
    fault.service,
    fault.name,
    CASE WHEN fault.fault = 'kill' THEN MAX(
            fault.at + COALESCE(fault_entry.down, fault.down),
            COALESCE((SELECT clock.at FROM clock
                WHERE action = 'joined' AND participant <> 'sendproof' AND clock.n > fault.n
                ORDER BY clock.position LIMIT 1), fault.at))
        ELSE fault.at + COALESCE(fault_entry.retry_after, 0) END AS until,
    CASE WHEN fault.target = 'call' THEN (
        SELECT request.position FROM request WHERE request.fault_id = fault.id AND request.n > fault.n
        ORDER BY request.position LIMIT 1) END AS request
FROM fault LEFT JOIN fault_entry ON fault_entry.id = fault.id
WHERE NOT fault.missed;
