// What the documentation of a service consists of: contract, reference, and the sandbox with its credentials.

import { api, control } from "../api.js";
import { useEffect, useState } from "../vendor/htm-preact.js";

/** Return `{contract, reference, sandbox}` of a service; the limits are those of the sandbox. */
export async function load(service, sandbox) {
  const path = `services/${encodeURIComponent(service)}`;
  const [contract, reference, view] = await Promise.all([
    control.get(`${path}/contract.json`), control.get(`${path}/reference`, { sandbox }), api.get("")]);
  return { contract, reference, sandbox: view };
}

/** Load once, and again if one of `deps` changes: `{data, error}`. */
export function useLoaded(load_, deps) {
  const [state, setState] = useState({ data: null, error: null });
  useEffect(() => {
    let current = true;
    load_().then((data) => { if (current) setState({ data, error: null }); },
      (error) => { if (current) setState({ data: null, error }); });
    return () => { current = false; };
  }, deps);
  return state;
}

/** Return what a part of a contract refers to, or the part itself. */
export function resolve(contract, node) {
  let found = node ?? {};
  while (found.$ref) found = found.$ref.slice(2).split("/").reduce((part, step) => part[step], contract);
  return found;
}

/** Return the JSON media type of a body or response, or else the first: `[type, media]`; undefined without one. */
export function contentOf(node) {
  const all = Object.entries(node?.content ?? {});
  return all.find(([type]) => type.includes("json")) ?? all[0];
}
