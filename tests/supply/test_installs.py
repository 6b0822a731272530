"""The ways to install that `make installs` tries are those of the page."""

from installs import PAGE, TOOLS, commands


def test_each_source_is_tried_with_each_tool():
    found = commands(PAGE.read_text())
    for source in ("./sendproof", "./sendproof-0.1.0-py3-none-any.whl", "git+https://git.example.com/sendproof.git"):
        assert {words[0] for words in map(str.split, found) if words[-1] == source} == set(TOOLS)


def test_extras_are_tried_from_each_source():
    assert len([command for command in commands(PAGE.read_text()) if "[contract,load]" in command]) == 3


def test_command_without_a_source_is_left_out():
    """The page names it because it does not work."""
    assert commands("`pip install sendproof` and `pip install ./sendproof`") == ["pip install ./sendproof"]
