// Draws the plots of the page with uPlot in its colours, and redraws them when the colour scheme changes.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("samples").textContent);
  const COLOURS = 8;
  const DASHES = [[], [7, 4], [2, 3]];
  const HEIGHT = 190;
  let drawn = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const clock = (seconds) => {
    const whole = Math.round(seconds);
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    const two = (number) => String(number).padStart(2, "0");
    return (hours ? hours + ":" + two(minutes) : minutes) + ":" + two(whole % 60);
  };
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
  const exact = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

  const axes = (unit) => {
    const lines = { stroke: colour("--line"), width: 1 };
    const both = { stroke: colour("--soft"), grid: lines, ticks: lines, font: "12px system-ui, sans-serif" };
    return [
      { ...both, values: (_, marks) => marks.map(clock), incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600] },
      { ...both, size: 56, values: (_, marks) => marks.map((mark) => short.format(mark)) },
    ];
  };
  const curve = (plot) => (name, index) => ({
    label: name,
    stroke: colour("--c" + (index % COLOURS)),
    dash: DASHES[index % DASHES.length],
    width: 2,
    // A second without events has no latency: a line across it hides nothing, and a dot alone would be easy to miss.
    spanGaps: true,
    points: { size: 5 },
    value: (_, value) => (value === null || value === undefined ? "–" : exact.format(value) + " " + plot.unit),
  });
  const draw = (plot, index) => {
    const place = document.getElementById("plot-" + index);
    place.replaceChildren();
    const options = {
      width: place.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
      cursor: { sync: { key: "load" }, drag: { x: true, y: false } },
      legend: { markers: { show: false } },
      // The values of the legend follow the cursor; without one, there is nothing to show.
      hooks: { setCursor: [({ root, cursor }) => root.classList.toggle("reading", cursor.idx !== null && cursor.left >= 0)] },
      axes: axes(plot.unit),
      series: [{ label: "at", value: (_, at) => (at === null || at === undefined ? "–" : clock(at)) }, ...plot.names.map(curve(plot))],
    };
    const chart = new uPlot(options, [data.at, ...plot.values], place);
    return { place, chart };
  };
  const drawAll = () => {
    drawn.forEach(({ chart }) => chart.destroy());
    drawn = data.plots.map((plot, index) => plot && draw(plot, index)).filter(Boolean);
  };

  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  addEventListener("resize", () => drawn.forEach(({ place, chart }) => chart.setSize({ width: place.clientWidth, height: HEIGHT })));
})();
