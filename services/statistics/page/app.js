// The page of statisticsd: fetches the data of the daemon every few seconds and shows it. No other host is asked for anything.
"use strict";
(() => {
  const REFRESH_MS = 3000;
  const $ = (id) => document.getElementById(id);

  const TEXT = {
    zh: {
      skip: "跳到正文", city: "宁波市", title: "科技成果转移转化统计监测", print: "打印", other: "English", otherLang: "en",
      summary: "运行总览", indicators: "主要指标", counts: "分布统计", measure: "统计项", targets: "任务目标", sources: "数据来源",
      byDistrict: "按区县（市）和功能区", bySpecial: "按重大科技专项",
      indicatorsNote: "方案附件 1 的 11 项指标，由责任部门填报；未填报的不以零计",
      countsNote: "未注明区域或专项的只计入全市合计；涉及多个专项的在每个专项各计一次，合计只计一次。",
      targetsNote: "方案各项任务的 34 个量化目标；点击名称查看序列",
      targetsFoot: "系统计数只含本平台事件，与部门填报并列；差值 = 填报 − 系统计数。未填报的不以零计。", knownOnly: "仅显示有数据的目标",
      derived: "系统计数", difference: "差值", reported: "填报值", outlook: "2020 预测", willReach: "预计达标", noInterval: "无区间", close: "关闭", details: "查看序列", indicatorOf: "同指标",
      seriesHead: "填报序列与历次修订", period: "时期", revision: "修订", source: "来源", accepted: "接收时间", newest: "现行", replaced: "已被修订", missing: "缺失",
      target: "目标", trend: "预测", interval: "90 % 预测区间", current: "当前状态", projectedState: "2020 预测状态", noSeries: "尚无填报数据。",
      points: (n, a, b) => "依据 " + n + " 个年末值（" + a + "–" + b + "）。",
      methods: {
        PACE_LINEAR: "按首末两点的年均增量外推；少于 4 个点，不给出区间。", PACE_COMPOUND: "按首末两点的年均增速外推；少于 4 个点，不给出区间。",
        REGRESSION_LINEAR: "最小二乘直线外推，附 90 % 预测区间。", REGRESSION_LOG: "对数最小二乘外推，附 90 % 预测区间。", REPORTED: "目标年度已填报，即为该值。",
      },
      obs: { A: "正常", B: "断点", D: "口径不同", E: "估计", F: "预测", G: "试验", I: "插补", L: "缺失", M: "缺失", N: "不显著", O: "缺失", P: "初步", Q: "保密", U: "低可靠", V: "未核" },
      sourcesNote: "每个事件只计一次；位置为各分区已计入的序号",
      foot: "数据由 statisticsd 汇总，每隔数秒更新；本页只访问本服务。",
      updated: "更新于", offline: "连接中断，正在重试", loading: "正在读取", noChart: "未安装图表组件，以下为数据表。",
      value: "现值", baseline: "基期", required: "所需年增", observed: "实际年增", projected: "按现速预计", department: "责任部门",
      progress: "完成度", none: "未填报", perYear: "/年", district: "区域", special: "专项", amount: "数量", share: "占比", total: "全市合计",
      unplaced: "未注明", task: "任务", metric: "目标内容", now: "现值", status: "状态", noFeed: "暂无数据",
      stream: "数据流", contact: "连接", live: "正常", away: "未连接", events: "本次接收", positions: "已计入（分区:序号）", last: "最近事件",
      irregular: "异常", noneYet: "尚无", lossHead: "有事件缺失：统计不含这些事件",
      doubtHead: "统计存疑：可能仍计入来源已丢失的事件，或缺少来源已清理的事件",
      unknown: "未知类型", malformed: "无法读取", lost: "缺失",
      currency: "", money: [[1e8, "亿元"], [1e4, "万元"], [1, "元"]], chartMoney: [1e6, "万元"],
      streams: { patent: "专利预警", achievement: "成果库", finance: "投贷联动" },
      states: {
        NOT_REPORTED: "未填报", ACHIEVED: "已达标", ON_TRACK: "进展正常", ACCELERATE: "需要加快", LIMITED: "进展有限", DETERIORATING: "出现倒退",
        NO_BASELINE: "缺少基期",
      },
      names: {
        achievements_registered: "入库成果", achievements_pushed: "已推送成果", pushes_made: "推送次数", duplicates: "重复成果", demands_open: "在册需求",
        patents_published: "专利公开", alerts_raised: "预警", alerts_retracted: "撤回预警", watches_active: "监视项", applications_submitted: "融资申请", rounds_completed: "撮合轮次",
        proposals_made: "融资方案", proposals_released: "已释放方案", capital_confirmed_fen: "确认资金", "capital_confirmed_fen/equity": "确认资金·股权",
        "capital_confirmed_fen/loan": "确认资金·贷款", "capital_confirmed_fen/lease": "确认资金·租赁",
        contracts: "技术合同", contract_fen: "合同成交额", contract_technology_fen: "技术交易额",
      },
    },
    en: {
      skip: "Skip to the content", city: "Ningbo", title: "Technology Transfer: Statistics and Monitoring", print: "Print", other: "中文", otherLang: "zh-CN",
      summary: "At a glance", indicators: "Main indicators", counts: "Distribution", measure: "Count", targets: "Task targets", sources: "Sources",
      byDistrict: "By district and functional zone", bySpecial: "By major special",
      indicatorsNote: "The 11 indicators of annex 1, reported by the responsible departments; what was not reported is not zero",
      countsNote: "What names no district or special is in the city's total only; what belongs to several specials is in each of them and once in the total.",
      targetsNote: "The 34 numbers that the plan's tasks set; a name opens its series",
      targetsFoot: "Counted: events of this platform alone, beside what departments report; difference = reported − counted. What was not reported is not zero.",
      knownOnly: "Only targets with figures",
      derived: "Counted", difference: "Difference", reported: "Reported", outlook: "2020 outlook", willReach: "Would be reached", noInterval: "no interval", close: "Close", details: "Open series", indicatorOf: "Same as indicator",
      seriesHead: "Reported figures and their revisions", period: "Period", revision: "Revision", source: "Source", accepted: "Accepted", newest: "current", replaced: "revised since", missing: "missing",
      target: "Target", trend: "Projection", interval: "90 % prediction interval", current: "Now", projectedState: "Projected 2020", noSeries: "Nothing has been reported yet.",
      points: (n, a, b) => "From " + n + " year-end figures (" + a + "–" + b + "). ",
      methods: {
        PACE_LINEAR: "The yearly change between first and last goes on; fewer than 4 points give no interval.",
        PACE_COMPOUND: "The yearly growth between first and last goes on; fewer than 4 points give no interval.",
        REGRESSION_LINEAR: "Least squares over time, with the prediction interval of 90 %.", REGRESSION_LOG: "Least squares of logarithms over time, with the prediction interval of 90 %.",
        REPORTED: "The target year is reported: this is its figure.",
      },
      obs: { A: "normal", B: "break", D: "definition differs", E: "estimate", F: "forecast", G: "experimental", I: "imputed", L: "missing", M: "missing", N: "not significant", O: "missing", P: "provisional", Q: "suppressed", U: "low reliability", V: "unvalidated" },
      sourcesNote: "Each event counts once; a position is the last sequence counted in a partition",
      foot: "Compiled by statisticsd and refreshed every few seconds; this page asks no other host.",
      updated: "Updated", offline: "Connection lost, trying again", loading: "Reading", noChart: "The chart library is not installed; the tables hold the same figures.",
      value: "Value", baseline: "Baseline", required: "Required a year", observed: "Observed a year", projected: "At this pace", department: "Department",
      progress: "Progress", none: "Not reported", perYear: " a year", district: "District", special: "Special", amount: "Count", share: "Share", total: "Whole city",
      unplaced: "Not stated", task: "Task", metric: "Target", now: "Value", status: "Status", noFeed: "No data yet",
      stream: "Stream", contact: "Contact", live: "Live", away: "Away", events: "Received", positions: "Counted up to (partition:sequence)", last: "Last event",
      irregular: "Irregular", noneYet: "None yet", lossHead: "Events are missing: the counts do not hold them",
      doubtHead: "Counts are in doubt: they may hold events that the source has lost, or miss some that it trimmed before they were counted",
      unknown: "unknown type", malformed: "malformed", lost: "lost",
      currency: "CNY ", money: [[1e9, " bn"], [1e6, " m"], [1, ""]], chartMoney: [1e8, "CNY million"],
      streams: { patent: "Patent alerts", achievement: "Achievements", finance: "Investment and loans" },
      states: {
        NOT_REPORTED: "Not reported", ACHIEVED: "Achieved", ON_TRACK: "On track", ACCELERATE: "Accelerate", LIMITED: "Limited", DETERIORATING: "Deteriorating",
        NO_BASELINE: "No baseline",
      },
      names: {
        achievements_registered: "Achievements", achievements_pushed: "Achievements pushed", pushes_made: "Pushes", duplicates: "Duplicates", demands_open: "Open demands",
        patents_published: "Patents published", alerts_raised: "Alerts", alerts_retracted: "Alerts retracted", watches_active: "Watches", applications_submitted: "Applications", rounds_completed: "Rounds",
        proposals_made: "Proposals", proposals_released: "Proposals released", capital_confirmed_fen: "Capital confirmed", "capital_confirmed_fen/equity": "Capital: equity",
        "capital_confirmed_fen/loan": "Capital: loans", "capital_confirmed_fen/lease": "Capital: leases",
        contracts: "Technology contracts", contract_fen: "Contract amount", contract_technology_fen: "Technology amount",
      },
    },
  };
  const LOOK = {
    ACHIEVED: ["good", "✔"], ON_TRACK: ["good", "▲"], ACCELERATE: ["fair", "►"], LIMITED: ["fair", "▬"], DETERIORATING: ["poor", "▼"],
    NO_BASELINE: ["info", "○"], NOT_REPORTED: ["none", "–"],
  };
  const FIGURES = ["achievements_registered", "demands_open", "achievements_pushed", "pushes_made", "patents_published", "alerts_raised", "watches_active",
    "applications_submitted", "proposals_made", "capital_confirmed_fen", "contracts", "contract_technology_fen"];
  const MEASURES = ["achievements_registered", "achievements_pushed", "pushes_made", "demands_open", "applications_submitted", "proposals_made",
    "proposals_released", "capital_confirmed_fen", "capital_confirmed_fen/equity", "capital_confirmed_fen/loan", "capital_confirmed_fen/lease", "contracts", "contract_fen",
    "contract_technology_fen"];

  const stored = (() => { try { return localStorage.getItem("language"); } catch { return null; } })();
  const asked = new URLSearchParams(location.search).get("lang");
  const state = {
    language: [asked, stored].find((l) => l === "zh" || l === "en") || ((navigator.language || "zh").toLowerCase().startsWith("zh") ? "zh" : "en"),
    measure: MEASURES[0], catalog: null, indicators: [], targets: [], series: new Map(), knownOnly: false, counts: [], streams: [], cells: new Map(), charts: {}, tags: {}, drawn: false,
  };
  const t = () => TEXT[state.language];
  const named = (entry) => (state.language === "zh" ? entry.nameZh : entry.nameEn);

  // -- small parts ----------------------------------------------------------------------------------------------------------------------

  function make (tag, attributes, ...children) {
    const node = document.createElement (tag);
    for (const [key, value] of Object.entries (attributes || {}))
      if (value !== undefined && value !== null)
        node.setAttribute (key, value);
    node.append (...children.filter ((c) => c !== null && c !== undefined));
    return node;
  }

  const grouping = () => new Intl.NumberFormat (state.language === "zh" ? "zh-CN" : "en");
  // Decimals arrive as exact text; only the whole part is grouped, no digit is recomputed.
  function decimal (text) {
    const [whole, fraction] = String (text).split (".");
    const grouped = grouping ().format (BigInt (whole.replace ("-", "") || "0"));
    return (whole.startsWith ("-") ? "−" : "") + grouped + (fraction ? "." + fraction : "");
  }
  const isMoney = (name) => /_fen(\/|$)/.test (name);
  // Fen to the largest unit that leaves a readable number.
  function money (fen) {
    const yuan = fen / 100, [size, name] = t ().money.find ((m) => Math.abs (yuan) >= m[0]) || t ().money.at (-1);
    const number = new Intl.NumberFormat (state.language === "zh" ? "zh-CN" : "en", { maximumFractionDigits: 2 }).format (yuan / size);
    return t ().currency + number + name;
  }
  const shown = (name, value) => (isMoney (name) ? money (value) : grouping ().format (value));

  function badge (status, words) {
    const [look, sign] = LOOK[status] || LOOK.NOT_REPORTED;
    return make ("span", { class: "badge " + look }, make ("span", { "aria-hidden": "true" }, sign), words || t ().states[status] || status);
  }

  function table (node, caption, head, rows, foot) {
    const line = (cells, tag) => make ("tr", {}, ...cells.map ((cell, i) =>
      make (tag === "td" && i === 0 ? "th" : tag, { class: [cell.number ? "n" : cell.cls, (cell.text ?? cell) === "–" ? "nil" : ""].filter (Boolean).join (" ") || undefined, scope: tag === "th" ? "col" : i === 0 ? "row" : undefined,
        "data-label": tag === "td" && head[i] ? head[i].text ?? head[i] : undefined },
        cell.node || String (cell.text ?? cell))));
    const parts = [make ("thead", {}, line (head, "th")), make ("tbody", {}, ...rows.map ((r) => line (r, "td")))];
    if (foot)
      parts.push (make ("tfoot", {}, line (foot, "td")));
    node.setAttribute ("aria-label", caption);
    node.replaceChildren (...parts);
  }
  const num = (text) => ({ text, number: true });

  // -- indicators -----------------------------------------------------------------------------------------------------------------------

  function bar (part, label) {
    const svg = document.createElementNS ("http://www.w3.org/2000/svg", "svg");
    const rect = document.createElementNS ("http://www.w3.org/2000/svg", "rect");
    svg.setAttribute ("aria-hidden", "true");
    rect.setAttribute ("width", Math.max (0, Math.min (100, part)) + "%");
    rect.setAttribute ("height", "100%");
    rect.setAttribute ("rx", "5");
    svg.append (rect);
    return make ("div", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100,
      "aria-valuenow": Math.round (Math.max (0, Math.min (100, part))), "aria-label": label }, svg);
  }

  function pace (i, value) {
    if (!value)
      return "–";
    return i.compound ? decimal (value) + " %" : quantity (value, unit (i));
  }
  const unit = (i) => (state.language === "zh" ? i.unitZh : i.unitEn);
  // "900 × CNY 100 million": a unit that holds a number itself is a factor.
  const quantity = (value, units) => decimal (value) + (/^(CNY |\d)/.test (units) ? " × " : " ") + units;
  const part = (value, target) => (value && Number (target) ? (100 * Number (value)) / Number (target) : 0);

  function departmentName (code) {
    const found = state.catalog.departments.find ((d) => d.code === code);
    return found ? (state.language === "zh" ? found.nameZh : found.code) : code;
  }

  // What opens the detail: a button that reads as the name.
  const opener = (key, name) => make ("button", { type: "button", class: "open", "data-open": key, title: t ().details }, name);
  // An estimate is not exact: three or four digits say all of it.
  const estimate = (text) => decimal (Math.abs (Number (text)) >= 100 ? String (Math.round (Number (text))) : text.replace (/\.?0+$/, ""));
  function outlook (i) {
    const p = i.projection;
    if (!p)
      return "–";
    const ahead = p.method !== "REPORTED", status = badge (p.status, ahead && p.status === "ACHIEVED" ? t ().willReach : null);
    return make ("span", { class: "outlook" }, estimate (p.value) + (p.low ? " (" + estimate (p.low) + " – " + estimate (p.high) + ")" : ""),
      ahead && !p.low ? make ("small", { class: "quiet" }, t ().noInterval) : null, status);
  }

  function card (i) {
    const known = i.value !== "", done = part (i.value, i.target), words = t ();
    const facts = [[words.baseline, i.baseline ? decimal (i.baseline) + " (" + i.baselinePeriod + ")" : "–"], [words.required, pace (i, i.requiredPace)],
      [words.observed, pace (i, i.observedPace)],
      [words.outlook, outlook (i)], [words.department, departmentName (i.department)]]
      .filter (([, fact]) => fact !== "–");
    if (i.derived)
      facts.push ([words.derived, decimal (i.derived)], [words.difference, i.difference ? decimal (i.difference) : "–"]);
    return make ("li", { id: "indicator-" + i.key },
      make ("div", { class: "top" }, make ("span", { class: "number" }, String (i.id).padStart (2, "0")), badge (i.status)),
      make ("h3", {}, opener (i.key, named (i))),
      make ("div", { class: "value" },
        known ? make ("b", {}, decimal (i.value)) : make ("b", { class: "unknown" }, words.none),
        known ? make ("span", {}, (/^(CNY |\d)/.test (unit (i)) ? "× " : "") + unit (i) + (unit (i) ? " · " : "") + i.period) : null),
      detail.spark (i, state.series.get (i.key) || []),
      bar (done, named (i) + ": " + words.progress),
      make ("div", { class: "scale" }, make ("span", {}, known ? done.toFixed (1) + " %" : "–"),
        make ("span", {}, words.target + " " + quantity (i.target, unit (i)) + " (" + i.targetYear + ")")),
      make ("dl", { class: "facts" }, ...facts.flatMap (([k, v]) => [make ("dt", {}, k), make ("dd", {}, v)])));
  }

  function showIndicators () {
    showTally ("tally", state.indicators);
    $("indicators").replaceChildren (...state.indicators.map (card));
  }

  // -- counts ---------------------------------------------------------------------------------------------------------------------------

  const cell = (name, district, special) => state.cells.get (name + "|" + district + "|" + special) || 0;

  function showFigures () {
    $("figures").replaceChildren (...FIGURES.map ((name) =>
      make ("li", {}, make ("b", {}, shown (name, cell (name, "", 0))), make ("span", {}, t ().names[name]))));
  }

  function showMeasures () {
    $("measure").replaceChildren (...MEASURES.map ((name) => make ("option", { value: name }, t ().names[name])));
    $("measure").value = state.measure;
  }

  function colours () {
    const style = getComputedStyle (document.documentElement);
    return (name) => style.getPropertyValue (name).trim ();
  }

  function chart (which, labels, values) {
    const canvas = $("chart-" + which);
    if (typeof Chart === "undefined")
      return;
    const colour = colours (), [divisor, unitName] = isMoney (state.measure) ? t ().chartMoney : [1, ""];
    const title = t ().names[state.measure] + (unitName ? " (" + unitName + ")" : "");
    const data = values.map ((v) => v / divisor);
    canvas.setAttribute ("aria-label", title);
    const options = {
      indexAxis: "y", responsive: true, maintainAspectRatio: false, animation: false,
      plugins: { legend: { display: false }, title: { display: true, text: title, color: colour ("--soft"), font: { weight: "normal" } } },
      scales: {
        x: { beginAtZero: true, ticks: { color: colour ("--soft"), precision: isMoney (state.measure) ? undefined : 0 }, grid: { color: colour ("--line") } },
        y: { ticks: { color: colour ("--ink"), autoSkip: false, callback: (i) => short (labels[i]) }, grid: { display: false } },
      },
    };
    const datasets = [{ data, backgroundColor: colour ("--bar"), borderRadius: 3, maxBarThickness: 18 }];
    const old = state.charts[which];
    if (old) {
      old.data = { labels, datasets };
      old.options = options;
      old.update ("none");
    } else {
      state.charts[which] = new Chart (canvas, { type: "bar", data: { labels, datasets }, options });
    }
  }
  const short = (label) => (label.length > 24 ? label.slice (0, 23) + "…" : label);

  function split (which, heading, entries, valueOf, placed) {
    const name = state.measure, total = cell (name, "", 0);
    const rows = entries.map ((e) => [named (e), valueOf (e)]);
    const share = (v) => (total > 0 ? ((100 * v) / total).toFixed (1) + " %" : "–");
    chart (which, rows.map ((r) => r[0]), rows.map ((r) => r[1]));
    const lines = rows.map (([label, v]) => [label, num (shown (name, v)), num (share (v))]);
    if (placed)
      lines.push ([t ().unplaced, num (shown (name, total - rows.reduce ((s, r) => s + r[1], 0))), num (share (total - rows.reduce ((s, r) => s + r[1], 0)))]);
    table ($("table-" + which), heading + ": " + t ().names[name], [heading, num (t ().amount), num (t ().share)], lines,
      [t ().total, num (shown (name, total)), num ("")]);
  }

  function showCounts () {
    split ("district", t ().district, state.catalog.districts, (d) => cell (state.measure, d.key, 0), true);
    split ("special", t ().special, state.catalog.specials, (s) => cell (state.measure, "", s.id), false);
  }

  // -- targets --------------------------------------------------------------------------------------------------------------------------

  const OPERATORS = { AT_LEAST: "≥ ", ABOVE: "> " };

  function targetRow (target) {
    const units = unit (target), metric = named (target), known = target.value !== "";
    const wanted = (OPERATORS[target.op] || "") + (target.targetMax ? decimal (target.target) + " – " + quantity (target.targetMax, units) : quantity (target.target, units));
    const same = target.indicator && state.indicators.find ((x) => x.key === target.indicator);
    const name = make ("div", {}, opener (target.indicator || target.id, metric),
      make ("span", { class: "quiet under" }, target.department.split (";").map (departmentName).join (state.language === "zh" ? "、" : ", ")
        + (same ? " · " + t ().indicatorOf + " " + String (same.id).padStart (2, "0") : "")));
    const done = Number (target.progress || 0);
    return [target.id, { node: name }, num (wanted),
      known ? { node: make ("span", {}, decimal (target.value), make ("span", { class: "quiet under" }, target.period)), number: true } : { text: t ().none, cls: "n quiet" },
      num (target.derived ? decimal (rounded (target.derived)) : "–"), num (target.difference ? decimal (rounded (target.difference)) : "–"),
      known ? { node: make ("div", { class: "done" }, bar (done, metric + ": " + t ().progress), make ("span", { class: "quiet" }, done.toFixed (1) + " %")) } : { text: "–", cls: "quiet" },
      { node: badge (target.status) }, target.projection ? { node: outlook (target) } : { text: "–", cls: "quiet" }];
  }
  // Counted money has ten digits behind the point: two are enough to compare, the exact figure is in the API.
  const rounded = (text) => (/\.\d{3,}/.test (text) ? Number (text).toFixed (2) : text);

  function showTally (id, entries) {
    const groups = Object.keys (LOOK).map ((s) => [s, entries.filter ((i) => i.status === s).length]).filter (([, n]) => n > 0);
    $(id).replaceChildren (...groups.map (([s, n]) => {
      const b = badge (s);
      b.append (" " + n);
      return make ("li", {}, b);
    }));
  }

  function showTargets () {
    const w = t (), wanted = state.targets.filter ((x) => !state.knownOnly || x.value !== "" || x.derived !== "");
    showTally ("target-tally", state.targets);
    table ($("table-targets"), w.targets, [w.task, w.metric, num (w.target), num (w.reported), num (w.derived), num (w.difference), w.progress, w.status, w.outlook],
      wanted.map (targetRow));
  }

  // -- sources --------------------------------------------------------------------------------------------------------------------------

  function irregular (s) {
    const parts = [["lost", s.lost], ["malformed", s.malformed], ["unknown", s.unknown]].filter (([, n]) => n > 0);
    return parts.length ? parts.map (([k, n]) => t ()[k] + " " + grouping ().format (n)).join (", ") : "–";
  }

  function localTime (text) {
    const time = new Date (text);
    return text && !Number.isNaN (time.getTime ()) ? time.toLocaleString (state.language === "zh" ? "zh-CN" : "en-GB") : t ().noneYet;
  }

  function showSources () {
    const rows = state.streams.map ((s) => [
      t ().streams[s.stream] || s.stream,
      { node: make ("span", { class: "badge " + (s.live ? "good" : "poor"), title: s.trouble || undefined },
        make ("span", { "aria-hidden": "true" }, s.live ? "●" : "✕"), s.live ? t ().live : t ().away) },
      { node: s.positions.length ? make ("div", { class: "positions" }, ...s.positions.map ((p) =>
        make ("span", { title: p.epoch || undefined }, make ("em", {}, p.partition + ":"), grouping ().format (p.sequence)))) : make ("span", { class: "quiet" }, t ().noneYet) },
      num (grouping ().format (s.received)), num (localTime (s.lastEvent)), { text: irregular (s) }]);
    table ($("table-sources"), t ().sources, [t ().stream, t ().contact, t ().positions, num (t ().events), num (t ().last), t ().irregular], rows);
    const losses = state.streams.filter ((s) => s.losses > 0 || s.lost > 0);
    const doubts = state.streams.flatMap ((s) => s.positions.filter ((p) => p.doubtfulFirst > 0).map ((p) =>
      (t ().streams[s.stream] || s.stream) + ": " + p.partition + ":" + p.doubtfulFirst + "–" + p.doubtfulLast));
    $("losses").replaceChildren (...losses.map ((s) =>
      make ("p", { class: "notice" }, t ().lossHead + " — " + (t ().streams[s.stream] || s.stream) + ": " + (s.lastLoss || s.lost))),
    ...doubts.map ((d) => make ("p", { class: "notice" }, t ().doubtHead + " — " + d)));
  }

  // -- all ------------------------------------------------------------------------------------------------------------------------------

  function showWords () {
    document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
    document.title = t ().title;
    for (const node of document.querySelectorAll ("[data-text]"))
      node.textContent = t ()[node.dataset.text];
    $("language").textContent = t ().other;
    $("language").lang = t ().otherLang;
    showMeasures ();
  }

  function showData () {
    if (!state.catalog)
      return;
    const held = document.activeElement?.dataset?.open; // drawing anew must not take the keyboard's place away
    showFigures ();
    showIndicators ();
    showCounts ();
    showTargets ();
    showSources ();
    detail.refresh ();
    if (held)
      document.querySelector (`[data-open="${CSS.escape (held)}"]`)?.focus ({ preventScroll: true });
  }

  function showState (good, words) {
    $("state").textContent = words;
    $("state").classList.toggle ("bad", !good);
  }

  async function get (name) {
    const answer = await fetch ("/api/" + name, { cache: "no-cache" });
    if (!answer.ok)
      throw new Error (name + ": " + answer.status + " " + (await answer.text ()).trim ());
    const changed = answer.headers.get ("ETag") !== state.tags[name];
    state.tags[name] = answer.headers.get ("ETag");
    return { changed, data: await answer.json () };
  }

  function take (indicators, counts, positions, targets, series) {
    state.indicators = indicators.data.indicators;
    state.targets = targets.data.targets;
    state.series = new Map ();
    for (const o of series.data.observations)
      state.series.set (o.indicator, [...(state.series.get (o.indicator) || []), o]);
    state.streams = positions.data.streams;
    state.cells = new Map (counts.data.counts.map ((c) => [c.name + "|" + (c.district || "") + "|" + (c.special || 0), Number (c.value)]));
  }

  async function refresh () {
    try {
      if (!state.catalog)
        state.catalog = (await get ("catalog")).data;
      const answers = await Promise.all (["indicators", "counts", "positions", "targets", "series"].map (get));
      take (...answers);
      if (answers.some ((a) => a.changed) || !state.drawn)
        showData ();
      state.drawn = true;
      $("trouble").hidden = true;
      showState (true, t ().updated + " " + new Date ().toLocaleTimeString (state.language === "zh" ? "zh-CN" : "en-GB"));
      document.documentElement.dataset.ready = "yes";
    } catch (error) {
      state.drawn = false;
      showState (false, t ().offline);
      $("trouble").hidden = false;
      $("trouble").textContent = t ().offline + " (" + error.message + ")";
    }
    setTimeout (refresh, REFRESH_MS);
  }

  function setLanguage (language) {
    state.language = language;
    try { localStorage.setItem ("language", language); } catch { /* private windows keep nothing */ }
    showWords ();
    showData ();
  }

  const detail = window.statisticsDetail ({ $, make, t, state, named, unit, quantity, decimal, badge, table, num, outlook, rounded, localTime, colours });

  document.addEventListener ("DOMContentLoaded", () => {
    showWords ();
    showState (true, t ().loading);
    if (typeof Chart === "undefined")
      for (const which of ["district", "special", "detail"])
        $("box-" + which).replaceWith (make ("p", { class: "note", id: "box-" + which }, t ().noChart));
    $("language").addEventListener ("click", () => setLanguage (state.language === "zh" ? "en" : "zh"));
    $("known-only").addEventListener ("change", (event) => { state.knownOnly = event.target.checked; showTargets (); });
    document.addEventListener ("click", (event) => {
      const button = event.target.closest ("[data-open]");
      if (button)
        detail.open (button.dataset.open);
    });
    $("print").addEventListener ("click", () => window.print ());
    $("measure").addEventListener ("change", (event) => { state.measure = event.target.value; showCounts (); });
    matchMedia ("(prefers-color-scheme: dark)").addEventListener ("change", () => state.catalog && showData ());
    addEventListener ("beforeprint", () => Object.values (state.charts).forEach ((c) => c.resize ()));
    addEventListener ("afterprint", () => Object.values (state.charts).forEach ((c) => c.resize ()));
    refresh ();
  });
})();
