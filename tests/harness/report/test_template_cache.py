"""The cache of compiled templates changes no page, and runs no code of others."""

import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from sendproof_harness.report.template_cache import FILES_MAX, TemplateCache, cache_folder


def page(folder: Path, source: str, name: str = "page") -> str:
    """Return a rendered template in an environment of its own, as a new process has it."""
    cached = Environment(loader=DictLoader({name: source}), bytecode_cache=TemplateCache(folder))
    return cached.get_template(name).render(name="Ann")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "new" / "folder"


def test_compiled_template_is_used(folder: Path) -> None:
    """Shown by code that differs from its source."""
    source, cache, environment = "{{ name }}", TemplateCache(folder), Environment()
    bucket = cache.get_bucket(environment, "page", None, source)
    bucket.code = environment.compile("kept for {{ name }}")
    cache.set_bucket(bucket)
    assert page(folder, source) == "kept for Ann"


def test_changed_template_is_compiled(folder: Path) -> None:
    assert [page(folder, f"{greeting} {{{{ name }}}}") for greeting in ("Dear", "Hello")] == ["Dear Ann", "Hello Ann"]


@pytest.mark.parametrize("damage", [b"", b"x", b"\x00" * 500])
def test_damaged_file_is_compiled_and_replaced(folder: Path, damage: bytes) -> None:
    page(folder, "{{ name }}")
    (file,) = folder.iterdir()
    complete = file.read_bytes()
    file.write_bytes(damage)
    assert page(folder, "{{ name }}") == "Ann"
    assert file.read_bytes() == complete


def test_folder_that_others_may_write_to_is_not_used(folder: Path) -> None:
    page(folder, "{{ name }}")
    (file,) = folder.iterdir()
    file.unlink()
    folder.chmod(0o777)
    assert page(folder, "{{ name }}") == "Ann"
    assert list(folder.iterdir()) == []


def test_link_to_a_folder_is_not_used(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert page(link, "{{ name }}") == "Ann"
    assert list(folder.iterdir()) == []


def test_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert page(tmp_path / "file" / "folder", "{{ name }}") == "Ann"


def test_old_files_are_removed(folder: Path) -> None:
    for number in range(FILES_MAX + 3):
        page(folder, f"{number}")
    assert len(list(folder.iterdir())) == FILES_MAX


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has another convention")
def test_folder_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "sendproof" / "templates"
