"""The scopes of the bill of materials: what runs scenarios, what an extra adds, and what only development needs."""

import pytest

from scopes import closure, scope_of

PROJECT = {
    "dependencies": ["typer>=0.29,<1"],
    "optional-dependencies": {"load": ["locust>=2"], "dev": ["sendproof[load]", "mypy"]},
}
NEEDS = {
    "typer": ["click", "uvicorn; extra == 'server'"],
    "click": ["colorama; platform_system == 'Windows'"],
    "locust": ["flask[async]"],
    "flask": ["click", "asgiref; extra == 'async'"],
    "mypy": ["pathspec"],
}


@pytest.mark.parametrize(
    ("package", "scope"),
    [
        ("typer", "required"),
        ("click", "required"),
        ("flask", "optional"),
        ("pathspec", "excluded"),
        ("pip", "excluded"),
    ],
)
def test_scope_is_the_strongest_need(package, scope):
    assert scope_of(package, PROJECT, NEEDS) == scope


def test_extra_counts_only_where_it_is_asked_for():
    assert closure(["typer"], NEEDS) == {"typer", "click", "colorama"}
    assert "asgiref" in closure(["locust"], NEEDS)


def test_package_for_windows_is_required_on_every_platform():
    """The bill is the same wherever it is written."""
    assert scope_of("colorama", PROJECT, NEEDS) == "required"
