"""The repository is the same on every machine: it names no package index and no folder of anybody's computer."""

import re
from pathlib import Path

from repository import files, name_of

PLACE = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.|(?<![\w-])--(extra-)?index-url|(?<![\w-])--find-links"
    r"|(?<![\w.}>*-])/(work|root|home|Users|opt)/\w|\b[A-Z]:\\Users"
)
TEXT = [path for path in files() if path != Path(__file__)]


def test_files_name_no_index_and_no_folder_of_a_machine():
    """No file holds the address of a package index, or a path of the machine it was written on."""
    found = [f"{name_of(path)}: {hit.group()}" for path in TEXT for hit in PLACE.finditer(path.read_text())]
    assert found == []


def test_lock_is_hashed():
    """Every package of the lock file is pinned to one version and carries hashes, and none comes from an address."""
    lock = next(path for path in TEXT if path.name == "requirements.lock").read_text()
    assert "://" not in lock
    entries = re.split(r"\n(?=[a-z])", lock.strip())
    assert [entry for entry in entries if not re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:", entry, re.DOTALL)] == []
