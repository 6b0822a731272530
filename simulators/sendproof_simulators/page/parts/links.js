// Hash routes: `#/outbox/…?campaign=7004&sandbox=demo`. Each view has a link.

import { useEffect, useState } from "../vendor/htm-preact.js";

export const DEFAULT_SANDBOX = "default";
export const HOME = "overview";

/** Return a hash as `{screen, path, params}`. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#?\/?/, "").split("?");
  const [screen, ...rest] = path.split("/").filter(Boolean).map(decodeURIComponent);
  return { screen: screen ?? HOME, path: rest, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** The sandbox that the page shows. */
export const currentSandbox = () => parse(location.hash).params.sandbox ?? DEFAULT_SANDBOX;

function write({ screen, path = [], params = {} }) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  const text = query.toString();
  return `#/${[screen, ...path].map((part) => encodeURIComponent(part)).join("/")}${text ? `?${text}` : ""}`;
}

/** Return the link of a screen in the same sandbox, such as `href("outbox", {campaign: 7004})`. */
export function href(screen, query = {}, ...path) {
  const sandbox = currentSandbox();
  return write({ screen, path, params: { ...query, sandbox: sandbox === DEFAULT_SANDBOX ? null : sandbox } });
}

/** Open a screen. */
export function go(screen, query = {}, ...path) {
  location.hash = href(screen, query, ...path);
}

function replace(hash) {
  history.replaceState(null, "", hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** Change parameters of the view in place; null removes one. */
export function setQuery(changes) {
  const route = parse(location.hash);
  replace(write({ ...route, params: { ...route.params, ...changes } }));
}

/** Change what follows the screen, such as the opened item; the filters stay. */
export function setPath(...path) {
  replace(write({ ...parse(location.hash), path }));
}

/** Show another sandbox on the same screen, without the filters. */
export function chooseSandbox(sandbox) {
  const { screen } = parse(location.hash);
  location.hash = write({ screen, params: { sandbox: sandbox === DEFAULT_SANDBOX ? null : sandbox } });
}

/** The current route; the component follows it. */
export function useRoute() {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parse(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}
