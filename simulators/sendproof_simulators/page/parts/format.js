// Times, numbers and words as people read them. All times are UTC, as in Optimove.

const zone = {timeZone: "UTC"};
const number = new Intl.NumberFormat("en-GB");
const percent = new Intl.NumberFormat("en-GB", {style: "percent", maximumFractionDigits: 1});
const dayOf = new Intl.DateTimeFormat("en-GB", {...zone, weekday: "short", day: "numeric", month: "short"});
const longDayOf = new Intl.DateTimeFormat("en-GB", {...zone, weekday: "long", day: "numeric", month: "long", year: "numeric"});
const minuteOf = new Intl.DateTimeFormat("en-GB", {...zone, hour: "2-digit", minute: "2-digit"});
const secondOf = new Intl.DateTimeFormat("en-GB", {...zone, hour: "2-digit", minute: "2-digit", second: "2-digit"});

const SPANS = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]];

/** Return 1234 as "1,234", and a missing number as a dash. */
export const count = value => (value === null || value === undefined ? "–" : number.format(value));

/** Return "1 message" or "1,234 messages". */
export const plural = (value, noun, many = `${noun}s`) => `${count(value)} ${value === 1 ? noun : many}`;

/** Return a share as "97.5%"; a dash if there is nothing to divide by. */
export const share = (part, whole) => (whole ? percent.format(part / whole) : "–");

/** Return "Mon, 2 Mar". */
export const day = iso => (iso ? dayOf.format(new Date(iso)) : "–");

/** Return "Monday, 2 March 2026". */
export const longDay = iso => (iso ? longDayOf.format(new Date(iso)) : "–");

/** Return "09:00". */
export const minute = iso => (iso ? minuteOf.format(new Date(iso)) : "–");

/** Return "09:00:03". */
export const second = iso => (iso ? secondOf.format(new Date(iso)) : "–");

/** Return "Mon, 2 Mar 09:00". */
export const time = iso => (iso ? `${day(iso)} ${minute(iso)}` : "–");

/** Return "Mon, 2 Mar 09:00:03". */
export const exact = iso => (iso ? `${day(iso)} ${second(iso)}` : "–");

/** Return the distance of two instants in its largest units: "in 2 h 5 min", "3 d ago" or "now". */
export function distance(iso, now) {
  const ms = Date.parse(iso) - Date.parse(now);
  const text = span(Math.abs(ms));
  if (!text) return "now";
  return ms > 0 ? `in ${text}` : `${text} ago`;
}

/** Return milliseconds in their two largest units, such as "2 h 5 min"; empty below a second. */
export function span(ms) {
  const first = SPANS.findIndex(([, size]) => ms >= size);
  if (first < 0) return "";
  const [unit, size] = SPANS[first];
  const [nextUnit, nextSize] = SPANS[first + 1] ?? ["", 1];
  const rest = nextUnit ? Math.floor((ms % size) / nextSize) : 0;
  return `${Math.floor(ms / size)} ${unit}` + (rest ? ` ${rest} ${nextUnit}` : "");
}

/** Return an international phone number in groups, such as "+44 7152 415 661". Other texts stay as they are. */
export function phone(value) {
  const digits = String(value ?? "").replace(/^\+|^00/, "");
  if (!/^[1-9]\d{7,14}$/.test(digits)) return String(value ?? "–");
  if (/^1\d{10}$/.test(digits)) return `+1 ${digits.slice(1, 4)} ${digits.slice(4, 7)} ${digits.slice(7)}`;
  return `+${digits.slice(0, 2)} ${digits.slice(2, -6)} ${digits.slice(-6, -3)} ${digits.slice(-3)}`;
}

/** Return a word with a capital first letter, and spaces for underscores. */
export const capital = text => String(text ?? "").replace(/_/g, " ").replace(/^./, letter => letter.toUpperCase());
