"""The error that explains the end of a bridge, in the output of several languages."""

import pytest

from sendproof_harness.run.error_excerpt import crash_errors, headline

PYTHON = """Traceback (most recent call last):
  File "app.py", line 7, in <module>
    start()
KeyError: 'textlocal_api_key'"""
NODE = """TypeError: Cannot read properties of undefined (reading 'apikey')
    at start (/bridge/index.js:12:31)
    at Object.<anonymous> (/bridge/index.js:40:1)"""
PHP = """PHP Fatal error:  Uncaught TypeError: connect(): Argument #1 must be of type string
Stack trace:
#0 /bridge/bridge.php(8): connect(NULL)
#1 {main}
  thrown in /bridge/bridge.php on line 3"""
JAVA = """Exception in thread "main" java.lang.IllegalStateException: no settings
\tat Bridge.main(Bridge.java:9)
Caused by: java.io.IOException: handover.json
\t... 3 more"""

# Node quotes the line that threw before it names the error, and that line may speak of errors, too.
NODE_QUOTE = """/bridge/index.js:18
  if (!reply.ok) throw new Error(`${url}: ${reply.status} ${text}`);
                 ^

"""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PYTHON, "KeyError: 'textlocal_api_key'"),
        (NODE, "TypeError: Cannot read properties of undefined (reading 'apikey')"),
        (PHP, "PHP Fatal error:  Uncaught TypeError: connect(): Argument #1 must be of type string"),
        (JAVA, 'Exception in thread "main" java.lang.IllegalStateException: no settings'),
    ],
)
def test_error_is_found_between_other_lines_with_its_stack(error: str, line: str) -> None:
    """What a program prints before and after a crash is noise."""
    found = crash_errors(f"listening on 9000\n{error}\nNode.js v20.11.0\nbye\n")
    assert found == [error]
    assert headline(found[0]) == line


def test_line_of_source_that_node_quotes_is_no_error() -> None:
    assert crash_errors(f"listening on 9000\n{NODE_QUOTE}{NODE}\n\nNode.js v20.11.0\n") == [NODE]


def test_first_and_last_error_are_shown_if_they_differ() -> None:
    """An error at shutdown follows from the first one, but a handled error does not explain the end."""
    assert crash_errors(f"{PYTHON}\nclosing\n{NODE}\n") == [PYTHON, NODE]


def test_trace_that_was_logged_with_a_message_belongs_to_it() -> None:
    assert crash_errors(f"[06:00] ERROR in app: connect failed\n{PYTHON}\n") == [
        f"[06:00] ERROR in app: connect failed\n{PYTHON}"
    ]


def test_output_without_an_error_shows_none() -> None:
    assert crash_errors("listening on 9000\n") == []
