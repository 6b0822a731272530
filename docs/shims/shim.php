<?php
// Take part in a sandbox's virtual time (PHP 8, nothing else).
//
// Calls `$work($now)` again and again, forever. It does all that is due at `$now`, and returns when it next has
// something to do (ISO 8601, UTC), or null.
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
