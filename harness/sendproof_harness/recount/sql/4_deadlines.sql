-- The deadline of each message: 5 minutes after it is due (1 minute for a trigger), or later if a fault delayed it.

-- When each event of Optimove first reached the bridge; no time if none did.
CREATE TABLE event AS
SELECT key, MIN(CASE WHEN NOT dropped AND (status IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM injection
        WHERE injection.fault = 'kill' AND webhook.at BETWEEN injection.at AND injection.until)) THEN at END) AS received
FROM webhook WHERE service = 'optimove' GROUP BY key;
CREATE UNIQUE INDEX event_key ON event (key);

-- The events of a customer about one trigger are numbered. Those of one instant cannot be told apart, so a message may
-- be that of any of them.
CREATE TABLE firing AS
SELECT trigger_name, customer, at,
    '11:' || trigger_name || ':' || customer || ':' || ROW_NUMBER() OVER (
        PARTITION BY trigger_name, customer ORDER BY position) AS key
FROM fired;
CREATE INDEX firing_customer ON firing (trigger_name, customer, at);

UPDATE obligation SET notified = CASE WHEN trigger_name IS NOT NULL THEN (
        SELECT CASE WHEN COUNT(*) = COUNT(told) THEN MAX(told) END
        FROM (SELECT CASE WHEN event.key IS NULL THEN obligation.at ELSE received END AS told FROM (
            SELECT key AS wanted FROM firing WHERE firing.trigger_name = obligation.trigger_name
                AND firing.customer = obligation.customer AND firing.at = obligation.due
            UNION ALL
            SELECT '11:' || trigger_name || ':' || customer || ':1' WHERE NOT EXISTS (
                SELECT 1 FROM firing WHERE firing.trigger_name = obligation.trigger_name
                    AND firing.customer = obligation.customer AND firing.at = obligation.due))
            LEFT JOIN event ON event.key = wanted))
    WHEN EXISTS (SELECT 1 FROM event WHERE key = '13:' || campaign || ':' || channel)
        THEN (SELECT received FROM event WHERE key = '13:' || campaign || ':' || channel)
    WHEN EXISTS (SELECT 1 FROM event WHERE key = '1:' || campaign || ':' || channel)
        THEN (SELECT received FROM event WHERE key = '1:' || campaign || ':' || channel)
    ELSE at END;

-- In a burst of triggers, the attribute requests take their turns, 50 in 10 seconds for the key of all channels.
CREATE TABLE turn AS
SELECT at, MAX(free_at) AS free_at FROM (
    SELECT at, place * 200 + MAX(at - place * 200) OVER (ORDER BY place) AS free_at FROM (
        SELECT at, ROW_NUMBER() OVER (ORDER BY position) AS place FROM fired))
GROUP BY at;
CREATE UNIQUE INDEX turn_at ON turn (at);

CREATE TABLE promise AS
SELECT
    obligation.id AS obligation,
    campaign,
    obligation.channel,
    MAX(due, COALESCE(notified, due),
        CASE WHEN trigger_name IS NOT NULL THEN COALESCE(turn.free_at, due) ELSE due END) AS begins,
    CASE WHEN trigger_name IS NULL THEN 300000 ELSE 60000 END AS allowance
FROM obligation LEFT JOIN turn ON turn.at = obligation.due;

-- The times when Optimove accepted no key of the bridge. A disabled key is enabled again; a rotated one counts until the
-- last refused call in the hour that a person may need for the new key. An accepted call ends both.
CREATE TABLE key_outage AS
SELECT at, until FROM (
    SELECT at, CASE action
        WHEN 'rotated' THEN (
            SELECT MAX(request.at) FROM request WHERE service = 'optimove' AND key_refused
                AND request.n > ended.n AND request.at > ended.at
                AND request.at <= MIN(ended.at + 3600000, accepted))
        ELSE MIN(accepted, COALESCE((
            SELECT MIN(key_change.at) FROM key_change WHERE key_change.action = 'enabled'
                AND key_change.name = ended.name AND key_change.n > ended.n), accepted)) END AS until
    FROM (
        SELECT n, name, action, valid_until AS at, COALESCE((
            SELECT MIN(request.at) FROM request WHERE service = 'optimove' AND NOT key_refused
                AND request.n > key_change.n AND request.at > valid_until), run.ended) AS accepted
        FROM key_change, run WHERE valid_until IS NOT NULL) AS ended)
WHERE until > at;

