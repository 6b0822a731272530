// A plot over virtual time with uPlot. It follows the colours of the page and its own width.

import { day, exact, minute, second } from "./format.js";
import { html, useEffect, useRef } from "../vendor/htm-preact.js";

const { uPlot } = window;
const HEIGHT = 190;
// Pixels of the narrowest interval.
const INTERVAL_PX = 5;
const DAY_S = 86_400;

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const axis = { stroke: () => color("--faint"), grid: { stroke: () => color("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
const text = (seconds) => exact(new Date(seconds * 1000).toISOString());
const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);

/**
 * Return the columns of uPlot for sparse intervals of `width` ms: times in seconds, and one column for each series.
 * At most `most` intervals are drawn, so neighbours are added up. An interval without entries is zero: the empty time
 * between two intervals needs two points.
 */
export function dense(at, columns, width, most) {
  const starts = at.map((iso) => Date.parse(iso));
  const step = width * Math.max(1, Math.ceil((starts.at(-1) - starts[0] + width) / (width * most)));
  const sums = new Map();
  starts.forEach((start, index) => {
    const key = Math.floor(start / step) * step;
    const kept = sums.get(key) ?? columns.map(() => 0);
    sums.set(key, kept.map((value, place) => value + columns[place][index]));
  });
  const xs = [], ys = columns.map(() => []);
  const add = (ms, values) => { xs.push(ms / 1000); values.forEach((value, index) => ys[index].push(value)); };
  const zeros = columns.map(() => 0);
  const keys = [...sums.keys()];
  keys.forEach((key, index) => {
    if (index === 0) add(key - step, zeros);
    add(key, sums.get(key));
    if (keys[index + 1] === key + step) return;
    add(key + step, zeros);
    if (keys[index + 1] > key + 2 * step) add(keys[index + 1] - step, zeros);
  });
  return [xs, ...ys];
}

/** Return ticks of the axis of numbers, which is logarithmic: 0, 1, 10, and so on up to `most`. */
function powers(most) {
  const ticks = [0, 1];
  while (ticks.at(-1) * 10 <= most) ticks.push(ticks.at(-1) * 10);
  return ticks;
}

/** Return the labels of the axis of time: the day where it changes. */
function timeLabels(_, ticks, __, ___, step) {
  const parts = ticks.map((seconds) => new Date(seconds * 1000).toISOString());
  return parts.map((iso, index) => {
    const label = step < 60 ? second(iso) : minute(iso);
    const isNew = index === 0 || iso.slice(0, 10) !== parts[index - 1].slice(0, 10);
    if (step >= DAY_S) return day(iso);
    return isNew ? `${label}\n${day(iso)}` : label;
  });
}

function options(series, width) {
  return {
    width, height: HEIGHT, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { points: { size: 6 }, y: false },
    padding: [8, 24, 0, 0],
    scales: { y: { distr: 4, asinh: 1, range: (_, __, most) => [0, Math.max(10, most * 1.5)] } },
    axes: [
      { ...axis, size: 38, values: timeLabels, space: 70 },
      { ...axis, size: 52, splits: (_, __, ___, most) => powers(most), filter: (_, ticks) => ticks, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en-GB")) },
    ],
    series: [
      { label: "Time", value: (plot, seconds) => (seconds === null ? "all" : text(seconds)) },
      ...series.map(({ label, stroke }) => ({
        label, stroke: () => color(stroke), width: 1.5, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }),
        fill: () => `${color(stroke)}26`, value: (plot, value, index) => (value ?? sum(plot.data[index])).toLocaleString("en-GB"),
      })),
    ],
  };
}

/** `series` are `{label, stroke, values}`, `at` the starts of intervals of `width` ms; `summary` says the same in words. */
export function Plot({ at, width, series, summary }) {
  const box = useRef();
  const plot = useRef();
  const labels = series.map(({ label }) => label).join();
  useEffect(() => {
    const drawn = new uPlot(options(series, box.current.clientWidth), null, box.current);
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: box.current.clientWidth, height: HEIGHT }));
    resized.observe(box.current);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => drawn.redraw();
    scheme.addEventListener("change", redraw);
    return () => { resized.disconnect(); scheme.removeEventListener("change", redraw); drawn.destroy(); };
  }, [labels]);
  useEffect(() => { plot.current.setData(dense(at, series.map(({ values }) => values), width, box.current.clientWidth / INTERVAL_PX)); }, [at, labels]);
  return html`<div class="plot" role="img" aria-label=${summary} ref=${box}></div>`;
}
