<?php
// A small bridge from Optimove to Textlocal, with PHP 8 alone.
// --- 1. Webhooks, jobs and time
$handover = json_decode(file_get_contents(getenv('SENDPROOF_HANDOVER')), true, flags: JSON_THROW_ON_ERROR);
['optimove' => $optimove, 'textlocal' => $textlocal] = $handover['services'];
['channels' => [['id' => $channel]], 'webhook_token' => $token] = $handover;
['host' => $host, 'port' => $port] = $handover['listen'];
$myUrl = "http://$host:$port/$token";
$inbox = getenv('SENDPROOF_HANDOVER') . '.inbox';

// PHP's own web server also runs this file, for each request: it stores the webhook, and nothing more.
if (PHP_SAPI === 'cli-server') {
    $known = str_starts_with($_SERVER['REQUEST_URI'], "/$token/");
    $webhook = [substr($_SERVER['REQUEST_URI'], strlen("/$token")), file_get_contents('php://input')];
    if ($known) {
        file_put_contents($inbox, json_encode($webhook) . "\n", FILE_APPEND | LOCK_EX);
    }
    http_response_code($known ? 200 : 404);
    return;
}

$jobs = []; // [due, function]; a time is text in UTC, as Optimove writes it: "2026-03-02 09:00:00"
$webhooks = []; // the function for each path
const START = '';

function call(string $url, ?string $body = null, array $headers = []): mixed
{
    $method = $body === null ? 'GET' : 'POST';
    $http = ['method' => $method, 'content' => $body ?? '', 'header' => $headers];
    $context = stream_context_create(['http' => [...$http, 'ignore_errors' => true, 'timeout' => 600]]);
    $reply = file_get_contents($url, false, $context);
    if ($reply === false || !preg_match('/ 2\d\d /', $http_response_header[0])) {
        throw new RuntimeException("$url: " . ($http_response_header[0] ?? 'no reply') . " $reply");
    }
    return $reply === '' ? null : json_decode($reply, true, flags: JSON_THROW_ON_ERROR);
}

// Handle each webhook that was stored since the last look.
function readInbox(): void
{
    global $inbox, $webhooks;
    static $position = 0;
    $file = file_exists($inbox) ? fopen($inbox, 'r') : null;
    if ($file) {
        flock($file, LOCK_SH);
        fseek($file, $position);
        while (($line = fgets($file)) !== false) {
            [$path, $body] = json_decode($line, true);
            isset($webhooks[$path]) && $webhooks[$path]($body);
        }
        $position = ftell($file);
        fclose($file);
    }
}

// Do all that is due, and return when the next job is due.
function work(string $isoNow): ?string
{
    global $jobs;
    $now = str_replace('T', ' ', substr($isoNow, 0, 19));
    for (readInbox(); usort($jobs, fn ($a, $b) => $a[0] <=> $b[0]) && $jobs && $jobs[0][0] <= $now; readInbox()) {
        array_shift($jobs)[1]($now);
    }
    return $jobs ? str_replace(' ', 'T', $jobs[0][0]) . 'Z' : null;
}

function liveBy(string $clockUrl): never
{
    for ($seen = call($clockUrl); ;) {
        $until = work($seen['now']);
        $parked = ['participant' => 'bridge', 'until' => $until, 'since' => $seen['delivered']];
        $seen = call("$clockUrl/park", json_encode($parked), ['Content-Type: application/json']);
    }
}

// --- 2. Templates and listener
function toOptimove(string $path, array $query = [], ?array $body = null): mixed
{
    global $optimove;
    $headers = ["X-API-KEY: {$optimove['credentials']['api_key']}", 'Content-Type: application/json'];
    $url = "{$optimove['url']}/current/$path?" . http_build_query($query);
    return call($url, $body === null ? null : json_encode($body), $headers);
}

function toTextlocal(string $command, array $form = []): array
{
    global $textlocal;
    $body = http_build_query([...$form, 'apikey' => $textlocal['credentials']['apikey']]);
    return call("{$textlocal['url']}/$command/", $body, ['Content-Type: application/x-www-form-urlencoded']);
}

function templates(): array
{
    return array_column(toTextlocal('get_templates')['templates'], null, 'id');
}

function connect(): void
{
    global $channel, $myUrl;
    $row = fn ($template) => ['TemplateID' => (int) $template['id'], 'TemplateName' => $template['title']];
    $rows = array_values(array_map($row, templates()));
    toOptimove('integrations/AddChannelTemplates', ['ChannelID' => $channel], $rows);
    $listener = ['EventTypeID' => 13, 'ChannelID' => $channel, 'ListenerURL' => "$myUrl/events"];
    toOptimove('general/RegisterEventListener', [], $listener);
}

$jobs[] = [START, fn () => connect()];

// --- 3. The campaign
const PLACEHOLDER = '/%%\|(\w+)(?:\^\{.*?\})?%%/';
const PAGE_SIZE = 10000;
$phone = $handover['attributes']['phone'];
$messages = []; // with template, number, text, at, and state: pending, sent, delivered, failed or dropped
$followUps = []; // [duration after the send time, function]

