<?php
// A bridge from Optimove to Textlocal in one file, for PHP 8, without packages or extensions.
//
// From top to bottom: settings, webhooks, storage, clock, Optimove, Textlocal, jobs. Two processes run this file: PHP's
// own web server stores what arrives, and a loop polls: every few seconds it reads what was stored, and does the jobs
// that are due. Times are text in UTC, as Optimove writes them ("2026-03-02 09:00:00"), and sort as text.

// ---- settings
date_default_timezone_set('UTC');
ini_set('memory_limit', '512M');
$handover = getenv('SENDPROOF_HANDOVER');
while (!file_exists($handover)) { // if the bridge starts before the run
    usleep(100_000);
    clearstatcache();
}
$settings = json_decode(file_get_contents($handover), true, flags: JSON_THROW_ON_ERROR);
['host' => $host, 'port' => $port] = $settings['listen'];
$my_url = "http://$host:$port/{$settings['webhook_token']}"; // without the token, every request gets a 404
$channels = array_filter($settings['channels'], fn($channel) => $channel['provider'] === 'textlocal');
['phone' => $phone, 'consent' => $consent] = $settings['attributes'];
// Without the client's wish, only Textlocal keeps opt-outs.
$required = ($settings['bridge']['consent'] ?? '') === 'attribute' ? [$phone, $consent] : [$phone];
$loop_seconds = (float) (getenv('PHP_BRIDGE_LOOP') ?: 2);
$write_seconds = (float) (getenv('PHP_BRIDGE_WRITE') ?: 0);
$folder = getenv('PHP_BRIDGE_FOLDER') ?: dirname($handover) . '/php_bridge';
@mkdir($folder);
const TRIGGERED = 11; // event types
const EXECUTED = 13;

// ---- webhooks: store and acknowledge, nothing more; unusable requests are refused here, not retried forever
function parse_id(array $fields, string $name): int
{
    $text = (string) ($fields[$name] ?? '');
    if (!preg_match('/^\d{1,18}$/', $text)) {
        throw new UnexpectedValueException("$name is no id");
    }
    return (int) $text;
}

/** Return the campaign of a trigger; the vendor's sample of event 11 has 2.38. */
function parse_campaign(array $fields): int|string
{
    $text = (string) ($fields['campaignid'] ?? '');
    return preg_match('/^\d{1,9}\.\d{1,9}$/', $text) ? $text : parse_id($fields, 'campaignid');
}

/** Return the change that an event requires, or null if this bridge does not support its type. */
function job_of(string $body): ?array
{
    $fields = array_change_key_case(json_decode($body, true, flags: JSON_THROW_ON_ERROR));
    $kind = array_key_exists('eventtypeid', $fields) ? parse_id($fields, 'eventtypeid') : TRIGGERED;
    if ($kind === EXECUTED) {
        return page_job(parse_id($fields, 'campaignid'), parse_id($fields, 'channelid'), 0);
    }
    if ($kind !== TRIGGERED) {
        return null;
    }
    $event = ['requestid' => (string) $fields['requestid'], 'customerid' => (string) $fields['customerid']];
    foreach (['channelid', 'templateid'] as $name) {
        $event[$name] = parse_id($fields, $name);
    }
    $event['campaignid'] = parse_campaign($fields);
    $values = array_merge([], ...array_values($fields['personalization']));
    $event['values'] = array_map(fn($value) => is_int($value) || is_float($value) ? json_encode($value) : $value, $values);
    $id = "trigger:{$event['requestid']}";
    return ['job', ['id' => $id, 'kind' => 'trigger', 'due' => '', 'payload' => ['event' => $event]]];
}

function page_job(int $campaign, int $channel, int $skip): array
{
    $payload = ['campaign' => $campaign, 'channel' => $channel, 'skip' => $skip];
    return ['job', ['id' => "page:$campaign:$channel:$skip", 'kind' => 'page', 'due' => '', 'payload' => $payload]];
}

