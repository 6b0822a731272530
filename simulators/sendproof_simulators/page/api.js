// The control API. No other file of the page calls the network.

import { currentSandbox } from "./parts/links.js";

/** A refused or failed call. `status` is 0 if no response came. */
export class ApiError extends Error {
  constructor(status, detail, violations = []) {
    super(detail);
    this.status = status;
    this.detail = detail;
    this.violations = violations;
  }
}

/** Return `path` with the members of `query` that have a value; an array repeats its parameter. */
function withQuery(path, query) {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().filter((item) => item !== undefined && item !== null && item !== "").map((item) => [name, item]));
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}

/** Return the texts of a refusal in one sentence, with the place of each violation of the contract. */
function refusalText(problem, response) {
  const violations = (problem.violations ?? []).map(({ where, message }) => `${where.replace(/^body\.?/, "") || "body"}: ${message}`);
  return violations.length ? violations.join("; ") : problem.detail ?? `${response.status} ${response.statusText}`;
}

// The parent of the page's files, which may be below /token/TOKEN/.
const ROOT = new URL("..", import.meta.url);

async function request(method, path, { query = {}, body, type = "application/json", signal } = {}) {
  const options = { method, signal, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = type;
    options.body = type === "application/json" ? JSON.stringify(body) : body;
  }
  let response;
  try {
    response = await fetch(new URL(withQuery(path, query), ROOT), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "the simulators do not respond; start them again with: sendproof up");
  }
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "") && !/ndjson/.test(response.headers.get("content-type"));
  const content = isJson && text ? JSON.parse(text) : text;
  if (!response.ok) throw new ApiError(response.status, refusalText(content || {}, response), content?.violations);
  return content;
}

function client(prefix) {
  const call = (method) => (path, body, options = {}) => request(method, prefix() + path, { body, ...options });
  return {
    get: (path, query = {}, options = {}) => request("GET", prefix() + path, { query, ...options }),
    post: call("POST"),
    put: call("PUT"),
    patch: call("PATCH"),
    delete: call("DELETE"),
    /** The address of an operation, for a link that downloads. */
    url: (path, query = {}) => String(new URL(withQuery(prefix() + path, query), ROOT)),
  };
}

/** Operations on all sandboxes, such as `control.get("services")`. */
export const control = client(() => "control/");
/** Operations on the chosen sandbox, such as `api.get("requests", {limit: 100})`. */
export const api = client(() => `control/sandboxes/${encodeURIComponent(currentSandbox())}/`);
/** A simulated service, below the control port: the same origin, so try-it needs no CORS. */
export const service = (name, base = "") => new URL(`${name}${base}`.replace(/^\//, ""), ROOT);

/** Send a request to a service as it is: `{status, statusText, headers, text, ms}`, also of a refusal. */
export async function tryRequest({ method, url, headers, body }) {
  const began = performance.now();
  let response;
  try {
    response = await fetch(url, { method, headers, body });
  } catch {
    throw new ApiError(0, "no complete response came; a fault may have cut it, or the simulators have ended");
  }
  const text = await response.text();
  const ms = Math.round(performance.now() - began);
  return { status: response.status, statusText: response.statusText, headers: [...response.headers], text, ms };
}
