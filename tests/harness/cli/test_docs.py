"""`sendproof docs`: the pages and examples that messages point to, also without the repository."""

import json

from command_line import sendproof


def test_pages_are_listed_with_their_titles():
    listed = {tuple(line.split(maxsplit=1)) for line in sendproof("docs").out.splitlines()}
    assert ("quickstart", "Quickstart: a verdict on your own bridge in ten minutes") in listed
    assert ("reference/commands", "Commands") in listed


def test_page_is_printed_by_its_name_or_its_path_in_the_repository():
    """Messages name the path."""
    by_name, by_path = sendproof("docs", "connect-your-bridge"), sendproof("docs", "docs/connect-your-bridge.md")
    assert by_name.out.startswith("# Connect your bridge")
    assert (by_path.out, by_path.status) == (by_name.out, 0)


def test_pages_are_printed_as_json_for_a_program():
    listed, page = json.loads(sendproof("docs", "--json").out), json.loads(sendproof("docs", "doctor", "--json").out)
    assert {"page": "reference/commands", "title": "Commands"} in listed
    assert (page["page"], page["text"].startswith("# ")) == ("doctor", True)


def test_unknown_page_is_refused_with_the_nearest_one():
    result = sendproof("docs", "quick-start")
    assert (result.status, result.err) == (3, "no page 'quick-start'; did you mean \"quickstart\"?\n")


def test_examples_are_copied_with_the_pages(tmp_path):
    folder = tmp_path / "sendproof-docs"
    assert sendproof("docs", "--copy-to", folder).status == 0
    names = ("docs/quickstart.md", "docs/shims/shim.php", "bridge/examples/node_bridge/bridge.js", "README.md")
    assert [name for name in names if not (folder / name).is_file()] == []


def test_copy_never_overwrites_a_folder(tmp_path):
    (tmp_path / "mine").touch()
    result = sendproof("docs", "--copy-to", tmp_path)
    assert (result.status, list(tmp_path.iterdir())) == (3, [tmp_path / "mine"])
    assert "expected a new or empty folder" in result.err