function receive(array $settings, string $inbox): int
{
    [, $token, $kind, $batch] = explode('/', parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) . '///');
    if ($token !== $settings['webhook_token'] || !in_array($kind, ['events', 'receipts'], true)) {
        return 404;
    }
    if ($kind === 'receipts') {
        $state = ['D' => 'delivered', 'U' => 'failed', 'I' => 'failed', 'E' => 'failed'][$_POST['status'] ?? ''] ?? 'sent';
        $numbers = [$_POST['number'] ?? ''];
        $change = ['state', ['batch' => $batch, 'numbers' => $numbers, 'from' => ['sending', 'sent'], 'to' => $state]];
    } else {
        try {
            $change = job_of(file_get_contents('php://input'));
        } catch (Throwable) {
            return 400;
        }
    }
    if ($change !== null) {
        file_put_contents($inbox, json_encode($change) . "\n", FILE_APPEND | LOCK_EX);
    }
    return 200;
}

if (PHP_SAPI === 'cli-server') {
    set_error_handler(fn($level, $text) => throw new ErrorException($text));
    http_response_code(receive($settings, "$folder/inbox.ndjson"));
    return;
}

// ---- storage: two files of changes, one line of JSON each. The loop replays its own at the start, and then follows the
// inbox, which the web server writes.
$jobs = $messages = $batches = []; // by id, by id, and the ids of messages by batch
$read = 0; // bytes of the inbox

/** Apply a change. Existing ids stay unchanged, so a repeated event has no effect. */
function apply(string $kind, array $values): void
{
    global $jobs, $messages, $batches, $read;
    if ($kind === 'job') {
        $known = &$jobs[$values['id']]; // due null: done
        $known ??= $values;
        // the week of reports begins again with each message of a trigger
        if (($values['payload']['until'] ?? '') > ($known['payload']['until'] ?? '')) {
            $known = ['due' => $known['due'] ?? $values['due']] + $values;
        }
    } elseif ($kind === 'due') {
        $jobs[$values['id']]['due'] = $values['due'];
    } elseif ($kind === 'read') {
        $read = $values['bytes'];
    } elseif ($kind === 'message' && !isset($messages[$values['id']])) {
        $messages[$values['id']] = $values;
        $batches[$values['batch']][] = $values['id'];
    } elseif ($kind === 'state') { // pending, sending, sent, delivered, failed; or dropped
        foreach ($batches[$values['batch']] ?? [] as $id) {
            $is_named = $values['numbers'] === null || in_array($messages[$id]['number'], $values['numbers'], true);
            if ($is_named && in_array($messages[$id]['state'], $values['from'], true)) {
                $messages[$id]['state'] = $values['to'];
            }
        }
    }
}

/** Store changes: all of them are on disk before the function returns. */
function store(array ...$changes): void
{
    global $folder;
    $lines = array_map(fn($change) => json_encode($change) . "\n", $changes);
    file_put_contents("$folder/changes.ndjson", implode('', $lines), FILE_APPEND);
    foreach ($changes as [$kind, $values]) {
        apply($kind, $values);
    }
}

function replay(): void
{
    global $folder;
    foreach (@file("$folder/changes.ndjson") ?: [] as $line) {
        apply(...json_decode($line, true));
    }
}

/** Store the changes that have arrived in the inbox. */
function read_inbox(): void
{
    global $folder, $read;
    $new = @file_get_contents("$folder/inbox.ndjson", offset: $read) ?: '';
    if ($new !== '') {
        $changes = array_map(fn($line) => json_decode($line, true), explode("\n", rtrim($new)));
        store(...$changes, ...[['read', ['bytes' => $read + strlen($new)]]]);
    }
}

function start_web_server(string $host, int $port): void
{
    $server = proc_open([PHP_BINARY, '-q', '-S', "$host:$port", __FILE__], [2 => ['file', '/dev/null', 'w']], $_);
    register_shutdown_function(fn() => proc_terminate($server));
    while (!@fsockopen($host, $port)) {
        usleep(50_000);
    }
    $GLOBALS['server'] = $server; // PHP ends the process of a handle that nothing refers to
}

// ---- clock
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function later(string $time, int $seconds): string
{
    return date('Y-m-d H:i:s', strtotime($time) + $seconds);
}

