"use strict";
const texts = {
  zh: { skip: "跳到结果", title: "科技成果检索", query: "检索式", search: "检索", relevance: "相关度", completion: "完成日期", registration: "登记时间",
    hint: "例:石墨烯 and ind=C39 · ti=\"thin film\" · pd within \"2018 2020\" · 按 / 输入,j k 移动", more: "更多", sort: "排序", nav: "导航",
    found: "共 {0} 条{1},{2} 条记录中", atLeast: "以上", behind: "(最近登记的可能尚未列入)", none: "没有符合的成果", other: "English",
    failed: "检索服务没有回应", industry: "行业", special: "重大专项", district: "区县", stage: "阶段", form: "形式", source: "来源", year: "年份" },
  en: { skip: "Skip to results", title: "Achievement search", query: "Query", search: "Search", relevance: "Relevance", completion: "Completed", registration: "Registered",
    hint: "e.g. graphene and ind=C39 · ti=\"thin film\" · pd within \"2018 2020\" · / to type, j k to move", more: "More", sort: "Order", nav: "Navigation",
    found: "{0}{1} found in {2} records", atLeast: " or more", behind: " (the latest may be missing)", none: "Nothing found", other: "中文",
    failed: "The search service does not answer", industry: "Industry", special: "Special", district: "District", stage: "Stage", form: "Form", source: "Source", year: "Year" },
};
const facets = ["industry", "special", "district", "stage", "form", "source", "year"];
const indexes = { industry: "ind", special: "sp", district: "di", stage: "st", form: "fo", source: "so", year: "pd" };
const $ = (id) => document.getElementById(id);
let language = (navigator.language || "zh").startsWith("zh") ? "zh" : "en";
let cursor = "", asked = 0;

const text = (name) => texts[language][name];
const make = (tag, content, kind) => {
  const element = document.createElement(tag);
  if (content !== undefined) element.textContent = content;
  if (kind) element.className = kind;
  return element;
};

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = text("title");
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  $("language").textContent = text("other");
  $("language").lang = language === "zh" ? "en" : "zh-CN";
  $("sort").setAttribute("aria-label", text("sort"));
  $("facets").setAttribute("aria-label", text("nav"));
}

/* Offsets are bytes of UTF-8: the value is cut as bytes. Overlapping marks become one. */
function marked(value, marks, most) {
  const bytes = new TextEncoder().encode(value), decoder = new TextDecoder(), out = document.createDocumentFragment();
  let from = 0, end = bytes.length;
  if (most && bytes.length > most) {
    from = marks.length ? Math.max(0, marks[0].offset - Math.floor(most / 4)) : 0;
    end = Math.min(bytes.length, from + most);
    while (from > 0 && (bytes[from] & 0xC0) === 0x80) from--;
    while (end < bytes.length && (bytes[end] & 0xC0) === 0x80) end++;
  }
  let at = from;
  if (from > 0) out.append("… ");
  for (const mark of marks) {
    const begin = Math.max(mark.offset, at), stop = Math.min(mark.offset + mark.length, end);
    if (begin >= stop) continue;
    out.append(decoder.decode(bytes.subarray(at, begin)), make("mark", decoder.decode(bytes.subarray(begin, stop))));
    at = stop;
  }
  out.append(decoder.decode(bytes.subarray(at, end)), end < bytes.length ? " …" : "");
  return out;
}

function show_hit(hit) {
  const a = hit.achievement, item = make("li"), heading = make("h2");
  const marks = (field) => (hit.highlights || []).filter((h) => h.field === field).map((h) => ({ offset: h.offset, length: h.length }));
  item.tabIndex = 0;
  heading.append(marked(a.title, marks("title")));
  item.append(heading);
  if (a.titleEn) { const p = make("p"); p.lang = "en"; p.append(marked(a.titleEn, marks("title_en"))); item.append(p); }
  item.append(make("p", [a.owners.join(" · "), a.district, a.industry, a.completedDate].filter(Boolean).join(" | "), "about"));
  if (a.abstract) { const p = make("p"); p.append(marked(a.abstract, marks("abstract"), 600)); item.append(p); }
  $("hits").append(item);
}

function narrow(facet, value) {
  const query = $("query").value.trim();
  $("query").value = `(${query}) and ${indexes[facet]}="${value.replace(/(["\\])/g, "\\$1")}"`;
  search();
}

function show_facets(list) {
  $("facets").replaceChildren();
  for (const facet of list) {
    if (!facet.values || !facet.values.length) continue;
    const values = make("ul");
    for (const one of facet.values.slice(0, 12)) {
      const button = make("button");
      button.type = "button";
      button.append(make("span", one.value), make("span", String(one.count)));
      button.addEventListener("click", () => narrow(facet.facet, one.value));
      const item = make("li");
      item.append(button);
      values.append(item);
    }
    $("facets").append(make("h2", text(facet.facet)), values);
  }
}

function fail(message) {
  $("trouble").hidden = false;
  $("trouble").textContent = message;
}

async function search(next) {
  const mine = ++asked, query = $("query").value.trim();
  if (!query) return;
  const wanted = new URLSearchParams({ q: query, sort: $("sort").value, limit: "20" });
  if (next) wanted.set("cursor", cursor); else wanted.set("facets", facets.join(","));
  $("trouble").hidden = true;
  let reply;
  try {
    const response = await fetch(`/search?${wanted}`);
    reply = await response.json();
    if (mine !== asked) return;
    if (!response.ok) { fail(reply.message || text("failed")); return; }
  } catch (error) {
    if (mine === asked) fail(text("failed"));
    return;
  }
  if (!next) {
    $("hits").replaceChildren();
    show_facets(reply.facets || []);
    const total = reply.total > 0 ? text("found").replace("{0}", reply.total).replace("{1}", reply.totalIsLowerBound ? text("atLeast") : "").replace("{2}", reply.records) : text("none");
    $("state").textContent = total + (reply.behind ? text("behind") : "");
    history.replaceState(null, "", `/?${new URLSearchParams({ q: query, sort: $("sort").value })}`);
  }
  for (const hit of reply.hits || []) show_hit(hit);
  cursor = reply.nextCursor || "";
  $("more").hidden = !cursor;
}

function move(step) {
  const items = [...$("hits").children], at = items.indexOf(document.activeElement);
  const to = items[Math.max(0, Math.min(items.length - 1, at + step))];
  if (to) to.focus();
}

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  if (event.ctrlKey || event.altKey || event.metaKey || typing) return;
  if (event.key === "/") { event.preventDefault(); $("query").focus(); }
  if (event.key === "j") move(1);
  if (event.key === "k") move(-1);
});
$("form").addEventListener("submit", (event) => { event.preventDefault(); search(); });
$("sort").addEventListener("change", () => search());
$("more").addEventListener("click", () => search(true));
$("language").addEventListener("click", () => { language = language === "zh" ? "en" : "zh"; speak(); search(); });
speak();
const given = new URLSearchParams(location.search);
if (given.get("q")) {
  $("query").value = given.get("q");
  if (["relevance", "completion", "registration"].includes(given.get("sort"))) $("sort").value = given.get("sort");
  search();
}
