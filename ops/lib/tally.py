#!/usr/bin/env python3
"""Adds up test results: "N passed, N failed, N skipped" over all tests inside the programs that CTest ran.

usage: tally.py JUNIT_FILE...       exits 1 if any failed, or if nothing ran

A program that says how many tests it held (Criterion's synthesis, Python's unittest, tests/support/suite.py) counts with each of them, any other as one. A
program that CTest calls failed counts with at least one failure, whatever it says itself.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

CRITERION = re.compile(r"Synthesis: Tested: \D*(\d+)\D* \| Passing: \D*(\d+)\D* \| Failing: \D*(\d+)\D* \| Crashing: \D*(\d+)")
CRITERION_SKIP = re.compile(r"^\[SKIP\]", re.MULTILINE)
UNITTEST = re.compile(r"^Ran (\d+) tests? in", re.MULTILINE)
UNITTEST_RESULT = re.compile(r"^(?:OK|FAILED)(?: \(([^)]*)\))?\s*$", re.MULTILINE)
RUNNER = re.compile(r"^(ok|FAIL) +\w+", re.MULTILINE)  # tests/support/suite.py
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def count_criterion(text):
    passed = failed = 0
    for _, passing, failing, crashing in CRITERION.findall(text):
        passed += int(passing)
        failed += int(failing) + int(crashing)
    return passed, failed, len(CRITERION_SKIP.findall(text))


def count_unittest(text):
    ran = sum(int(n) for n in UNITTEST.findall(text))
    numbers = {"failures": 0, "errors": 0, "skipped": 0}
    for said in UNITTEST_RESULT.findall(text):
        for name, number in re.findall(r"(\w+)=(\d+)", said):
            if name in numbers:
                numbers[name] += int(number)
    failed = numbers["failures"] + numbers["errors"]
    return ran - failed - numbers["skipped"], failed, numbers["skipped"]


def count_inside(text):
    """What a program says of itself; None if it gives no numbers."""
    if CRITERION.search(text):
        return count_criterion(text)
    if UNITTEST.search(text):
        return count_unittest(text)
    said = RUNNER.findall(text)
    return (said.count("ok"), said.count("FAIL"), 0) if said else None


def count_case(case):
    """passed, failed, skipped of one program."""
    text = COLOUR.sub("", case.findtext("system-out") or "")
    status = case.get("status")
    if status in ("notrun", "disabled") or case.find("skipped") is not None:
        return 0, 0, 1
    inside = count_inside(text)
    if status == "run" and case.find("failure") is None:
        return (1, 0, 0) if inside is None else inside if sum(inside) > 0 else (0, 0, 1)
    passed, failed, skipped = inside or (0, 0, 0)
    return passed, max(failed, 1), skipped


def main():
    total = [0, 0, 0]
    for path in sys.argv[1:]:
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            total = [a + b for a, b in zip(total, count_case(case))]
    passed, failed, skipped = total
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed > 0 or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
