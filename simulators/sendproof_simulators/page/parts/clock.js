// The sandbox's clock in the top bar: the time, its rate, and the ways to advance it.

import { api } from "../api.js";
import { touch, useClock } from "../live.js";
import { readAdvance } from "./duration.js";
import { day, longDay, second, span, time } from "./format.js";
import { Pause, Play } from "./icons.js";
import { useKey } from "./shortcuts.js";
import { attempt } from "./toasts.js";
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";

const STEPS = [["1 min", 6e4], ["1 h", 36e5], ["1 day", 864e5], ["1 week", 6048e5]];
const RATES = [1, 10, 60, 600, 3600];
// Real seconds after which an advance gives up.
const TIMEOUT_S = 600;

/** The current time of the clock: between two responses it goes on with the clock's rate. */
function useNow(clock) {
  const [, tick] = useState(0);
  const base = useRef({});
  if (base.current.clock !== clock) base.current = { clock, seen: performance.now() };
  const rate = clock?.rate ?? 0;
  useEffect(() => {
    if (!rate) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 250);
    return () => clearInterval(timer);
  }, [rate]);
  if (!clock) return null;
  return new Date(Date.parse(clock.now) + (performance.now() - base.current.seen) * rate).toISOString();
}

/** Return the instant of the next item or of the next work of a bridge; null if there is none. */
function nextInstant({ now, next, participants }) {
  const instants = [next, ...participants.map(({ until }) => until)].filter((instant) => instant && instant > now);
  return instants.length ? instants.reduce((first, instant) => (instant < first ? instant : first)) : null;
}

function rateText({ rate }) {
  if (rate === null) return "paused";
  return rate === 1 ? "real time" : `${rate.toLocaleString("en-GB")} × real time`;
}

/** `Clock` shows nothing until the clock is known. */
export function Clock() {
  const clock = useClock();
  const now = useNow(clock);
  const [open, setOpen] = useState(false);
  const [advancing, setAdvancing] = useState(null);
  const button = useRef();

  const advance = async (body, words) => {
    if (advancing) return;
    setAdvancing(words);
    await attempt(() => api.post("clock/advance", { ...body, timeout_s: TIMEOUT_S }), (reached) => `It is ${time(reached.now)} now`);
    setAdvancing(null);
    touch("clock");
  };
  const next = clock && nextInstant(clock);
  const advanceToNext = () => next && advance({ to: next }, "to the next instant");
  const setRate = async (rate) => {
    await attempt(() => api.patch("clock", { rate }), rate === null ? "Time is paused" : `Time passes at ${rateText({ rate })}`);
    touch("clock");
  };
  const canDrive = clock?.mode === "virtual";
  const toggle = () => canDrive && setRate(clock.rate === null ? 1 : null);

  useKey("n", "Advance to the next instant at which something is due", advanceToNext);
  useKey("p", "Pause time, or let it pass", toggle);
  useKey("t", "Open the clock", () => { setOpen((last) => !last); button.current?.focus(); });
  useEffect(() => {
    if (!open) return undefined;
    const close = (event) => {
      const outside = event.type === "pointerdown" && !event.target.closest(".clock-panel, .clock");
      if (outside || event.key === "Escape") setOpen(false);
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close);
    return () => { removeEventListener("pointerdown", close); removeEventListener("keydown", close); };
  }, [open]);

  if (!clock) return null;
  const busy = advancing !== null || clock.advancing;
  return html`<div class="clock" role="group" aria-label="Clock">
    <button type="button" class="quiet now" ref=${button} aria-expanded=${open} title="Clock (t)" onClick=${() => setOpen(!open)}>
      <span class="wide faint">${longDay(now).split(",")[0].slice(0, 3)}</span>
      <time datetime=${now}><span class="wide-only">${now.slice(0, 10)}</span><span class="narrow-only">${day(now)}</span> ${second(now)}</time> <span class="wide-only faint">UTC</span></button>
    <span class=${`badge ${busy ? "info" : clock.rate === null ? "warn" : "ok"}`} aria-live="polite">${busy ? "advancing" : rateText(clock)}</span>
    ${canDrive && html`
      <button type="button" onClick=${toggle} title=${clock.rate === null ? "Let time pass (p)" : "Pause (p)"}
        aria-label=${clock.rate === null ? "Let time pass" : "Pause time"}>${clock.rate === null ? html`<${Play} />` : html`<${Pause} />`}</button>
      <span class="group wide" role="group" aria-label="Advance">
        <button type="button" disabled=${busy || !next} onClick=${advanceToNext}
          title=${next ? `To ${time(next)}, when something is due (n)` : "Nothing is due"}>Next</button>
        ${STEPS.map(([words, ms]) => html`<button type="button" disabled=${busy} aria-label=${`Advance ${words}`}
          onClick=${() => advance({ by_ms: ms }, words)}>+${words}</button>`)}
      </span>`}
    ${open && html`<${ClockPanel} ...${{ clock, next, busy, canDrive, advance, advanceToNext, setRate }} />`}
  </div>`;
}

