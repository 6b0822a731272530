import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { runScenario, startSimulators } from "./sendproof.mjs";

// The command that starts your bridge.
const command = process.env.BRIDGE_COMMAND ?? "node bridge.js";
let simulators;

before(async () => (simulators = await startSimulators()));
after(() => simulators.stop());

test("a message is delivered within an hour", async () => {
  const clock = { mode: "virtual", start: "2026-03-02T06:00:00Z" };
  const sandbox = await simulators.createSandbox({ seed: 7, clock, audience: { customers: 20 } });
  const { url, credentials } = sandbox.services.textlocal;

  // Call your own code here, with this URL and these credentials.
  const body = new URLSearchParams({ apikey: credentials.apikey, numbers: "447700900123", message: "Hello" });
  await fetch(`${url}/send/`, { method: "POST", body });

  await sandbox.advance(3_600_000);
  const { items } = await sandbox.call("GET", "messages");
  assert.deepEqual(items.map(({ text, state }) => ({ text, state })), [{ text: "Hello", state: "delivered" }]);
});

test("the bridge answers one event with one message", () =>
  runScenario("triggered/one_event", { provider: "textlocal", command }));
