"""ops/lib/tally.py must count what is inside the programs, and must never call a broken run good."""
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

SCRIPT = pathlib.Path(__file__).parent.parent / "ops" / "lib" / "tally.py"
spec = importlib.util.spec_from_file_location("tally", SCRIPT)
tally = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tally)


def case(status, output, failed=False):
    element = ElementTree.Element("testcase", status=status)
    ElementTree.SubElement(element, "system-out").text = output
    if failed:
        ElementTree.SubElement(element, "failure")
    return element


class Tally(unittest.TestCase):
    def test_criterion_is_counted_by_its_tests(self):
        text = "[SKIP] a::b: Test is disabled\n[====] Synthesis: Tested: 12 | Passing: 12 | Failing: 0 | Crashing: 0 \n"
        self.assertEqual(tally.count_case(case("run", text)), (12, 0, 1))
        text = "[\x1b[0;34m====\x1b[0m] Synthesis: Tested: \x1b[0;34m4\x1b[0m | Passing: 1 | Failing: 2 | Crashing: 1"
        self.assertEqual(tally.count_case(case("fail", text, True)), (1, 3, 0))

    def test_a_program_that_skipped_everything_has_not_passed(self):
        text = "[====] Synthesis: Tested: 0 | Passing: 0 | Failing: 0 | Crashing: 0 \n"
        self.assertEqual(tally.count_case(case("run", text)), (0, 0, 1))
        self.assertEqual(tally.count_case(case("run", "[SKIP] a::b: no data\n" + text)), (0, 0, 1))

    def test_unittest_is_counted_by_its_tests(self):
        self.assertEqual(tally.count_case(case("run", "Ran 7 tests in 1.0s\n\nOK (skipped=2)\n")), (5, 0, 2))
        text = "Ran 7 tests in 1.0s\n\nFAILED (failures=1, errors=2)\n"
        self.assertEqual(tally.count_case(case("fail", text, True)), (4, 3, 0))

    def test_the_runner_of_the_suite_is_counted_by_its_tests(self):
        self.assertEqual(tally.count_case(case("run", "ok   a_b (1.0 s)\nok   c (0.1 s)\n")), (2, 0, 0))
        self.assertEqual(tally.count_case(case("fail", "ok   a_b (1.0 s)\nFAIL c\nTraceback\n", True)), (1, 1, 0))

    def test_a_program_without_numbers_is_one(self):
        self.assertEqual(tally.count_case(case("run", "fine")), (1, 0, 0))
        self.assertEqual(tally.count_case(case("fail", "", True)), (0, 1, 0))
        self.assertEqual(tally.count_case(case("notrun", "")), (0, 0, 1))

    def test_a_failed_program_fails_although_its_tests_passed(self):
        text = "[====] Synthesis: Tested: 3 | Passing: 3 | Failing: 0 | Crashing: 0"
        self.assertEqual(tally.count_case(case("fail", text, True)), (3, 1, 0))

    def test_exit_code(self):
        with tempfile.TemporaryDirectory() as folder:
            for cases, code, last in (('<testcase name="a" status="run"/>', 0, "1 passed, 0 failed, 0 skipped"),
                                      ('<testcase name="a" status="notrun"/>', 1, "0 passed, 0 failed, 1 skipped"),
                                      ("", 1, "0 passed, 0 failed, 0 skipped")):
                report = pathlib.Path(folder) / "report.xml"
                report.write_text(f"<testsuite>{cases}</testsuite>", encoding="utf-8")
                done = subprocess.run([sys.executable, SCRIPT, report], capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout.strip()), (code, last))


if __name__ == "__main__":
    unittest.main()