function live_by(string $clock_url, callable $work, string $name = 'bridge'): never
{
    $seen = json_decode(file_get_contents($clock_url), true, flags: JSON_THROW_ON_ERROR);
    while (true) {
        // `$seen` is from before the look for work: what arrives during it ends the park at once.
        $body = ['participant' => $name, 'until' => $work($seen['now']), 'since' => $seen['delivered']];
        $post = ['method' => 'POST', 'header' => 'Content-Type: application/json', 'content' => json_encode($body)];
        $reply = file_get_contents("$clock_url/park", false, stream_context_create(['http' => $post + ['timeout' => 60]]));
        if ($reply === false) {
            throw new RuntimeException('the park was refused');
        }
        $seen = json_decode($reply, true, flags: JSON_THROW_ON_ERROR);
    }
}

function poll(float $seconds): never
{
    while (true) {
        read_inbox();
        while (run_next_job(date('Y-m-d H:i:s'))) {
            continue;
        }
        usleep((int) ($seconds * 1_000_000));
    }
}

// ---- Optimove: at most 50 calls in 10 seconds, 10,000 rows per page, 100 templates or metrics per call
const LIMITS = ['optimove' => [50, 11], 'textlocal' => [10, 2]]; // calls, and seconds: one more than needed
const PAGE_SIZE = 10_000;
const ITEMS_PER_CALL = 100;
const BATCH_SIZE = 500;
const METRICS = [0 => ['sending', 'sent', 'delivered', 'failed'], 1 => ['delivered'], 5 => ['dropped'], 9 => ['failed']];

class RefusedError extends RuntimeException {} // the call had no effect
class LimitError extends RefusedError {} // there was no call
class RejectedError extends RuntimeException {} // the request is wrong; repeating it changes nothing

function check_rate_limit(string $now, string $service): void
{
    static $calls = ['optimove' => [], 'textlocal' => []];
    [$most, $seconds] = LIMITS[$service];
    if (count($calls[$service]) === $most && later($calls[$service][0], $seconds) > $now) {
        throw new LimitError("$service accepts no more calls now");
    }
    $calls[$service] = array_slice([...$calls[$service], $now], -$most);
}

/** Return the status and the text of a response; status 0 means that no connection was possible. */
function http(string $method, string $url, string $headers, ?string $body): array
{
    $options = ['method' => $method, 'header' => $headers, 'ignore_errors' => true, 'timeout' => 60];
    $context = stream_context_create(['http' => $options + ($body === null ? [] : ['content' => $body])]);
    $text = @file_get_contents($url, false, $context);
    if ($text === false) {
        $refused = str_contains(error_get_last()['message'] ?? '', 'Connection refused');
        return $refused ? [0, 'no connection'] : throw new RuntimeException("$url: no response");
    }
    return [(int) explode(' ', $http_response_header[0])[1], $text];
}

function optimove(string $now, string $method, string $path, array $query = [], ?array $body = null): mixed
{
    global $settings;
    check_rate_limit($now, 'optimove');
    ['url' => $url, 'credentials' => $credentials] = $settings['services']['optimove'];
    $headers = "X-API-KEY: {$credentials['api_key']}\r\nContent-Type: application/json";
    $json = $body === null ? null : json_encode($body);
    [$status, $text] = http($method, "$url/current/$path?" . http_build_query($query), $headers, $json);
    if ($method === 'GET' && $status === 404) {
        return []; // possible for an empty list
    }
    if (in_array($status, [400, 403, 404], true)) {
        throw new RejectedError("$path: $status $text");
    }
    return $status >= 200 && $status < 300 ? json_decode($text, true) : throw new RuntimeException("$path: $status $text");
}

// ---- Textlocal: at most 500 messages with individual texts per call
const PLACEHOLDER = '/%%\|(\w+)(?:\^\{.*?\})?%%/';

function is_ascii(string $text): bool
{
    return !preg_match('/[^\x00-\x7f]/', $text);
}

