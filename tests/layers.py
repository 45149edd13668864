#!/usr/bin/env python3
"""Holds every #include in common/, services/ and ops/ against the layers of the design, and says file and line of each that breaks them.

usage: layers.py [ROOT]        exits 1 if one is broken
"""
import pathlib
import re
import sys

# Each layer of common/ with those it may include besides itself.
LAYERS = {
    "base": set(),
    "wire": {"base"},
    "catalog": {"base", "wire"},
    "query": {"base", "wire"},
    "patent": {"base"},
    "classify": {"base", "catalog"},
    "store": {"base", "wire"},
    "bus": {"base", "wire", "store"},
    "run": {"base", "wire", "store", "bus"},
}
# The side of the bus that other programs are given: it knows no store.
CLIENT = {"client", "consumer", "endpoint", "holdback", "replay_client", "subscriber", "subscriber_acknowledge", "subscriber_inner", "subscriber_parts",
          "subscriber_replay"}
# Libraries that one place alone may know.
OWNED = (
    (re.compile(r"hiredis"), {"common/store"}),
    (re.compile(r"^c?zmq"), {"common/bus", "common/run"}),
    (re.compile(r"^microhttpd"), {"common/run"}),
    (re.compile(r"^curl/"), {"ops"}),
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def place_of(path):
    """common/base/text.c is in "common/base", services/loan_match/x.c in "services/loan_match", ops/ttctl/x.c in "ops"."""
    return "ops" if path.parts[0] == "ops" else "/".join(path.parts[:2])


def library_fault(place, path, name):
    for pattern, places in OWNED:
        # ttctl and the benches drive their own event loop
        if pattern.search(name) and place not in places and not (place == "ops" and "zmq" in pattern.pattern):
            return f"{name} is for {', '.join(sorted(places))} alone"
    return None


def common_fault(path, layer, name):
    """What is wrong with an include in common/."""
    target = name.split("/")[0]
    if name.startswith("services/"):
        return "common does not know the services"
    if target in LAYERS and target != layer and target not in LAYERS[layer]:
        return f"{layer} is below {target}"
    if layer == "bus" and path.stem in CLIENT and target == "store":
        return "the client side of the bus knows no store"
    return None


def service_fault(root, place, name):
    """What is wrong with an include in a service."""
    if ".." in pathlib.PurePath(name).parts:
        return "an include goes up the tree"
    for other in (root / "services").iterdir():
        inside = other.is_dir() and f"services/{other.name}" != place
        if inside and (name.startswith((f"{other.name}/", f"services/{other.name}/"))):
            return f"{place} includes {other.name}: services never include each other"
    return None


def ops_fault(path, name):
    parts = name.split("/")
    if parts[0] in ("store", "run") and "ttgen" not in path.parts:
        return "programs for people use the client side alone"
    if parts[0] == "bus" and pathlib.PurePath(name).stem not in CLIENT:
        return "of the bus, programs for people use the client side alone"
    return None


def fault(root, path, quoted, name):
    place = place_of(path)
    found = library_fault(place, path, name)
    if found or not quoted:
        return found
    if place.startswith("common/"):
        return common_fault(path, path.parts[1], name)
    return service_fault(root, place, name) if place.startswith("services/") else ops_fault(path, name)


def sources(root):
    for folder in ("common", "services", "ops"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            yield path.relative_to(root)


def own_headers(root, place):
    return {p.name for p in (root / place).glob("*.h")}


def missing_here(root, path, name):
    """A quoted include without a folder must be of this folder, or generated: else it is found by an accident of search paths."""
    here = own_headers(root, path.parent)
    return "/" not in name and name not in here and not name.endswith((".pb-c.h", "_lua.h")) and (
        any((root / "services" / s.name / name).exists() for s in (root / "services").iterdir() if s.is_dir()
            and f"services/{s.name}" != place_of(path)))


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    faults, includes = 0, 0
    for path in sources(root):
        for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            includes += 1
            quoted, name = match.group(1) == '"', match.group(2)
            found = fault(root, path, quoted, name)
            if not found and quoted and missing_here(root, path, name):
                found = f"{name} is a header of another service"
            if found:
                faults += 1
                print(f"{path}:{number}: {found}")
    print(f"layers: {includes} includes, {faults} break the layers")
    return 1 if faults or includes == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
