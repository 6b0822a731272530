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
    json_extract(body, '$.reason') AS reason,
    json_extract(body, '$.message') AS message
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
    COALESCE(json_extract(body, '$.retry_after'), 0) * 1000 AS retry_after,
    json_extract(body, '$.fault.id') AS fault_id,
    json_extract(body, '$.fault.fault') AS fault,
    json_extract(body, '$.fault.effect') AS effect,
    COALESCE(json_extract(body, '$.fault.response') <> 'intact', 0) AS hidden,
    COALESCE(json_extract(body, '$.summary'), '{}') <> '{}' AS summarized,
    json_extract(body, '$.summary.campaign') AS campaign,
    json_extract(body, '$.summary.channel') AS channel,
    json_extract(body, '$.summary.rows') AS page_rows,
    json_extract(body, '$.credential') <> 'known' OR json_extract(body, '$.status') IN (401, 403) AS key_refused
FROM line WHERE kind = 'request';
CREATE INDEX request_fault ON request (fault_id);

-- What the client's admin did with the bridge's key for Optimove.
CREATE TABLE key_change AS
SELECT
    json_extract(body, '$.n') AS n,
    ms(json_extract(body, '$.at')) AS at,
    json_extract(body, '$.name') AS name,
    json_extract(body, '$.action') AS action,
    ms(json_extract(body, '$.valid_until')) AS valid_until
FROM line WHERE kind = 'key' AND json_extract(body, '$.service') = 'optimove';

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

-- The recipients. Where a customer's record changed, there are several messages of which the bridge may choose one.
CREATE TABLE candidate AS
SELECT
    position AS id,
    0 AS choice,
    json_extract(body, '$.number') AS number,
    json_extract(body, '$.text') AS text,
    json_extract(body, '$.owed') AS owed,
    json_extract(body, '$.reason') AS reason,
    ms(json_extract(body, '$.at')) AS at,
    ms(json_extract(body, '$.due')) AS due,
    (SELECT message FROM channel WHERE channel.channel = json_extract(body, '$.channel')) AS message,
    NULL AS place
FROM line WHERE kind = 'obligation'
UNION ALL
SELECT
    position,
    key + 1,
    json_extract(value, '$.number'),
    json_extract(value, '$.text'),
    json_extract(value, '$.owed'),
    json_extract(value, '$.reason'),
    ms(json_extract(body, '$.at')),
    ms(json_extract(body, '$.due')),
    (SELECT message FROM channel WHERE channel.channel = json_extract(body, '$.channel')),
    NULL
FROM line, json_each(line.body, '$.alternatives') WHERE kind = 'obligation';
UPDATE candidate SET place = typed(message, number);

-- A link in an e-mail may have more parameters than the due one, or forward to it.
CREATE TABLE mail_texts AS
SELECT number, json_group_array(text) AS due FROM candidate
WHERE number LIKE '%@%' AND text LIKE '%(http%' GROUP BY number;
CREATE UNIQUE INDEX mail_texts_number ON mail_texts (number);
UPDATE delivery SET text = relink(text, (SELECT due FROM mail_texts WHERE mail_texts.number = delivery.number))
WHERE COALESCE(message_type, 'email') = 'email' AND text LIKE '%(http%' AND number IN (SELECT number FROM mail_texts);
UPDATE rejection SET text = relink(text, (SELECT due FROM mail_texts WHERE mail_texts.number = rejection.number))
WHERE COALESCE(message_type, 'email') = 'email' AND text LIKE '%(http%' AND number IN (SELECT number FROM mail_texts);

CREATE INDEX candidate_place ON candidate (place, text);
CREATE INDEX candidate_id ON candidate (id);
CREATE INDEX delivery_place ON delivery (place, text);
CREATE INDEX rejection_text ON rejection (number, text);

-- When each message of a recipient was refused last, after its announcement: of several recipients, the one whose
-- message is due next to the refusal.
CREATE TABLE turned_away AS
SELECT id, choice, MAX(at) AS at FROM (
    SELECT candidate.id, choice, rejection.at, ABS(due - rejection.at) AS gap,
        MIN(ABS(due - rejection.at)) OVER (PARTITION BY rejection.rowid) AS least
    FROM candidate JOIN rejection USING (number, text)
    WHERE owed AND rejection.at >= candidate.at
        AND COALESCE(rejection.message_type, candidate.message, 'sms') = COALESCE(candidate.message, 'sms'))
WHERE gap = least
GROUP BY 1, 2;

-- Where messages of such a choice may belong: `slack` is the time from due to sent. What is not `needed` may be right
-- without a message.
CREATE TABLE possible AS
SELECT candidate.id, MIN(choice) AS choice, due, delivery.id AS delivery, send_at - due AS slack,
    candidate.id NOT IN (SELECT id FROM turned_away)
        AND candidate.id NOT IN (SELECT id FROM candidate WHERE NOT owed) AS needed
FROM candidate JOIN delivery USING (place, text)
WHERE owed AND NOT test AND NOT withdrawn AND (place, text) IN (
    SELECT place, text FROM candidate WHERE owed AND id IN (SELECT id FROM candidate WHERE choice > 0))
GROUP BY candidate.id, delivery.id;
CREATE TABLE given (id INTEGER, choice INTEGER, PRIMARY KEY (id, choice));