function ClockPanel({ clock, next, busy, canDrive, advance, advanceToNext, setRate }) {
  const [text, setText] = useState("");
  const body = readAdvance(text);
  const submit = (event) => {
    event.preventDefault();
    if (body) { advance(body, text); setText(""); }
  };
  return html`<section class="menu clock-panel" aria-label="Clock">
    <dl class="kv">
      <dt>Now</dt><dd>${longDay(clock.now)}, ${second(clock.now)} UTC</dd>
      <dt>Next due</dt><dd>${next ? html`${time(next)} <span class="faint">in ${span(Date.parse(next) - Date.parse(clock.now)) || "less than 1 s"}</span>` : "nothing"}</dd>
      <dt>Under way</dt><dd>${clock.in_flight} requests and webhooks</dd>
      <dt>Participants</dt><dd>${clock.participants.length === 0 ? "none: no bridge takes part in this time" : clock.participants.map((participant) => html`
        <div>${participant.name} <span class=${`badge ${participant.parked ? "ok" : "info"}`}>${participant.parked ? "parked" : "working"}</span>
          ${participant.until && html` <span class="faint">until ${time(participant.until)}</span>`}
          ${participant.idle_wake_ups > 0 && html` <span class="faint">${participant.idle_wake_ups} idle wake-ups</span>`}</div>`)}</dd>
    </dl>
    ${canDrive ? html`
      <form class="field" onSubmit=${submit}>
        <label for="advance">Advance by a time, or to an instant</label>
        <div class="line"><input id="advance" style="flex:1" placeholder="90 min, 1d 2h, 2026-03-09 09:00" value=${text}
          aria-invalid=${text && !body} onInput=${(event) => setText(event.target.value)} />
          <button class="primary" disabled=${busy || !body}>Advance</button></div>
        ${text && !body && html`<span class="error">expected a time such as 90 min or 1d 2h, or an instant such as 2026-03-09 09:00</span>`}
      </form>
      <div class="line" role="group" aria-label="Advance by">
        <button type="button" disabled=${busy || !next} onClick=${advanceToNext}>Next due</button>
        ${STEPS.map(([words, ms]) => html`<button type="button" disabled=${busy} onClick=${() => advance({ by_ms: ms }, words)}>+${words}</button>`)}
      </div>
      <div class="field"><span class="label" id="rate-label">Rate</span>
        <div class="line" role="group" aria-labelledby="rate-label">
          <button type="button" aria-pressed=${clock.rate === null} onClick=${() => setRate(null)}>Pause</button>
          ${RATES.map((rate) => html`<button type="button" aria-pressed=${clock.rate === rate} onClick=${() => setRate(rate)}>${rate.toLocaleString("en-GB")} ×</button>`)}
        </div></div>` : html`<p class="notice">This clock follows the machine's time. Create a sandbox with a virtual clock to advance it.</p>`}
  </section>`;
}