function textlocal(string $now, string $command, array $form = []): array
{
    global $settings;
    check_rate_limit($now, 'textlocal');
    ['url' => $url, 'credentials' => $credentials] = $settings['services']['textlocal'];
    $headers = 'Content-Type: application/x-www-form-urlencoded';
    [$status, $text] = http('POST', "$url/$command/", $headers, http_build_query($form + ['apikey' => $credentials['apikey']]));
    if ($status === 0 || ($status >= 400 && $status < 500)) {
        throw new RefusedError("$command: $status $text");
    }
    $result = json_decode($text, true);
    return $status === 200 && is_array($result) ? $result : throw new RuntimeException("$command: $status $text");
}

function templates_by_id(string $now): array
{
    return array_column(textlocal($now, 'get_templates')['templates'], null, 'id');
}

/** Return the numbers that opted out at Textlocal, which sends to them unless the caller leaves them out. */
function opted_out_numbers(string $now): array
{
    static $valid_until = '', $numbers = [];
    if ($valid_until <= $now) {
        $numbers = array_map(strval(...), array_column(textlocal($now, 'get_optouts')['optouts'], 'number'));
        $valid_until = later($now, MINUTE);
    }
    return $numbers;
}

/** Return digits with the country code, or null. Only British mobile numbers are certain; others need a country code. */
function international_number(?string $raw): ?string
{
    $digits = preg_replace('/[^\d+]/', '', $raw ?? '');
    $digits = preg_replace(['/^\+/', '/^00/', '/^0/'], ['', '', '44'], $digits, 1);
    $pattern = str_starts_with($digits, '44') ? '/^447\d{9}$/' : '/^[1-9]\d{9,14}$/';
    return preg_match($pattern, $digits) ? $digits : null;
}

/** Return text, number and state of a message. */
function personalized(string $body, array $attributes): array
{
    global $phone, $consent, $required;
    $text = preg_replace_callback(PLACEHOLDER, fn($match) => $attributes[$match[1]] ?? '', $body);
    $consents = !in_array($consent, $required, true) || in_array(strtolower($attributes[$consent] ?? ''), ['1', 'true', 'yes'], true);
    $number = $consents ? international_number($attributes[$phone] ?? null) : null;
    return ['text' => $text, 'number' => $number, 'state' => $number === null ? 'dropped' : 'pending'];
}

function names_in(array $bodies): array
{
    preg_match_all(PLACEHOLDER, implode(' ', $bodies), $matches);
    return $matches[1];
}

// ---- jobs: each works at `$now`, and returns when to run again, or null
function connect(string $now): string
{
    global $channels, $my_url;
    $templates = templates_by_id($now);
    foreach ($channels as ['id' => $channel, 'kind' => $kind]) {
        $type = $kind === 'triggered' ? TRIGGERED : EXECUTED;
        $listener = ['EventTypeID' => $type, 'ListenerURL' => "$my_url/events", 'ChannelID' => $channel];
        optimove($now, 'POST', 'general/RegisterEventListener', [], $listener);
        $listed = optimove($now, 'GET', 'integrations/GetChannelTemplates', ['ChannelID' => $channel]);
        $names = array_column($listed, 'TemplateName', 'TemplateID');
        $new = array_filter($templates, fn($template) => ($names[$template['id']] ?? null) !== $template['title']);
        foreach (array_chunk($new, ITEMS_PER_CALL) as $part) {
            $rows = array_map(fn($row) => ['TemplateID' => (int) $row['id'], 'TemplateName' => $row['title']], $part);
            optimove($now, 'POST', 'integrations/AddChannelTemplates', ['ChannelID' => $channel], $rows);
        }
        foreach (array_chunk(array_keys(array_diff_key($names, $templates)), ITEMS_PER_CALL) as $part) {
            $rows = array_map(fn($id) => ['ChannelID' => $channel, 'TemplateID' => $id], $part);
            optimove($now, 'POST', 'integrations/DeleteChannelTemplates', [], $rows);
        }
    }
    return later($now, 30 * MINUTE);
}

