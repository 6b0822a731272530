// Take part in a sandbox's virtual time (JavaScript, Node 18 or later).
//
// Calls `await work(now)` again and again, forever. It does all that is due at `now`, and returns when it next has
// something to do (ISO 8601, UTC), or null.
async function liveBy(clockUrl, work, name = "bridge") {
  let seen = await (await fetch(clockUrl)).json();
  for (;;) {
    // `seen` is from before the look for work: what arrives during it ends the park at once.
    const until = await work(seen.now);
    const body = JSON.stringify({ participant: name, until: until ?? null, since: seen.delivered });
    const headers = { "Content-Type": "application/json" };
    const reply = await fetch(`${clockUrl}/park`, { method: "POST", headers, body });
    if (!reply.ok) throw new Error(`park: ${reply.status} ${await reply.text()}`);
    seen = await reply.json();
  }
}

module.exports = { liveBy };
