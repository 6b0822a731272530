// Operations of the control API, with the client that @hey-api/openapi-ts generates from its contract, type-checked.

"use strict";

const { execFileSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { check, inputs } = require("./driver");

const PACKAGES = process.env.NODE_PATH;
const CONTRACT = join(__dirname, "..", "..", "openapi", "control.yaml");
const HOUR_MS = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), "sendproof-generated-"));
const [url, sandbox] = inputs.control.split("/control/sandboxes/");

const USE = `
import { addTemplates, advanceClock, createSandbox } from "./sdk.gen";
export const wrong = () => createSandbox({ body: { seed: 7, clock: { mode: "virtual", begin: "now" } } });
export const right = (sandbox: string) => [
  createSandbox({ body: { seed: 7, clock: { mode: "virtual", start: "2026-03-02T06:00:00Z" } } }),
  addTemplates({ path: { sandbox, service: "textlocal" }, body: [{ title: "Offer", body: "Hello" }] }),
  advanceClock({ path: { sandbox }, body: { by_ms: 1 } }).then(({ data }) => data?.participants[0].parked),
];
`;

const COMPILER = {
  compilerOptions: {
    strict: true,
    skipLibCheck: true,
    target: "es2022",
    module: "commonjs",
    moduleResolution: "node10",
    lib: ["es2023", "dom", "dom.iterable"],
    types: [],
    outDir: "out",
  },
  files: ["use.ts"],
};

function compile() {
  writeFileSync(join(folder, "use.ts"), USE);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(COMPILER));
  try {
    execFileSync("node", [join(PACKAGES, "typescript/bin/tsc"), "--project", folder]);
    return "";
  } catch (error) {
    return String(error.stdout);
  }
}

async function main() {
  const generator = join(PACKAGES, "@hey-api/openapi-ts/bin/run.js");
  execFileSync("node", [generator, "--input", CONTRACT, "--output", folder], { stdio: "ignore" });
  const errors = compile();
  const isRight = (text) => text.includes("'begin' does not exist") && text.trim().split("\n").length === 1;
  await check("generate (finds a wrong member, and no other mistake)", () => errors, isRight);

  const { client } = require(join(folder, "out", "client.gen.js"));
  const api = require(join(folder, "out", "sdk.gen.js"));
  const operations = readFileSync(CONTRACT, "utf8").match(/^      operationId: /gm).length;
  const functions = Object.values(api).filter((value) => typeof value === "function");
  await check("generate (each operation)", () => functions.length, (number) => number === operations);
  client.setConfig({ baseUrl: url });

  const path = { sandbox };
  const settings = { seed: 7, clock: { mode: "virtual", start: "2026-03-02T06:00:00Z" } };
  const data = async (answer) => (await answer).data;
  await check("createSandbox", () => data(api.createSandbox({ body: settings })), (made) => made.services.optimove.url);
  const advanced = () => data(api.advanceClock({ path, body: { by_ms: HOUR_MS } }));
  await check("advanceClock", advanced, ({ now }) => now === "2026-03-02T07:00:00.000Z");
  const refused = async () => (await api.advanceClock({ path, body: {} })).error;
  await check("advanceClock (refused)", refused, ({ status }) => status === 400);
  const templates = () =>
    data(api.addTemplates({ path: { ...path, service: "textlocal" }, body: [{ title: "Offer", body: "Hello" }] }));
  await check("addTemplates", templates, ([{ title }]) => title === "Offer");
  await check("listMessages", () => data(api.listMessages({ path })), ({ items }) => items.length === 0);
  const journal = async () => (await data(api.getJournal({ path, query: { start: 0 } }))).text();
  await check("getJournal", journal, (text) => text.includes('"kind"'));
  const rows = { path: { ...path, service: "optimove" }, body: "CustomerID,SMS_OPT_IN\nC0000002,0\n" };
  await check("uploadBatchFile", () => data(api.uploadBatchFile(rows)), ({ lines }) => lines === 1);
}

main().finally(() => rmSync(folder, { recursive: true }));