function metrics_job(int $campaign, int $channel, string $start): array
{
    $payload = ['campaign' => $campaign, 'channel' => $channel, 'until' => later($start, 7 * DAY)];
    $due = later($start, 15 * MINUTE);
    return ['job', ['id' => "metrics:$campaign:$channel", 'kind' => 'metrics', 'due' => $due, 'payload' => $payload]];
}

function page(string $now, int $campaign, int $channel, int $skip): ?string
{
    global $required;
    $templates = templates_by_id($now);
    $names = array_values(array_unique([...$required, ...names_in(array_column($templates, 'body'))]));
    $query = ['CampaignID' => $campaign, 'ChannelID' => $channel, 'CustomerAttributes' => implode(';', $names)];
    $query += ['$top' => PAGE_SIZE, '$skip' => $skip];
    $rows = optimove($now, 'GET', 'customers/GetCustomerSendDetailsByChannel', $query);
    $groups = []; // a batch has one send time; one letter outside ASCII makes all of it cost more
    foreach ($rows as $row) {
        $attributes = array_combine($names, $row['CustomerAttributes']);
        $message = ['id' => "$campaign:$channel:{$row['CustomerID']}", 'campaign' => $campaign, 'channel' => $channel];
        $message += ['template' => $row['TemplateID']];
        $message += personalized($templates[$row['TemplateID']]['body'], $attributes);
        $groups[$row['ScheduledTime']][(int) is_ascii($message['text'])][] = $message;
    }
    $changes = [];
    foreach ($groups as $due => $by_encoding) {
        foreach ($by_encoding as $group) {
            foreach (array_chunk($group, BATCH_SIZE) as $part) {
                $batch = "$campaign-$channel-$skip-" . count($changes);
                foreach ($part as $message) {
                    $changes[] = ['message', $message + ['batch' => $batch]];
                }
                $job = ['id' => "send:$batch", 'kind' => 'send', 'due' => $due, 'payload' => ['batch' => $batch]];
                $changes[] = ['job', $job];
            }
        }
    }
    if ($rows) {
        $changes[] = metrics_job($campaign, $channel, min(array_keys($groups)));
    }
    if (count($rows) === PAGE_SIZE) {
        $changes[] = page_job($campaign, $channel, $skip + PAGE_SIZE);
    }
    store(...$changes);
    return null;
}

function trigger(string $now, array $event): ?string
{
    global $required;
    $template = templates_by_id($now)[$event['templateid']] ?? null;
    if ($template === null) {
        return null; // it was deleted, so its text is lost
    }
    $attributes = $event['values'];
    if (array_diff([...$required, ...names_in([$template['body']])], array_keys($attributes))) {
        $attributes += fetch_attributes($now, $event['customerid']);
    }
    $id = "trigger-{$event['requestid']}";
    ['campaignid' => $campaign, 'channelid' => $channel] = $event;
    $message = ['id' => $id, 'campaign' => $campaign, 'channel' => $channel, 'template' => $event['templateid']];
    store(
        ['message', $message + ['batch' => $id] + personalized($template['body'], $attributes)],
        ['job', ['id' => "send:$id", 'kind' => 'send', 'due' => '', 'payload' => ['batch' => $id]]],
        // UpdateCampaignMetrics only takes whole numbers
        ...(is_int($campaign) ? [metrics_job($campaign, $channel, $now)] : []),
    );
    return null;
}

function fetch_attributes(string $now, string $customer): array
{
    try {
        $rows = optimove($now, 'GET', 'Customers/' . rawurlencode($customer) . '/Attributes');
    } catch (RejectedError) {
        return []; // the key has no permission, so attributes that are not in the event are unknown
    }
    return array_column($rows, 'Value', 'RealFieldName');
}

