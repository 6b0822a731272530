-- Templates that changed at the provider. A message is due the text of the version at the announcement of its campaign,
-- or at the event of its trigger. Other versions, from an hour before until the send, are as right.
-- `fits` tells if a text can be made from a body, `refill` gives the same values to another body.

CREATE TABLE template_change AS
SELECT
    position,
    ms(json_extract(body, '$.at')) AS at,
    json_extract(body, '$.service') AS service,
    CAST(json_extract(body, '$.id') AS TEXT) AS id,
    json_extract(body, '$.title') AS title,
    json_extract(line.body, '$.body') AS body
FROM line WHERE kind = 'provider_template';

CREATE TABLE version AS
SELECT position, at, service, id, body,
    COALESCE((SELECT title FROM template_change AS earlier
        WHERE earlier.service = template_change.service AND earlier.id = template_change.id
            AND earlier.position <= template_change.position AND earlier.title <> ''
        ORDER BY earlier.position DESC LIMIT 1), '') AS title,
    LEAD(at) OVER (PARTITION BY service, id ORDER BY position) AS replaced_at,
    COUNT(*) OVER (PARTITION BY service, id) AS versions
FROM template_change WHERE body IS NOT NULL;

CREATE TABLE listed AS
SELECT channel, id, name FROM (
    SELECT
        json_extract(body, '$.channel') AS channel,
        CAST(json_extract(value, '$.id') AS TEXT) AS id,
        json_extract(value, '$.name') AS name,
        ROW_NUMBER() OVER (PARTITION BY json_extract(body, '$.channel'), CAST(json_extract(value, '$.id') AS TEXT)
            ORDER BY position DESC, key DESC) AS newest
    FROM line, json_each(body, '$.templates')
    WHERE kind = 'channel_templates' AND json_extract(value, '$.name') IS NOT NULL)
WHERE newest = 1;

-- Each template with several versions, by its id and by the titles under which Optimove may list it.
CREATE TABLE changed AS
SELECT service, id, title FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY service, id ORDER BY position DESC) AS newest FROM version)
WHERE newest = 1 AND versions > 1;

-- The template from which the text of a recipient was made: that of the campaign, else the newest fitting version.
CREATE VIEW basis AS
SELECT obligation.id AS obligation, 1 AS preference, 0 AS position,
    split.provider AS service, split.template AS id, split.title, split.body
FROM obligation JOIN split USING (campaign, channel, template)
WHERE planned <> '' AND fits(planned, split.body)
UNION ALL
SELECT obligation.id, 2, version.position, version.service, version.id, version.title, version.body
FROM obligation
LEFT JOIN listed ON listed.channel = obligation.channel AND listed.id = obligation.template
JOIN version ON version.at <= obligation.due
    AND (version.id = obligation.template
        OR COALESCE(listed.name, '') IN (version.title, version.id || ' - ' || version.title))
WHERE planned <> '' AND EXISTS (SELECT 1 FROM changed) AND fits(planned, version.body);

CREATE VIEW best_basis AS
SELECT obligation, service, id, title, body FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY obligation ORDER BY preference, position DESC) AS place FROM basis)
WHERE place = 1;

-- Every version of the template of each recipient, and the time from which its version counts.
CREATE VIEW version_of AS
SELECT
    obligation.id AS obligation,
    obligation.text,
    obligation.planned,
    obligation.number,
    obligation.owed,
    obligation.due AS due_at,
    best_basis.body AS basis,
    version.position,
    version.at,
    version.replaced_at,
    version.body,
    COALESCE((SELECT announced_at FROM campaign
        WHERE campaign.campaign = obligation.campaign AND campaign.channel = obligation.channel), obligation.at) AS begins
FROM best_basis
JOIN obligation ON obligation.id = best_basis.obligation
JOIN version ON version.service = best_basis.service AND version.versions > 1 AND version.id = COALESCE(
    (SELECT changed.id FROM changed WHERE changed.service = best_basis.service AND changed.id = best_basis.id),
    (SELECT MIN(changed.id) FROM changed WHERE changed.service = best_basis.service
        AND best_basis.title IN (changed.title, changed.id || ' - ' || changed.title)));

CREATE TABLE new_text AS
SELECT obligation, refill(planned, basis, body) AS text FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY obligation ORDER BY position DESC) AS newest FROM version_of
    WHERE at <= begins)
WHERE newest = 1;
UPDATE obligation SET text = new_text.text FROM new_text
WHERE new_text.obligation = obligation.id AND new_text.text IS NOT NULL;

CREATE TABLE other_text AS
SELECT number, text AS due, due_at, planned, at AS since, body, basis FROM version_of
WHERE owed AND number <> '' AND (replaced_at IS NULL OR replaced_at > begins - 3600000)
ORDER BY obligation, position;
CREATE INDEX other_text_number ON other_text (number);

-- A customer can get the same template again, and values that can be divided in several ways fit both times. So the
-- recipient is the one whose message is due next to the send.
UPDATE delivery SET text = COALESCE((
    SELECT due FROM (
        SELECT due, ABS(due_at - send_at) AS slack, other_text.rowid AS place FROM other_text
        WHERE other_text.number = delivery.number AND since <= send_at AND agrees(delivery.text, body, planned, basis))
    ORDER BY slack, place LIMIT 1), text)
WHERE number IN (SELECT number FROM other_text)
    AND NOT EXISTS (SELECT 1 FROM other_text WHERE other_text.number = delivery.number AND due = delivery.text);
-- A provider may reject a message later than it accepted it.
ALTER TABLE rejection ADD COLUMN sent_at INTEGER;
UPDATE rejection SET sent_at = COALESCE((
    SELECT send_at FROM delivery WHERE delivery.service = rejection.service AND delivery.message = rejection.message), at);
UPDATE rejection SET text = COALESCE((
    SELECT due FROM (
        SELECT due, ABS(due_at - sent_at) AS slack, other_text.rowid AS place FROM other_text
        WHERE other_text.number = rejection.number AND since <= sent_at
            AND agrees(rejection.text, body, planned, basis))
    ORDER BY slack, place LIMIT 1), text)
WHERE number IN (SELECT number FROM other_text)
    AND NOT EXISTS (SELECT 1 FROM other_text WHERE other_text.number = rejection.number AND due = rejection.text);
