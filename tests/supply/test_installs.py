"""The ways to install that `make installs` tries are those of the page, and no other page names one that fails."""

import re

from installs import PAGE, TOOLS, commands
from repository import ROOT, files, name_of

# A quoted name has the end of the quotation behind it, or ` @ URL`.
WITHOUT_SOURCE = re.compile(r"""pip install ["']?sendproof(?:\[[\w,]+\])?(?=["'`\s]|$)(?! @)""")


def test_each_source_is_tried_with_each_tool():
    found = commands(PAGE.read_text())
    for source in ("./sendproof", "./sendproof-0.1.0-py3-none-any.whl", "git+https://git.example.com/sendproof.git"):
        assert {words[0] for words in map(str.split, found) if words[-1] == source} == set(TOOLS)


def test_extras_are_tried_from_each_source():
    assert len([command for command in commands(PAGE.read_text()) if "[contract,load]" in command]) == 3


def test_command_without_a_source_is_left_out():
    """The page names it because it does not work."""
    assert commands("`pip install sendproof` and `pip install ./sendproof`") == ["pip install ./sendproof"]


def test_no_page_and_no_message_installs_from_an_index_that_lacks_sendproof():
    """Each command names a source: a folder, a file or a URL."""
    read = [
        path for path in files() if path.suffix in {".md", ".yaml", ".yml"} or path.is_relative_to(ROOT / "harness")
    ]
    found = {name_of(path): WITHOUT_SOURCE.findall(path.read_text()) for path in read}
    assert {name: lines for name, lines in found.items() if lines} == {"docs/install.md": ["pip install sendproof"]}


def test_command_without_a_source_is_recognized():
    """Otherwise the test above would find nothing."""
    assert WITHOUT_SOURCE.search('pip install "sendproof[contract]"')
    assert not WITHOUT_SOURCE.search('pip install "sendproof[load] @ git+https://git.example.com/sendproof.git"')