function onEvent(string $body): void
{
    global $jobs;
    $event = array_change_key_case(json_decode($body, true, flags: JSON_THROW_ON_ERROR));
    if ($event['eventtypeid'] === 13) {
        $jobs[] = [START, fn () => readPage($event['campaignid'], 0)];
    }
}

function readPage(int $campaign, int $skip): void
{
    global $channel, $followUps, $jobs, $messages, $phone;
    $texts = array_column(templates(), 'body', 'id');
    preg_match_all(PLACEHOLDER, implode(' ', $texts), $used);
    $names = array_values(array_unique([$phone, ...$used[1]]));
    $query = ['CampaignID' => $campaign, 'ChannelID' => $channel, 'CustomerAttributes' => implode(';', $names)];
    $page = ['$top' => PAGE_SIZE, '$skip' => $skip];
    $rows = toOptimove('customers/GetCustomerSendDetailsByChannel', [...$query, ...$page]);
    foreach ($rows as $row) {
        $values = array_combine($names, $row['CustomerAttributes']);
        $template = $row['TemplateID'];
        $text = preg_replace_callback(PLACEHOLDER, fn ($match) => $values[$match[1]] ?? '', $texts[$template]);
        $number = international($values[$phone] ?? '');
        $state = $number === null ? 'dropped' : 'pending';
        $messages[] = compact('template', 'number', 'text', 'state') + ['at' => $row['ScheduledTime']];
    }
    foreach (array_unique(array_column($rows, 'ScheduledTime')) as $at) {
        $jobs[] = [$at, fn () => send($at)];
        foreach ($followUps as [$duration, $task]) {
            $jobs[] = [later($at, $duration), fn ($now) => $task($now, $campaign, $at)];
        }
    }
    if (count($rows) === PAGE_SIZE) {
        $jobs[] = [START, fn () => readPage($campaign, $skip + PAGE_SIZE)];
    }
}

// Return digits with the country code of Great Britain, or null.
function international(string $number): ?string
{
    $digits = preg_replace(['/[^\d+]/', '/^(\+|00)/', '/^0/'], ['', '', '44'], $number);
    return preg_match('/^447\d{9}$/', $digits) ? $digits : null;
}

function later(string $time, string $duration): string
{
    return (new DateTimeImmutable("$time UTC"))->modify("+$duration")->format('Y-m-d H:i:s');
}

function send(string $at): void
{
    global $handover, $messages, $myUrl;
    $optedOut = array_column(toTextlocal('get_optouts')['optouts'], 'number');
    $sent = [];
    foreach ($messages as $index => $message) {
        if ($message['state'] === 'pending' && $message['at'] === $at) {
            $isSent = !in_array($message['number'], $optedOut);
            $messages[$index]['state'] = $isSent ? 'sent' : 'dropped';
            $isSent && $sent[] = ['number' => $message['number'], 'text' => $message['text']];
        }
    }
    foreach (array_chunk($sent, 500) as $part) {
        $unicode = (bool) preg_grep('/[^\x00-\x7f]/', array_column($part, 'text'));
        $data = ['messages' => $part, 'receiptUrl' => "$myUrl/receipts", 'unicode' => $unicode];
        isset($handover['sender']) && $data['sender'] = $handover['sender'];
        toTextlocal('bulk_json', ['data' => json_encode($data)]);
    }
}

$webhooks['/events'] = onEvent(...);

// --- 4. The reports
const METRICS = [0 => ['sent', 'delivered', 'failed'], 1 => ['delivered'], 5 => ['dropped'], 9 => ['failed']];
const STATES = ['D' => 'delivered', 'U' => 'failed', 'I' => 'failed', 'E' => 'failed'];

function onReceipt(string $body): void
{
    global $messages;
    parse_str($body, $form);
    foreach ($messages as $index => $message) {
        if ($message['number'] === $form['number'] && $message['state'] === 'sent') {
            $messages[$index]['state'] = STATES[$form['status']] ?? 'sent';
        }
    }
}

function report(string $now, int $campaign, string $at): void
{
    global $channel, $jobs, $messages;
    $items = [];
    foreach (array_unique(array_column($messages, 'template')) as $template) {
        foreach (METRICS as $metric => $states) {
            $counted = fn ($message) => $message['template'] === $template && in_array($message['state'], $states);
            $items[] = [
                'ChannelID' => $channel, 'CampaignID' => $campaign, 'TemplateID' => $template,
                'MetricID' => $metric, 'MetricValue' => count(array_filter($messages, $counted)),
            ];
        }
    }
    toOptimove('integrations/UpdateCampaignMetrics', [], $items);
    $next = later($now, '6 hours');
    if ($next <= later($at, '7 days')) {
        $jobs[] = [$next, fn ($now) => report($now, $campaign, $at)];
    }
}

$webhooks['/receipts'] = onReceipt(...);
$followUps[] = ['15 minutes', report(...)];

// --- 5. Start
file_exists($inbox) && unlink($inbox);
$output = [1 => ['file', '/dev/null', 'w'], 2 => STDERR];
$server = proc_open([PHP_BINARY, '-q', '-S', "$host:$port", __FILE__], $output, $pipes);
register_shutdown_function(fn () => proc_terminate($server));
while (!($connection = @fsockopen($host, $port))) {
    usleep(50_000);
}
fclose($connection);
liveBy($handover['clock_url']);