-- The operations for which no message waits.
CREATE TABLE report_operation AS
SELECT column1 AS operation FROM (VALUES ('UpdateCampaignMetrics'), ('UpdateCampaignInteractions'),
    ('SetCustomerChannelPreference'), ('UpdateCustomerAttributes'), ('AddChannelTemplates'),
    ('DeleteChannelTemplates'));

-- When the bridge last read rows of each campaign.
CREATE TABLE page_reading AS
SELECT campaign, channel, MAX(at) AS at FROM request
WHERE operation = 'GetCustomerSendDetailsByChannel' AND status BETWEEN 200 AND 299 AND page_rows > 0
    AND campaign IS NOT NULL AND channel IS NOT NULL AND (NOT hidden OR fault = 'slow_response_timeout')
GROUP BY campaign, channel;

-- What the messages of a campaign may have had to wait for: every kill, faults at the provider, faults at Optimove that
-- concern the key, the pages of this campaign, or any call that no report makes; a provider that refuses for now; and a
-- time without a key, unless the bridge had read the campaign before, and asked Optimove for nothing in vain.
CREATE TABLE delaying AS
SELECT *, ROW_NUMBER() OVER (PARTITION BY campaign, channel ORDER BY at, until, look_up) AS turn FROM (
    SELECT
        of.campaign,
        of.channel,
        injection.at,
        MAX(injection.until, injection.at
            + IIF(injection.target = 'call', COALESCE(retry_interval.milliseconds, 0), 0)) AS until,
        -- A send with a hidden result is looked up, which may take 15 minutes; so is everything after a kill.
        CASE WHEN injection.fault = 'kill' OR (request.hidden AND (
                request.operation IN (SELECT operation FROM send_operation WHERE provider = request.service)
                OR (request.service <> 'optimove' AND request.service NOT IN (SELECT provider FROM send_operation))))
            THEN 900000 ELSE 0 END AS look_up
    FROM (SELECT DISTINCT campaign, channel FROM obligation) AS of
    JOIN injection
    LEFT JOIN channel ON channel.channel = of.channel
    LEFT JOIN request ON request.position = injection.request
    LEFT JOIN retry_interval ON retry_interval.provider = injection.service
    WHERE injection.fault = 'kill' OR (injection.target <> 'webhook' AND (
        injection.service = channel.provider OR (injection.service = 'optimove' AND CASE
            WHEN injection.fault IN ('rate_limited', 'unauthorized') THEN 1
            WHEN request.status IN (401, 403, 429) THEN 1
            WHEN injection.name = 'GetCustomerSendDetailsByChannel' AND request.summarized
                THEN request.campaign = of.campaign AND request.channel = of.channel
            ELSE injection.name NOT IN (SELECT operation FROM report_operation) END)))
    UNION ALL
    SELECT DISTINCT of.campaign, of.channel, rejection.at, rejection.at + retry_interval.milliseconds, 0
    FROM (SELECT DISTINCT campaign, channel FROM obligation) AS of
    JOIN channel ON channel.channel = of.channel
    JOIN rejection ON rejection.service = channel.provider
    JOIN temporary_refusal ON temporary_refusal.provider = rejection.service
        AND temporary_refusal.code = rejection.code
    JOIN retry_interval ON retry_interval.provider = rejection.service
    UNION ALL
    SELECT of.campaign, of.channel, key_outage.at, key_outage.until, 0
    FROM (SELECT campaign, channel, MAX(trigger_name IS NOT NULL) AS triggered FROM obligation
        GROUP BY campaign, channel) AS of
    JOIN key_outage
    LEFT JOIN page_reading ON page_reading.campaign = of.campaign AND page_reading.channel = of.channel
    WHERE of.triggered OR page_reading.at IS NULL OR page_reading.at > key_outage.at OR EXISTS (
        SELECT 1 FROM request WHERE service = 'optimove' AND key_refused
            AND COALESCE(operation, '') NOT IN (SELECT operation FROM report_operation)
            AND request.at BETWEEN key_outage.at AND key_outage.until));

