<?php

declare(strict_types=1);

use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/Sendproof.php';

final class BridgeTest extends TestCase
{
    private static Sendproof $simulators;

    public static function setUpBeforeClass(): void
    {
        self::$simulators = Sendproof::start();
    }

    public static function tearDownAfterClass(): void
    {
        self::$simulators->stop();
    }

    public function testMessageIsDeliveredWithinAnHour(): void
    {
        $clock = ['mode' => 'virtual', 'start' => '2026-03-02T06:00:00Z'];
        $sandbox = self::$simulators->createSandbox(['seed' => 7, 'clock' => $clock, 'audience' => ['customers' => 20]]);
        ['url' => $url, 'credentials' => $credentials] = $sandbox->services['textlocal'];

        // Call your own code here, with this URL and these credentials.
        $form = ['apikey' => $credentials['apikey'], 'numbers' => '447700900123', 'message' => 'Hello'];
        $header = 'Content-Type: application/x-www-form-urlencoded';
        $http = ['method' => 'POST', 'header' => $header, 'content' => http_build_query($form)];
        file_get_contents("$url/send/", false, stream_context_create(['http' => $http]));

        $sandbox->advance(seconds: 3600);
        $messages = $sandbox->call('GET', 'messages')['items'];
        $this->assertSame(['Hello'], array_column($messages, 'text'));
        $this->assertSame(['delivered'], array_column($messages, 'state'));
    }

    public function testBridgeAnswersOneEventWithOneMessage(): void
    {
        $bridge = getenv('BRIDGE_COMMAND') ?: 'php bin/bridge.php';
        Sendproof::runScenario('triggered/one_event', $bridge, '--provider', 'textlocal');
    }
}
