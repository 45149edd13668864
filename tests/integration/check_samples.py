#!/usr/bin/env python3
"""Checks the samples in tests/data: each record against the .proto files, each code against the catalogue, each XML document for
well-formedness, and each watch for hits, by a small evaluator that has nothing in common with the suite's own.

    tests/integration/check_samples.py [--data DIR]

Needs protoc and Python's protobuf (Debian: protobuf-compiler, python3-protobuf). Ends with 1 and a list if anything is wrong."""
import argparse, csv, importlib, json, os, re, subprocess, sys, tempfile, unicodedata
import xml.etree.ElementTree as ET

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CATALOG = os.path.join(ROOT, "common", "catalog", "data")
LEAST = {"patents": 200, "achievements": 120, "demands": 40, "providers": 30, "products": 30, "applications": 60, "watches": 25}
KEY = re.compile(r"[a-z0-9._-]{1,64}")
problems = []


def problem(place, what):
    problems.append(f"{place}: {what}")


def rows(name):
    with open(os.path.join(CATALOG, name), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def lines(path):
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            try:
                yield f"{os.path.basename(path)}:{number}", json.loads(line)
            except ValueError as e:
                problem(f"{path}:{number}", e)


def load_protos():
    """The message modules, compiled into a folder that lives as long as this process."""
    folder = tempfile.TemporaryDirectory(prefix="tt-protos-")
    names = ["patent", "achievement", "finance", "statistics"]
    subprocess.run(["protoc", "-I", os.path.join(ROOT, "proto"), "--python_out", folder.name] + [n + ".proto" for n in names], check=True)
    sys.path.insert(0, folder.name)
    return folder, {n: importlib.import_module(n + "_pb2") for n in names}


class Codes:
    def __init__(self):
        self.lists = {}
        for r in rows("codelists.csv"):
            self.lists.setdefault(r["list"], set()).add(r["code"])
        self.districts = {r["key"] for r in rows("districts.csv")}
        self.specials = {int(r["id"]) for r in rows("specials.csv")}
        self.indicators = {r["key"]: r["responsible_code"] for r in rows("indicators.csv")}

    def check(self, place, what, code, *lists):
        if code and not any(code in self.lists[name] for name in lists):
            problem(place, f"{what} \"{code}\" is not in {' or '.join(lists)}")

    def district(self, place, key):
        if key and key not in self.districts:
            problem(place, f"district \"{key}\" is not in the catalogue")

    def industry(self, place, industry):
        if industry and not (re.fullmatch(r"[A-Z](\d\d)?", industry) and industry[0] in self.lists["gbt4754_section"]):
            problem(place, f"industry \"{industry}\"")

    def specials_of(self, place, specials):
        for s in specials:
            if s not in self.specials:
                problem(place, f"special {s} is not in the catalogue")


def check_key(place, what, key):
    if not KEY.fullmatch(key):
        problem(place, f"{what} \"{key}\" is no key")


def check_achievement(codes, place, a):
    if not a.source_id or not a.title or not a.owners:
        problem(place, "source id, title and an owner are required")
    check_key(place, "source", a.source)
    codes.district(place, a.district)
    codes.industry(place, a.industry)
    codes.specials_of(place, a.specials)
    codes.check(place, "high-tech field", a.hightech_field, "hightech_field")
    codes.check(place, "category", a.category, "achievement_category")
    codes.check(place, "attribute", a.attribute, "achievement_attribute")
    codes.check(place, "stage", a.stage, "achievement_stage")
    codes.check(place, "form", a.form, "achievement_form_applied" if a.category == "Y" else "achievement_form_other")
    codes.check(place, "level", a.level, "achievement_level")
    codes.check(place, "evaluation method", a.evaluation_method, "evaluation_method")
    codes.check(place, "TRL", str(a.trl) if a.trl else "", "trl13")
    for mode in a.conversion_modes:
        codes.check(place, "conversion mode", mode, "conversion_mode")
    if not re.fullmatch(r"[A-Z0-9-]{0,32}", a.registration_number):
        problem(place, f"registration number \"{a.registration_number}\"")
    if len(a.abstract) < 15:
        problem(place, "hardly an abstract")


def check_demand(codes, place, d):
    check_key(place, "owner", d.owner)
    check_key(place, "demand id", d.demand_id)
    codes.district(place, d.district)
    for stage in d.stages:
        codes.check(place, "stage", stage, "achievement_stage")
    for form in d.forms:
        codes.check(place, "form", form, "achievement_form_applied")


def check_product(codes, place, p, providers):
    if p.provider_id not in providers:
        problem(place, f"provider {p.provider_id} is not in providers.jsonl")
    for district in p.mandate.districts:
        codes.district(place, district)
    for industry in p.mandate.industries:
        codes.industry(place, industry)
    codes.specials_of(place, p.mandate.specials)
    if not 0 < p.ticket_min_fen <= p.ticket_max_fen or p.capacity_fen < p.ticket_min_fen:
        problem(place, "tickets and capacity do not fit together")
    if p.leg == 1 and (p.tenor_min_months or p.tenor_max_months) or p.tenor_min_months > p.tenor_max_months:
        problem(place, "tenor")


def check_application(codes, place, a):
    check_key(place, "applicant", a.applicant)
    codes.district(place, a.district)
    codes.industry(place, a.industry)
    codes.specials_of(place, a.specials)
    if a.stage not in ("seed", "start-up", "growth", "mature"):
        problem(place, f"stage \"{a.stage}\"")
    legs = [leg.leg for leg in a.legs]
    if not 1 <= len(legs) <= 3 or len(set(legs)) != len(legs) or any(leg.amount_fen <= 0 or leg.minimum_fen > leg.amount_fen for leg in a.legs):
        problem(place, "legs")
    if a.score > 1000:
        problem(place, "score")


def check_observation(codes, place, o):
    if codes.indicators.get(o.indicator) != o.department:
        problem(place, f"{o.indicator} is not reported by {o.department}")
    if not re.fullmatch(r"\d{4}(-Q[1-4]|-\d\d)?", o.period) or bool(o.value) == bool(o.numerator and o.denominator):
        problem(place, "period or value")
    codes.district(place, o.district)
    codes.check(place, "status", o.status, "obs_status")


def unique(found, place, key):
    if key in found:
        problem(place, f"{key} was there before")
    found.add(key)


def read_messages(path, message, keys, check):
    """Every line as a message; returns how many."""
    from google.protobuf import json_format
    seen, count = set(), 0
    for place, record in lines(path):
        try:
            m = json_format.ParseDict(record, message())
        except json_format.ParseError as e:
            problem(place, e)
            continue
        check(place, m)
        unique(seen, place, tuple(getattr(m, k) for k in keys))
        count += 1
    return count


def text_of(element):
    return "".join(element.itertext()).strip() if element is not None else ""


def read_xml(path):
    """The documents of a concatenated file in the short form."""
    with open(path, encoding="utf-8") as f:
        parts = [p for p in re.split(r"(?=<\?xml )", f.read()) if p.strip()]
    for number, part in enumerate(parts, 1):
        place = f"{os.path.basename(path)}, document {number}"
        try:
            root = ET.fromstring(part.encode())
        except ET.ParseError as e:
            problem(place, e)
            continue
        ref = root.find(".//publication-reference/document-id")
        symbol = lambda c: "{}{}{}{}/{}".format(*(text_of(c.find(t)) for t in ("section", "class", "subclass", "main-group", "subgroup")))
        date = text_of(ref.find("date"))
        yield place, {
            "pn": "US" + text_of(ref.find("doc-number")) + text_of(ref.find("kind")), "country": "US",
            "pd": f"{date[:4]}-{date[4:6]}-{date[6:]}", "ti": text_of(root.find(".//invention-title")),
            "ab": text_of(root.find("abstract")), "pa": [text_of(o) for o in root.findall(".//us-applicant//orgname")],
            "in": [text_of(i.find(".//last-name")) for i in root.findall(".//inventor")],
            "ic": [symbol(c) for c in root.iter("classification-ipcr")], "cpc": [symbol(c) for c in root.iter("classification-cpc")],
            "lang": "en", "design": root.find(".//classification-locarno") is not None}


def check_patents(patents):
    numbers, abstracts = set(), {}
    for place, p in patents:
        unique(numbers, place, p["pn"])
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", p["pd"]) or not p["ti"] or not p["pa"] or not p["in"]:
            problem(place, "date, title, applicants or inventors")
        if p.get("design"):
            continue
        if len(p["ab"]) < 60 or not p["ic"]:
            problem(place, "abstract or classes")
        first = abstracts.setdefault(p["ab"], p)
        if first["ti"] != p["ti"]:
            problem(place, f"the abstract is that of {first['pn']}")
        for symbol in p["ic"] + p.get("cpc", []):
            if not re.fullmatch(r"[A-HY]\d\d[A-Z]\d{1,4}/\d{2,6}", symbol):
                problem(place, f"class symbol \"{symbol}\"")


class Query:
    """As much of CQL as the sample watches use: words and phrases, any, all, =, >=, within, and, or, not, brackets."""

    def __init__(self, text):
        self.tokens = re.findall(r'"[^"]*"|[()]|>=|=|[^\s()=>"]+', text)
        self.at = 0
        self.tree = self.group()

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def group(self):
        left = self.operand()
        while self.at < len(self.tokens) and self.tokens[self.at] != ")":
            operator = self.take()
            if operator == "and" and self.tokens[self.at] == "not":
                operator = self.take()
            right = self.operand()
            left = (operator, left, right)
        return left

    def operand(self):
        if self.tokens[self.at] == "(":
            self.take()
            inside = self.group()
            assert self.take() == ")"
            return inside
        return ("clause", self.take(), self.take(), self.take().strip('"'))

    def hits(self, patent, node=None):
        node = node or self.tree
        if node[0] == "clause":
            return clause(patent, *node[1:])
        left, right = self.hits(patent, node[1]), self.hits(patent, node[2])
        return {"and": left and right, "or": left or right, "not": left and not right}[node[0]]


def found(term, text):
    fold = lambda s: unicodedata.normalize("NFKC", s).casefold()
    term, text = fold(term), fold(text)
    if re.fullmatch(r"[\x00-\u02ff]+", term):
        return re.search(r"(?<!\w)" + re.escape(term) + r"(?!\w)", text) is not None
    return term in text


def clause(p, index, relation, term):
    if index == "pd":
        day = p["pd"].replace("-", "")
        if relation == "within":
            first, last = term.split()
            return first <= day <= last
        return day[: len(term)] >= term
    if index == "pn":
        return p["pn"].startswith(term)
    if index in ("ic", "cl"):
        return any(s.startswith(term) for s in p["ic"] + (p.get("cpc", []) if index == "cl" else []))
    groups = {"ta": ("ti", "ab"), "txt": ("ti", "ab", "kw")}
    texts = [text for name in groups.get(index, (index,)) for text in (p[name] if isinstance(p[name], list) else [p[name]])]
    terms = term.split() if relation in ("any", "all") else [term]
    return (all if relation == "all" else any)(any(found(t, x) for x in texts) for t in terms)


def check_watches(path, patents):
    seen, count = set(), 0
    for place, w in lines(path):
        unique(seen, place, (w["owner"], w["id"]))
        check_key(place, "owner", w["owner"])
        check_key(place, "id", w["id"])
        if w["severity"] not in ("INFO", "NOTICE", "WARNING", "CRITICAL"):
            problem(place, f"severity {w['severity']}")
        query = Query(w["query"])
        hits = sum(query.hits(p) for _, p in patents)
        if not 0 < hits <= len(patents) // 2:
            problem(place, f"{hits} hits of {len(patents)}: {w['query']}")
        count += 1
    return count


def check_demand_queries(path, achievements):
    """Of the demands with a query some find nothing, as in life, but most do."""
    found_for = [sum(Query(d["query"]).hits(a) for a in achievements) for _, d in lines(path) if d.get("query")]
    if sum(n > 0 for n in found_for) < 15 or max(found_for) > len(achievements) // 4:
        problem(path, f"achievements found by each query: {found_for}")


def check_csv(codes, path, module):
    """The CSV sample: codes, and that every column of the map is there."""
    with open(path, encoding="utf-8-sig", newline="") as f:
        table = list(csv.DictReader(f))
    with open(path.replace(".csv", ".map"), encoding="utf-8") as f:
        for name in re.findall(r"\[([^\]]+)\]", f.read()):
            if name not in table[0]:
                problem(path, f"the map names a column {name} that is not there")
    for number, r in enumerate(table, 1):
        place = f"{os.path.basename(path)}, record {number}"
        a = module.Achievement(source="district-list", source_id=r["成果编号"], title=r["成果名称"], abstract=r["成果简介"], owners=[r["完成单位"]],
                               district=r["所属区县"], specials=[int(r["重大专项"])], industry=r["行业代码"], hightech_field=r["高新技术领域"],
                               category=r["成果类别"], stage=r["所处阶段"], form=r["体现形式"], trl=int(r["成熟度"]),
                               registration_number=r["登记号"])
        check_achievement(codes, place, a)
    return len(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.path.join(ROOT, "tests", "data"))
    data = parser.parse_args().data
    at = lambda name: os.path.join(data, name)
    folder, proto = load_protos()
    codes, providers, counts = Codes(), set(), {}
    patents = list(lines(at("patents/patents.jsonl"))) + list(read_xml(at("patents/us_grants.xml"))) + list(read_xml(at("patents/us_applications.xml")))
    check_patents(patents)
    counts["patents"] = len(patents)
    counts["watches"] = check_watches(at("watches.jsonl"), patents)
    a, f, s = proto["achievement"], proto["finance"], proto["statistics"]
    counts["achievements"] = read_messages(at("achievements.jsonl"), a.Achievement, ("source", "source_id"), lambda p, m: check_achievement(codes, p, m))
    counts["achievements"] += check_csv(codes, at("achievements_district.csv"), a)
    counts["demands"] = read_messages(at("demands.jsonl"), a.Demand, ("owner", "demand_id"), lambda p, m: check_demand(codes, p, m))
    check_demand_queries(at("demands.jsonl"), [{"ti": r["title"], "ab": r["abstract"], "kw": r["keywords"]} for _, r in lines(at("achievements.jsonl"))])
    counts["providers"] = read_messages(at("providers.jsonl"), f.Provider, ("provider_id",), lambda p, m: providers.add(m.provider_id))
    kinds = {r["kind"] for _, r in lines(at("providers.jsonl"))}
    if kinds != set(f.ProviderKind.keys()) - {"PROVIDER_KIND_UNSPECIFIED"}:
        problem("providers.jsonl", f"kinds: {sorted(kinds)}")
    counts["products"] = read_messages(at("products.jsonl"), f.Product, ("provider_id", "product_id"), lambda p, m: check_product(codes, p, m, providers))
    counts["applications"] = read_messages(at("applications.jsonl"), f.Application, ("application_id",), lambda p, m: check_application(codes, p, m))
    counts["observations"] = read_messages(at("observations.jsonl"), s.Observation, ("indicator", "period", "district"), lambda p, m: check_observation(codes, p, m))
    for name, least in LEAST.items():
        if counts[name] < least:
            problem(name, f"{counts[name]} where {least} are wanted")
    for text in problems:
        print(text, file=sys.stderr)
    print(", ".join(f"{count} {name}" for name, count in counts.items()) + f": {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
