"""Files and functions stay small enough to be read in one go."""

import ast

from repository import files, name_of

FILE_LINES = 600
FUNCTION_LINES = 70


def test_files_are_short():
    """A file of Python has at most 600 lines."""
    assert [name_of(path) for path in files(".py") if len(path.read_text().splitlines()) > FILE_LINES] == []


def test_functions_are_short():
    """A function has at most 70 lines, its docstring included."""
    long = [
        f"{name_of(path)}: {node.name}"
        for path in files(".py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= FUNCTION_LINES
    ]
    assert long == []
