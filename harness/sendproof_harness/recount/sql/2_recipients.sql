-- The message of each recipient: the one that was sent for this campaign, else the last that was refused, else one to a
-- number that got a text that is due to nobody there, else one that was due nothing, else one that another one got.

CREATE TABLE odd_place AS
SELECT DISTINCT place FROM delivery
WHERE NOT test AND NOT withdrawn AND EXISTS (SELECT 1 FROM candidate WHERE choice > 0) AND NOT EXISTS (
    SELECT 1 FROM candidate WHERE owed AND candidate.place = delivery.place AND candidate.text = delivery.text);

CREATE TABLE chosen AS
SELECT id, number, text, owed, reason FROM (
    SELECT candidate.*, ROW_NUMBER() OVER (PARTITION BY candidate.id ORDER BY CASE
        WHEN (candidate.id, candidate.choice) IN (SELECT id, choice FROM given) THEN 1
        WHEN turned_away.at IS NOT NULL THEN 2
        WHEN owed AND place IN (SELECT place FROM odd_place) THEN 3
        WHEN NOT owed THEN 4
        WHEN (place, text) IN (SELECT place, text FROM delivery WHERE NOT test AND NOT withdrawn) THEN 5
        ELSE 6 END, turned_away.at DESC, candidate.choice) AS preference
    FROM candidate LEFT JOIN turned_away ON turned_away.id = candidate.id AND turned_away.choice = candidate.choice)
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
