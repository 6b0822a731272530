"""The order of tests: each worker begins with long ones."""

from item_order import LONGEST, order
from repository import ROOT

LONG = [f"tests/docs/test_commands.py::test[{number}]" for number in range(3)]
SHORT = [f"tests/harness/test_short.py::test[{number}]" for number in range(7)]


def test_each_worker_begins_with_a_long_test():
    """Three workers get four, three and three tests."""
    names = SHORT + LONG
    ordered = [names[place] for place in order(names, 3)]
    assert [ordered[start] for start in (0, 3, 6)] == LONG
    assert sorted(ordered) == sorted(names)


def test_tests_of_a_file_stay_in_one_part():
    """They share a run, which another worker would repeat."""
    names = [*SHORT, *(f"tests/end_to_end/test_{file}.py::test[{n}]" for file in "ab" for n in range(2))]
    ordered = [names[place] for place in order(names, 2)]
    assert ordered[:2] == names[7:9]
    assert ordered[5:7] == names[9:]


def test_one_worker_begins_with_all_long_tests():
    names = SHORT + LONG
    assert [names[place] for place in order(names, 1)] == LONG + SHORT


def test_folders_and_files_of_long_tests_exist():
    assert [name for name in LONGEST if not list(ROOT.glob(f"{name}*"))] == []
