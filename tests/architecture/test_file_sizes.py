"""Files and functions are short enough to be read at once."""

import ast

from repository import files, name_of

FILE_LINES = 600
FUNCTION_LINES = 70


def test_files_have_at_most_600_lines():
    assert [name_of(path) for path in files(".py") if len(path.read_text().splitlines()) > FILE_LINES] == []


def test_functions_have_at_most_70_lines():
    long = [
        f"{name_of(path)}: {node.name}"
        for path in files(".py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= FUNCTION_LINES
    ]
    assert long == []
