// Simulators and scenarios of Sendproof for node:test, or any other test framework (Node 20 or later, nothing else).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

// The command `sendproof`, such as .venv/bin/sendproof.
const SENDPROOF = process.env.SENDPROOF ?? "sendproof";

// Start simulators on free ports. Call `stop` when the tests are done.
export async function startSimulators() {
  const child = spawn(SENDPROOF, ["up", "--json", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const kill = () => child.kill("SIGINT");
  process.once("exit", kill);
  const line = await Promise.race([
    once(createInterface(child.stdout), "line").then(([text]) => text),
    once(child, "exit").then(([status]) => Promise.reject(new Error(`sendproof up ended with status ${status}`))),
  ]);
  const { control } = JSON.parse(line);
  return {
    url: control.url,
    createSandbox: (settings) => createSandbox(control.url, settings),
    async stop() {
      process.off("exit", kill);
      kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

// Run a scenario against the bridge that `command` starts; reject with the findings unless it passes.
export async function runScenario(scenario, { command, provider, results = "results" }) {
  const options = ["--command", command, "--results", results, ...(provider ? ["--provider", provider] : [])];
  const child = spawn(SENDPROOF, ["run", scenario, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`sendproof run ${scenario} ended with status ${status}\n${output}`);
}

async function createSandbox(url, settings) {
  const made = await call("POST", `${url}/control/sandboxes`, settings);
  const path = `${url}/control/sandboxes/${made.sandbox}`;
  return {
    name: made.sandbox,
    services: made.services,
    // Call an operation of the control API on this sandbox, such as ("GET", "messages").
    call: (method, operation, body) => call(method, `${path}/${operation}`, body),
    advance: (milliseconds) => call("POST", `${path}/clock/advance`, { by_ms: milliseconds }),
    delete: () => call("DELETE", path),
  };
}

async function call(method, url, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}
