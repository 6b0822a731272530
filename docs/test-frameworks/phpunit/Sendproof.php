<?php

declare(strict_types=1);

use PHPUnit\Framework\Assert;

/** Simulators and scenarios of Sendproof for PHPUnit 9 or later (PHP 8.1, no other package or extension). */
final class Sendproof
{
    private function __construct(private readonly string $url, private mixed $process, private readonly mixed $output)
    {
    }

    /** Start simulators on free ports. Call `stop` when the tests are done; they also end with PHP. */
    public static function start(): self
    {
        $words = [self::command(), 'up', '--json', '--port', '0'];
        $process = proc_open($words, [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR], $pipes);
        $line = $process === false ? false : fgets($pipes[1]);
        if ($line === false) {
            throw new RuntimeException('sendproof up ended without an address; its errors are in the output of the tests');
        }
        $url = json_decode($line, true, flags: JSON_THROW_ON_ERROR)['control']['url'];
        // The output stays open for what the simulators may print later.
        $simulators = new self($url, $process, $pipes[1]);
        register_shutdown_function($simulators->stop(...));
        return $simulators;
    }

    public function stop(): void
    {
        if ($this->process !== null) {
            // SIGINT, as Ctrl-C: the usual end.
            proc_terminate($this->process, 2);
            proc_close($this->process);
            $this->process = null;
        }
    }

    /** Create a sandbox: a client of Optimove with customers and channels. Settings as for `createSandbox`. */
    public function createSandbox(array $settings): SendproofSandbox
    {
        $url = "$this->url/control/sandboxes";
        $made = SendproofSandbox::request('POST', $url, $settings);
        return new SendproofSandbox("$url/{$made['sandbox']}", $made['services']);
    }

    /** Run a scenario against the bridge that `$bridge` starts; fail with the findings unless it passes. */
    public static function runScenario(string $scenario, string $bridge, string ...$options): void
    {
        $words = [self::command(), 'run', $scenario, '--command', $bridge, ...$options];
        $process = proc_open($words, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['redirect', 1]], $pipes);
        if ($process === false) {
            throw new RuntimeException("$words[0] cannot be started");
        }
        $output = stream_get_contents($pipes[1]);
        $status = proc_close($process);
        Assert::assertSame(0, $status, "sendproof run $scenario ended with status $status\n$output");
    }

    /** The command `sendproof`, such as `.venv/bin/sendproof`. */
    private static function command(): string
    {
        return getenv('SENDPROOF') ?: 'sendproof';
    }
}

final class SendproofSandbox
{
    /** @param array<string, array{url: string, credentials: array<string, string>}> $services */
    public function __construct(private readonly string $url, public readonly array $services)
    {
    }

    /** Call an operation of the control API on this sandbox, such as ('GET', 'messages'). */
    public function call(string $method, string $operation, ?array $body = null): ?array
    {
        return self::request($method, "$this->url/$operation", $body);
    }

    /** Let virtual time pass, with everything that is due meanwhile. */
    public function advance(int $seconds): void
    {
        $this->call('POST', 'clock/advance', ['by_ms' => 1000 * $seconds]);
    }

    public static function request(string $method, string $url, ?array $body): ?array
    {
        $http = ['method' => $method, 'ignore_errors' => true];
        if ($body !== null) {
            $http += ['header' => 'Content-Type: application/json', 'content' => json_encode($body, JSON_THROW_ON_ERROR)];
        }
        $response = @fopen($url, 'r', false, stream_context_create(['http' => $http]));
        if ($response === false) {
            throw new RuntimeException("$method $url: no response");
        }
        $status = stream_get_meta_data($response)['wrapper_data'][0];
        $text = stream_get_contents($response);
        if (!preg_match('/ 2\d\d\b/', $status)) {
            throw new RuntimeException("$method $url: $status $text");
        }
        return json_decode($text, true);
    }
}