function send(string $now, string $batch): ?string
{
    global $messages, $batches, $settings, $my_url;
    store(state_change($batch, opted_out_numbers($now), 'pending', 'dropped'));
    $all = array_map(fn($id) => $messages[$id], $batches[$batch]);
    $pending = array_values(array_filter($all, fn($message) => $message['state'] === 'pending'));
    if (!$pending) {
        return null;
    }
    $data = [
        ...(isset($settings['sender']) ? ['sender' => $settings['sender']] : []), // else the account has a default
        'messages' => array_map(fn($m) => ['number' => $m['number'], 'text' => $m['text']], $pending),
        'receiptUrl' => "$my_url/receipts/$batch",
        'unicode' => !is_ascii(implode('', array_column($pending, 'text'))),
    ];
    // On disk before the call: messages that are `sending` after a crash or a time-out are not sent again.
    store(state_change($batch, null, 'pending', 'sending'));
    try {
        $result = textlocal($now, 'bulk_json', ['data' => json_encode($data)]);
    } catch (RefusedError $error) {
        $result = ['errors' => $error->getMessage()]; // nothing was sent
    }
    $sent = array_merge([], ...array_column($result['messages'] ?? [], 'messages'));
    $refused = $result['messages_not_sent'] ?? [];
    if (!$sent && !$refused) {
        store(state_change($batch, null, 'sending', 'pending'));
        throw new RuntimeException(json_encode($result['errors']));
    }
    store(
        state_change($batch, array_map(strval(...), array_column($sent, 'recipient')), 'sending', 'sent'),
        state_change($batch, array_map(strval(...), array_column($refused, 'number')), 'sending', 'dropped'),
    );
    return null;
}

function state_change(string $batch, ?array $numbers, string $from, string $to): array
{
    return ['state', ['batch' => $batch, 'numbers' => $numbers, 'from' => [$from], 'to' => $to]];
}

function metrics(string $now, int $campaign, int $channel, string $until): ?string
{
    global $messages;
    $counts = [];
    foreach ($messages as $message) {
        if ([$message['campaign'], $message['channel']] === [$campaign, $channel]) {
            $counts[$message['template']][] = $message['state'];
        }
    }
    $items = [];
    foreach ($counts as $template => $states) {
        foreach (METRICS as $metric => $counted) {
            $item = ['ChannelID' => $channel, 'CampaignID' => $campaign, 'TemplateID' => $template, 'MetricID' => $metric];
            $items[] = $item + ['MetricValue' => count(array_intersect($states, $counted))];
        }
    }
    foreach (array_chunk($items, ITEMS_PER_CALL) as $part) {
        optimove($now, 'POST', 'integrations/UpdateCampaignMetrics', [], $part);
    }
    $next = later($now, 6 * HOUR);
    return $next <= $until ? $next : null;
}

/** Return the job that is due next, or null. */
function next_job(): ?array
{
    global $jobs;
    $open = array_filter($jobs, fn($job) => $job['due'] !== null);
    return array_reduce($open, fn($first, $job) => $first !== null && $first['due'] <= $job['due'] ? $first : $job);
}

/** Run the next job if it is due; return whether it was. */
function run_next_job(string $now): bool
{
    global $write_seconds;
    $job = next_job();
    if ($job === null || $job['due'] > $now) {
        return false;
    }
    try {
        $due = $job['kind']($now, ...$job['payload']);
    } catch (RejectedError $error) {
        fwrite(STDERR, "{$job['id']} is given up: {$error->getMessage()}\n");
        $due = null;
    } catch (RuntimeException $error) {
        fwrite(STDERR, "{$job['id']} is retried: {$error->getMessage()}\n");
        $due = later($now, $error instanceof LimitError ? 2 : 15);
    }
    usleep((int) ($write_seconds * 1_000_000));
    store(['due', ['id' => $job['id'], 'due' => $due]]);
    return true;
}

/** Run all due jobs; return when the next one is due. */
function work(string $iso_now): ?string
{
    read_inbox();
    while (run_next_job(str_replace('T', ' ', substr($iso_now, 0, 19)))) {
        continue;
    }
    $job = next_job();
    return $job === null ? null : str_replace(' ', 'T', $job['due']) . 'Z';
}

replay();
start_web_server($host, $port);
store(['job', ['id' => 'connect', 'kind' => 'connect', 'due' => '', 'payload' => []]], ['due', ['id' => 'connect', 'due' => '']]);
getenv('PHP_BRIDGE_CLOCK') === 'virtual' ? live_by($settings['clock_url'], work(...)) : poll($loop_seconds);