-- Faults follow each other as long as each begins before the deadline that the earlier ones leave. A bridge that doubles
-- its waits returns when a fault has lasted twice as long, at most an hour later, and then has 5 minutes.
CREATE TABLE due_by AS
WITH RECURSIVE extended (campaign, channel, begins, allowance, turn, deadline, chain_began, chain_ends) AS (
    SELECT DISTINCT campaign, channel, begins, allowance, 0, begins + allowance, 0, -1 FROM promise
    UNION ALL
    SELECT extended.campaign, extended.channel, begins, allowance, delaying.turn,
        MAX(deadline, until + 300000 + look_up + MIN(3600000, until - IIF(at <= chain_ends, chain_began, at))),
        IIF(at <= chain_ends, chain_began, at),
        until + 300000 + look_up + MIN(3600000, until - IIF(at <= chain_ends, chain_began, at))
    FROM extended JOIN delaying ON delaying.campaign = extended.campaign
        AND delaying.channel = extended.channel AND delaying.turn = extended.turn + 1
    WHERE at <= deadline)
SELECT campaign, channel, begins, allowance, MAX(deadline) AS deadline FROM extended
GROUP BY campaign, channel, begins, allowance;
CREATE INDEX due_by_campaign ON due_by (campaign, channel, begins, allowance);
CREATE UNIQUE INDEX promise_obligation ON promise (obligation);

UPDATE obligation SET deadline = (
    SELECT due_by.deadline FROM promise JOIN due_by USING (campaign, channel, begins, allowance)
    WHERE promise.obligation = obligation.id);

-- A bridge that never read a campaign cannot have sent its messages.
UPDATE obligation SET unread = trigger_name IS NULL AND (campaign, channel) NOT IN (
    SELECT campaign, channel FROM request
    WHERE operation = 'GetCustomerSendDetailsByChannel' AND status BETWEEN 200 AND 299 AND page_rows > 0
        AND campaign IS NOT NULL AND channel IS NOT NULL
        AND (NOT hidden OR fault = 'slow_response_timeout'));

-- When the bridge knew of a cancellation, from the event for the channel, or else from that for another one; and until
-- when a message may have been on its way. `later` adds time that the bridge could see.
CREATE TABLE cancellation AS
SELECT campaign, channel, provider, cancelled_at, known_at, CASE
    WHEN attempts = 0 THEN later(cancelled_at, 120000)
    WHEN known_at IS NOT NULL THEN later(known_at, 120000) END AS ends_at, NULL AS withdrawn_by
FROM (
    SELECT campaign.campaign, campaign.channel, campaign.provider, cancelled_at, COUNT(webhook.key) AS attempts,
        MIN((SELECT received FROM event WHERE event.key = webhook.key)) AS known_at
    FROM campaign LEFT JOIN webhook ON webhook.event = '4' AND CASE
        WHEN EXISTS (SELECT 1 FROM webhook AS own WHERE own.event = '4'
            AND own.key = '4:' || campaign.campaign || ':' || campaign.channel)
        THEN webhook.key = '4:' || campaign.campaign || ':' || campaign.channel
        ELSE webhook.key GLOB '4:' || campaign.campaign || ':*' END
    WHERE cancelled_at IS NOT NULL GROUP BY campaign.campaign, campaign.channel);

-- What a call that withdraws waiting messages may have had to wait for: faults on such a call or on the key, and a
-- limit of the provider. Each leaves the bridge the same time again, if it began in the time that the others left.
CREATE TABLE withholding AS
SELECT service, at, MAX(over) AS over, ROW_NUMBER() OVER (PARTITION BY service ORDER BY at) AS turn FROM (
    SELECT injection.service, injection.at, passed(injection.at, injection.until - injection.at) AS over
    FROM injection LEFT JOIN request ON request.position = injection.request
    WHERE injection.target = 'call' AND injection.fault <> 'kill' AND (
        injection.fault IN ('rate_limited', 'unauthorized') OR request.status IN (401, 403, 429)
        OR (injection.service, injection.name) IN (SELECT provider, operation FROM withdrawing_operation))
    UNION ALL
    SELECT service, at, passed(at, retry_after) FROM request WHERE status = 429 AND fault_id IS NULL)
WHERE service IN (SELECT provider FROM withdrawing_operation)
GROUP BY service, at;

UPDATE cancellation SET withdrawn_by = (
    WITH RECURSIVE extended (turn, ends) AS (
        SELECT 0, ends_at
        UNION ALL
        SELECT withholding.turn, IIF(over >= known_at, MAX(ends, later(over, 120000)), ends)
        FROM extended JOIN withholding ON withholding.service = provider AND withholding.turn = extended.turn + 1
        WHERE at <= ends AND known_at IS NOT NULL)
    SELECT MAX(ends) FROM extended);
