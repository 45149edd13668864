#!/usr/bin/env python3
"""Lengths of files and functions, marks of unfinished work, and paths of somebody's machine, in the project's own sources.

usage: style.py [ROOT]         exits 1 if a limit is passed; prints the median and the longest
"""
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

FILE_LINES = 600
FUNCTION_LINES = 60
MEDIAN_LINES = 15
CODE = {".c", ".h", ".py", ".sh", ".cmake", ".lua", ".js", ".css", ".html"}
TEXT = CODE | {".md", ".proto", ".txt", ".yaml", ".yml", ".json", ".map", ""}
# Assembled from parts, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME")) + r")\b")
MACHINE = re.compile(r"(?<![\w.$}/-])/(?:" + "|".join(("wo" + "rk", "ho" + "me", "ro" + "ot", "Us" + "ers", "t" + "mp/wt")) + r")/\w")


def tracked(root):
    """The files of the project: those git knows; of an unpacked archive all but what is built."""
    names = []
    if shutil.which("git"):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True, check=False)
        names = [pathlib.Path(n) for n in listed.stdout.split("\0") if n]
    if not names:
        names = [p.relative_to(root) for p in root.rglob("*") if p.is_file()]
    skipped = ("build", "run", ".git")
    return sorted(n for n in names if n.parts[0] not in skipped and n.suffix in TEXT and (root / n).is_file())


def functions(lines):
    """(line, length) of each function: from the "{" in the first column to its "}", in the style that .clang-format gives."""
    begin = None
    for number, line in enumerate(lines, 1):
        if line == "{" and number > 1 and lines[number - 2].rstrip().endswith(")"):
            begin = number
        elif line == "}" and begin is not None:
            yield begin - 1, number - begin - 1
            begin = None


def check_lengths(name, lines, lengths):
    if name.suffix in CODE and len(lines) > FILE_LINES:
        yield f"{name}:{len(lines)}: a file of more than {FILE_LINES} lines has a second purpose"
    if name.suffix != ".c":
        return
    for line, length in functions(lines):
        lengths.append((length, f"{name}:{line}"))
        if length > FUNCTION_LINES:
            yield f"{name}:{line}: a function of {length} lines, more than {FUNCTION_LINES}"


def check_words(name, lines):
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield f"{name}:{number}: unfinished: {line.strip()[:80]}"
        if MACHINE.search(line):
            yield f"{name}:{number}: a path of somebody's machine: {line.strip()[:80]}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    faults, lengths, files = [], [], tracked(root)
    for name in files:
        if name.parts[:2] == ("tests", "data"):
            continue  # samples are texts of others' making in form
        lines = (root / name).read_text(encoding="utf-8", errors="replace").splitlines()
        faults += check_lengths(name, lines, lengths)
        faults += check_words(name, lines)
    if not lengths:
        faults.append("no function was found: the check itself is wrong")
    else:
        median, longest = statistics.median(n for n, _ in lengths), max(lengths)
        print(f"style: {len(files)} files, {len(lengths)} functions, median {median:g} lines, longest {longest[0]} ({longest[1]})")
        if median > MEDIAN_LINES:
            faults.append(f"the median function has {median:g} lines, more than {MEDIAN_LINES}")
    print("\n".join(faults) if faults else "style: nothing to say")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
