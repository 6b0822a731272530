"""The repository is the same on every machine: no file names a package index or a folder of one computer."""

import re
from collections.abc import Iterator

import pytest

from repository import files, name_of

# The host names of package indexes by their parts, so that this file contains none of them either.
INDEX_HOSTS = (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "com"), ("npmjs", "org"), ("yarnpkg", "com"))
# An address of an index by its form: the path that pip expects.
INDEX_FOLDER = "simple"
INDEX_PATH = rf"https?://[\w.:@-]+/[\w./-]*\b{INDEX_FOLDER}\b/?(?=[\s\"'`)]|$)"
INDEX_OPTIONS = r"(?<![\w-])--(?:extra-)?index" + r"-url|(?<![\w-])--find" + r"-links"
MACHINE_FOLDERS = r"(?<![\w.}>*-])/(?:work|root|home|Users|opt)/\w|\b[A-Z]:\\Users"


def pattern() -> re.Pattern[str]:
    hosts = "|".join(re.escape(".".join(parts)) for parts in INDEX_HOSTS)
    return re.compile(f"{hosts}|{INDEX_PATH}|{INDEX_OPTIONS}|{MACHINE_FOLDERS}", re.IGNORECASE)


def found(text: str) -> Iterator[str]:
    return (match.group() for match in pattern().finditer(text))


def test_files_name_no_package_index_and_no_folder_of_a_machine():
    """The check includes the file of this test."""
    named = [f"{name_of(path)}: {address}" for path in files() for address in found(path.read_text())]
    assert named == []


def test_pattern_finds_each_kind_of_address():
    """A pattern that finds nothing would pass for any repository."""
    hosts = [".".join(parts) for parts in INDEX_HOSTS]
    options = ["--" + "-".join(words) for words in (("index", "url"), ("extra", "index", "url"), ("find", "links"))]
    mirror = "https://mirror.example/root/py/" + INDEX_FOLDER
    folders = [f"/{folder}/me" for folder in ("work", "home", "opt")]
    for address in (*hosts, *options, mirror, *folders):
        assert list(found(f"see {address} there")), address


LOCKS = [path for path in files(".lock") if path.name.startswith("requirements")]


@pytest.mark.parametrize("path", LOCKS, ids=name_of)
def test_lock_file_pins_and_hashes_each_package(path):
    """No package comes from an address."""
    lock = path.read_text()
    assert "://" not in lock
    entries = re.split(r"\n(?=[a-z])", lock.strip())
    assert [entry for entry in entries if not re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:", entry, re.DOTALL)] == []


def test_each_set_of_dependencies_has_its_lock_file():
    names = ["requirements-pip.lock", "requirements-site.lock", "requirements-supply.lock", "requirements.lock"]
    assert [path.name for path in LOCKS] == names
