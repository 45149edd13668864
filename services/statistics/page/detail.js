// The drill-down: what was reported of one indicator or target, each revision of it, and where it leads. Also the small pictures of the cards.
"use strict";
window.statisticsDetail = (ui) => {
  const { $, make, t, state } = ui;
  const SVG = "http://www.w3.org/2000/svg";
  let shown = null, chart = null, drawn = "", back = null;

  // A period as the time of its end: 2019 is 2019, its first quarter 2018.25.
  function when (period) {
    const year = Number (period.slice (0, 4));
    if (period.length === 4)
      return year;
    return year - 1 + (period[5] === "Q" ? 3 * Number (period[6]) : Number (period.slice (5))) / 12;
  }
  // Of each period the newest revision that has a value: they come in order.
  function newest (series) {
    const last = new Map (series.map ((o) => [o.period, o]));
    return [...last.values ()].filter ((o) => o.value !== "");
  }
  const isNewest = (series, o) => !series.some ((x) => x.period === o.period && Number (x.revision) > Number (o.revision));

  // -- small picture ----------------------------------------------------------------------------------------------------------------------

  function shape (name, attributes) {
    const node = document.createElementNS (SVG, name);
    for (const [key, value] of Object.entries (attributes))
      node.setAttribute (key, value);
    return node;
  }

  function spark (entry, series) {
    const points = newest (series).map ((o) => [when (o.period), Number (o.value)]);
    if (entry.baseline && !points.some ((p) => p[0] === when (entry.baselinePeriod)))
      points.push ([when (entry.baselinePeriod), Number (entry.baseline)]);
    points.sort ((a, b) => a[0] - b[0]);
    if (points.length === 0)
      return make ("div", { class: "spark none", "aria-hidden": "true" });
    const goal = [entry.targetYear, Number (entry.target)], p = entry.projection, ends = [...points, goal];
    if (p)
      ends.push ([entry.targetYear, Number (p.value)]);
    const xs = ends.map ((e) => e[0]), ys = ends.map ((e) => e[1]);
    const [x0, x1, y0, y1] = [Math.min (...xs), Math.max (...xs), Math.min (...ys), Math.max (...ys)];
    const at = ([x, y]) => [6 + (288 * (x - x0)) / (x1 - x0 || 1), 50 - (44 * (y - y0)) / (y1 - y0 || 1)];
    const line = (list) => list.map (at).map ((c) => c.map ((n) => n.toFixed (1)).join (",")).join (" ");
    const svg = shape ("svg", { class: "spark", viewBox: "0 0 300 56", preserveAspectRatio: "none", "aria-hidden": "true" });
    const level = at (goal)[1].toFixed (1);
    svg.append (shape ("line", { class: "goal", x1: 0, x2: 300, y1: level, y2: level }));
    if (p && p.method !== "REPORTED")
      svg.append (shape ("polyline", { class: "ahead", points: line ([points.at (-1), [entry.targetYear, Number (p.value)]]) }));
    svg.append (shape ("polyline", { class: "past", points: line (points) }));
    for (const point of points) {
      const [x, y] = at (point);
      svg.append (shape ("line", { class: "dot", x1: x, x2: x + 0.01, y1: y, y2: y }));
    }
    return svg;
  }

  // -- detail -----------------------------------------------------------------------------------------------------------------------------

  const find = (key) => state.indicators.find ((i) => i.key === key) || state.targets.find ((x) => x.id === key);

  function facts (entry) {
    const w = t (), known = entry.value !== "", units = ui.unit (entry);
    const list = [[w.reported, known ? ui.quantity (entry.value, units) + " (" + entry.period + ")" : w.none], [w.target, ui.quantity (entry.target, units) + " (" + entry.targetYear + ")"],
      [w.current, ui.badge (entry.status)], [w.outlook, entry.projection ? ui.outlook (entry) : "–"]];
    if (entry.derived)
      list.push ([w.derived, ui.decimal (ui.rounded (entry.derived))], [w.difference, entry.difference ? ui.decimal (ui.rounded (entry.difference)) : "–"]);
    $("detail-facts").replaceChildren (...list.map (([name, fact]) => make ("div", {}, make ("span", { class: "quiet" }, name), make ("b", {}, fact))));
  }

  function sets (entry, points) {
    const colour = ui.colours (), w = t (), p = entry.projection, end = entry.targetYear, list = [];
    const dataset = (label, data, extra) => ({ label, data, parsing: false, borderWidth: 2, pointRadius: 0, ...extra });
    list.push (dataset (w.reported, points, { borderColor: colour ("--bar"), backgroundColor: colour ("--bar"), pointRadius: 4 }));
    const from = Math.min (...points.map ((q) => q.x), end), goal = Number (entry.target);
    list.push (dataset (w.target, [{ x: from, y: goal }, { x: Math.max (end, ...points.map ((q) => q.x)), y: goal }], { borderColor: colour ("--good"), backgroundColor: colour ("--good"), borderDash: [3, 4] }));
    if (!p || p.method === "REPORTED" || points.length === 0)
      return list;
    const last = points.at (-1), soft = colour ("--fair");
    list.push (dataset (w.trend, [last, { x: end, y: Number (p.value) }], { borderColor: soft, backgroundColor: soft, borderDash: [7, 5], pointRadius: [0, 4] }));
    if (p.low) {
      list.push (dataset (w.interval, [last, { x: end, y: Number (p.high) }], { borderColor: soft, backgroundColor: soft + "33", borderWidth: 1, fill: "+1" }));
      list.push (dataset ("", [last, { x: end, y: Number (p.low) }], { borderColor: soft, borderWidth: 1 }));
    }
    return list;
  }

  function draw (entry, series) {
    const points = newest (series).map ((o) => ({ x: when (o.period), y: Number (o.value) }));
    if (entry.baseline && !points.some ((q) => q.x === when (entry.baselinePeriod)))
      points.push ({ x: when (entry.baselinePeriod), y: Number (entry.baseline) });
    points.sort ((a, b) => a.x - b.x);
    $("box-detail").hidden = points.length === 0;
    if (typeof Chart === "undefined" || points.length === 0)
      return;
    const colour = ui.colours (), units = ui.unit (entry);
    const axis = { ticks: { color: colour ("--soft") }, grid: { color: colour ("--line") } };
    const options = {
      responsive: true, maintainAspectRatio: false, animation: false, interaction: { mode: "nearest", intersect: false },
      plugins: { legend: { position: "bottom", labels: { color: colour ("--ink"), boxWidth: 28, boxHeight: 2, filter: (item) => item.text !== "" } } },
      scales: {
        x: { ...axis, type: "linear", ticks: { ...axis.ticks, precision: 0, stepSize: 1, maxRotation: 0, callback: (v) => (Number.isInteger (v) ? String (v) : "") } },
        y: { ...axis, title: { display: units !== "", text: units, color: colour ("--soft") } },
      },
    };
    if (chart)
      chart.destroy ();
    $("chart-detail").setAttribute ("aria-label", ui.named (entry));
    chart = new Chart ($("chart-detail"), { type: "line", data: { datasets: sets (entry, points) }, options });
  }

  function rows (series) {
    const w = t ();
    return [...series].reverse ().map ((o) => {
      const current = isNewest (series, o), link = /^https?:/.test (o.source);
      return [{ text: o.period, cls: current ? undefined : "old" }, { node: make ("span", { class: current ? undefined : "old" }, o.value ? ui.decimal (o.value) : w.missing), number: true },
        w.obs[o.status] || o.status, { text: o.revision + " · " + (current ? w.newest : w.replaced), cls: "whole" }, ui.num (new Date (Number (o.reportedUnixMs)).toLocaleString (state.language === "zh" ? "zh-CN" : "en-GB")),
        { node: make ("span", { class: "cite" }, link ? make ("a", { href: o.source, rel: "noreferrer noopener" }, o.source) : o.source) }];
    });
  }

  function show () {
    const entry = shown && find (shown);
    if (!entry)
      return;
    const w = t (), series = state.series.get (shown) || [], p = entry.projection, now = JSON.stringify ([entry, series, state.language, matchMedia ("(prefers-color-scheme: dark)").matches]);
    if (now === drawn)
      return;
    drawn = now;
    $("detail-kind").textContent = entry.key ? w.indicators + " " + String (entry.id).padStart (2, "0") : w.targets + " " + entry.id;
    $("detail-title").textContent = ui.named (entry);
    facts (entry);
    draw (entry, series);
    $("detail-method").textContent = p ? w.outlook + ": " + w.points (p.points, p.firstPeriod, p.lastPeriod) + w.methods[p.method] : series.length ? "" : w.noSeries;
    ui.table ($("table-detail"), w.seriesHead, [w.period, ui.num (w.value), w.status, w.revision, ui.num (w.accepted), w.source], rows (series));
  }

  function open (key) {
    back = key;
    shown = key;
    drawn = "";
    if (!$("detail").open)
      $("detail").showModal (); // first: a chart needs to know how wide it is
    history.replaceState (null, "", "#" + encodeURIComponent (key));
    show ();
  }

  document.addEventListener ("DOMContentLoaded", () => {
    $("detail-close").addEventListener ("click", () => $("detail").close ());
    $("detail").addEventListener ("click", (event) => event.target === $("detail") && $("detail").close ());
    $("detail").addEventListener ("close", () => {
      shown = null;
      history.replaceState (null, "", location.pathname + location.search);
      document.querySelector (`[data-open="${CSS.escape (back)}"]`)?.focus ();
    });
  });

  // An address with # shows its detail as soon as there are data.
  function refresh () {
    const wanted = decodeURIComponent (location.hash.slice (1));
    if (!shown && wanted && find (wanted) && !$("detail").open)
      open (wanted);
    show ();
  }
  return { open, refresh, spark };
};
