// Times as people type them: `90 min`, `1d 2h`.

import { span } from "./format.js";

const UNITS = { ms: 1, s: 1e3, min: 6e4, m: 6e4, h: 36e5, d: 864e5, day: 864e5, days: 864e5, w: 6048e5, week: 6048e5, weeks: 6048e5 };
const PART = /(\d+(?:\.\d+)?)\s*(ms|min|m|s|hours?|h|days?|d|weeks?|w)/y;

/** Return a text such as `90 min` or `1d 2h` in milliseconds; null for any other text. */
export function readDuration(text) {
  const trimmed = text.trim();
  let sum = 0, place = 0;
  while (place < trimmed.length) {
    PART.lastIndex = place;
    const match = PART.exec(trimmed);
    if (!match) return null;
    sum += match[1] * (UNITS[match[2]] ?? UNITS[match[2][0]]);
    place = PART.lastIndex + /^\s*/.exec(trimmed.slice(PART.lastIndex))[0].length;
  }
  return trimmed ? Math.round(sum) : null;
}

/** Return milliseconds as a text that `readDuration` reads. */
export const durationText = (ms) => (ms % 1000 ? `${ms} ms` : exactSpan(ms));

function exactSpan(ms) {
  const text = span(ms);
  return text && readDuration(text) === ms ? text : `${ms / 1000} s`;
}

/** Return the body of an advance for a text such as `90 min`, `1d 2h` or an instant; null for any other text. */
export function readAdvance(text) {
  const by = readDuration(text);
  if (by !== null) return { by_ms: by };
  if (!/^\s*\d{4}-\d\d-\d\d/.test(text)) return null;
  const iso = text.trim().replace(" ", "T");
  const instant = new Date(/T.*([zZ]|[+-]\d\d:?\d\d)$/.test(iso) ? iso : `${iso.includes("T") ? iso : `${iso}T00:00`}Z`);
  return Number.isNaN(instant.getTime()) || !isDay(iso.slice(0, 10)) ? null : { to: instant.toISOString() };
}

/** Return false for a day that its month does not have, which `Date` would move into the next month. */
function isDay(text) {
  const day = new Date(`${text}T00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
