// A request as the reader has filled it in: from an example of the contract, with the credentials of the sandbox.

import { service as serviceUrl } from "../api.js";

const VARIABLE = /\{\{(\w+)\}\}/g;

/** Return the values of a path such as `/messages/00ff` by the names in `/messages/{message_id}`. */
function pathValues(template, path) {
  const names = [...template.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  const pattern = template.split(/\{[^}]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("([^/]+)");
  const found = new RegExp(`^${pattern}$`).exec(path);
  return Object.fromEntries(names.map((name, index) => [name, found ? decodeURIComponent(found[index + 1]) : ""]));
}

/** Return the fields of the form for an example, or for none: `{path, query, header, form, body}`. */
export function fieldsOf(operation, example, credentials) {
  const filled = (text) => text.replace(VARIABLE, (whole, name) => credentials[name] ?? whole);
  const all = (values) => Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, filled(value)]));
  return {
    path: pathValues(operation.path, example?.path ?? ""),
    query: all(example?.query),
    header: all(example?.headers),
    form: all(example?.fields),
    body: filled(example?.body ?? ""),
  };
}

const present = (values) => Object.entries(values).filter(([, value]) => value !== "" && value !== undefined);

async function hmac(key, text) {
  const bytes = new TextEncoder();
  const imported = await crypto.subtle.importKey("raw", bytes.encode(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", imported, bytes.encode(text));
  return [...new Uint8Array(signature)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return JSON without white space: one dialect signs this form only. */
function shortest(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

/**
 * Return `{method, url, headers, body}`. `chosen` has the value of each credential by the place's name; an empty one is
 * left out. Errors: a signature needs a page from this machine or over TLS.
 */
export async function requestOf({ operation, fields, media, places, chosen, service, base }) {
  const headers = Object.fromEntries(present(fields.header));
  const query = new URLSearchParams(present(fields.query));
  const form = new URLSearchParams(present(fields.form));
  const isForm = media.includes("form");
  let body = media ? (isForm ? "" : fields.body) : undefined;
  for (const { place, name } of places) {
    const value = chosen[name];
    if (!value) continue;
    if (place === "header") headers[name] = value;
    if (place === "query") (isForm ? form : query).set(name, value);
    if (place === "signature") {
      if (!crypto.subtle) throw new Error("The browser signs only on a page of this machine or over TLS; open it at 127.0.0.1.");
      body = shortest(body ?? "");
      headers[name] = await hmac(value, body);
    }
  }
  if (isForm) body = String(form);
  if (media && body) headers["Content-Type"] = media;
  const path = operation.path.replace(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(fields.path[name] ?? ""));
  const text = String(query);
  const url = serviceUrl(service === "control" ? "" : service, `${base}${path}${text ? `?${text}` : ""}`);
  return { method: operation.method, url, headers, body: body || undefined };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Return the request as a command, to `base`, the service's own address. `prefix` is its path on this port. */
export function curlOf({ method, url, headers, body }, base, prefix) {
  const address = `${base}${url.pathname.slice(url.pathname.indexOf(prefix) + prefix.length)}${url.search}`;
  const parts = [`curl -X ${method} ${quoted(address)}`, ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)];
  if (body) parts.push(`--data-raw ${quoted(body)}`);
  return parts.join(" \\\n  ");
}
