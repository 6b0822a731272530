// Follows what changes in the chosen sandbox, and tells the screens what to load again.

import { api, ApiError } from "./api.js";
import { currentSandbox } from "./parts/links.js";
import { useCallback, useEffect, useRef, useState } from "./vendor/htm-preact.js";

// Seconds that the server waits for a change.
const POLL_S = 20;
const RETRY_MS = 1000;
// Screens load again at most this often while a run changes everything at once.
const QUIET_MS = 250;
// A pause is this many times as long as the load before, so that the page leaves the simulators to the run.
const COST_FACTOR = 4;
const MOST_QUIET_MS = 5000;

/** `clock` and `counts` are the newest; `resets` counts resets and restores, after which nothing known is true; `error` is an ApiError while the simulators do not respond. */
const state = { sandbox: null, clock: null, counts: {}, error: null, generation: null, resets: 0 };
const listeners = new Set();

function publish(changes, parts) {
  Object.assign(state, changes);
  for (const listener of [...listeners]) listener(parts);
}

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

let running = null;

/** Follow the chosen sandbox until another is chosen. */
export async function follow() {
  const sandbox = currentSandbox();
  if (running?.sandbox === sandbox) return;
  running?.abort.abort();
  const run = { sandbox, abort: new AbortController() };
  running = run;
  publish({ sandbox, clock: null, counts: {}, error: null, generation: null }, null);
  let since;
  while (running === run) {
    try {
      const changes = await api.get("changes", { since, timeout_s: POLL_S }, { signal: run.abort.signal });
      if (running !== run) return;
      const parts = since === undefined ? null : changes.parts;
      since = changes.version;
      const { clock, counts, generation } = changes;
      const resets = state.resets + (state.generation !== null && state.generation !== generation ? 1 : 0);
      publish({ clock, counts, generation, resets, error: null }, parts);
      await pause(QUIET_MS);
    } catch (error) {
      if (running !== run) return;
      if (!(error instanceof ApiError)) throw error;
      // After a restart of the simulators, versions begin anew.
      since = undefined;
      publish({ error }, []);
      await pause(RETRY_MS);
    }
  }
}

/** Call `listener(parts)` after each change; `parts` is null if everything may have changed. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Ask for a change at once, for example after a command of this page. */
export function touch(...parts) {
  publish({}, parts);
}

function useSelected(select) {
  const [, render] = useState(0);
  const last = useRef();
  last.current = select(state);
  useEffect(() => subscribe(() => {
    if (select(state) !== last.current) render((n) => n + 1);
  }), []);
  return last.current;
}

/** The clock of the chosen sandbox; null before it is known. */
export const useClock = () => useSelected((current) => current.clock);
/** The number of requests, messages, webhooks and others so far, by part. */
export const useCounts = () => useSelected((current) => current.counts);
/** The number of resets and restores that this page has seen. */
export const useResets = () => useSelected((current) => current.resets);
/** The reason why nothing comes, or null. */
export const useOutage = () => useSelected((current) => current.error);

/** Return true if one of the `wanted` parts is among `changed`; null is all of them. */
export const concerns = (changed, wanted) => changed === null || wanted.some((part) => changed.includes(part));

/** Call `action` after a change of one of the `parts`. Calls do not overlap, and costly ones are rare. */
export function useChanges(parts, action, deps = []) {
  const latest = useRef(action);
  latest.current = action;
  useEffect(() => {
    let busy = false, again = false;
    const run = async () => {
      again = true;
      if (busy) return;
      busy = true;
      while (again) {
        again = false;
        const began = performance.now();
        await latest.current();
        await pause(Math.min(MOST_QUIET_MS, COST_FACTOR * (performance.now() - began)));
      }
      busy = false;
    };
    return subscribe((changed) => { if (concerns(changed, parts)) run(); });
  }, deps);
}

/**
 * Return `{data, error, loading, reload}` of `load()`, loaded again after a change of one of the `parts`.
 * The data of other `deps` is dropped at once.
 */
export function useLive(load, parts, deps = []) {
  const [result, setResult] = useState({ data: null, error: null, loading: true });
  const turn = useRef(0);
  const reload = useCallback(async () => {
    const own = ++turn.current;
    try {
      const data = await load();
      if (own === turn.current) setResult({ data, error: null, loading: false });
    } catch (error) {
      if (own === turn.current) setResult((last) => ({ ...last, error, loading: false }));
    }
  }, deps);
  useEffect(() => {
    setResult({ data: null, error: null, loading: true });
    reload();
    return () => { turn.current += 1; };
  }, [reload]);
  useChanges(parts, reload, [reload]);
  return { ...result, reload };
}
