"""A start by another program needs no parser, and means the same as `up` with these words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sendproof_simulators.start import is_plain

WORDS = ["up", "--json", "--port", "0"]


@pytest.mark.parametrize("environment", [{}, {"SENDPROOF_STRICT": "1"}, {"SENDPROOF_STRICT": "", "HOME": "/"}])
def test_start_of_the_harness_is_plain(environment: dict[str, str]) -> None:
    assert is_plain(WORDS, environment)


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        ([*WORDS, "--examples"], {}),
        (["up", "--json"], {}),
        (["up", "--port", "0"], {}),
        (["--help"], {}),
        (WORDS, {"SENDPROOF_STRICT": "yes"}),
        (WORDS, {"SENDPROOF_WORKERS": "2"}),
        (WORDS, {"SENDPROOF_CONTROL_TOKEN": "secret"}),
    ],
)
def test_other_settings_are_for_the_command_line(words: list[str], environment: dict[str, str]) -> None:
    assert not is_plain(words, environment)


def test_plain_start_imports_only_what_it_needs(tmp_path: Path) -> None:
    """Together, these would take as long as the rest of the start.

    It has a cache of its own: other tests load so many contracts that the oldest leave the user's.
    """
    unneeded = ("typer", "rich", "pydantic", "connexion", "phonenumbers", "yaml", "numpy")
    code = (
        "import sys, sendproof_simulators.start, sendproof_simulators.server.server as server; server.Simulators();"
        f"print([name for name in {unneeded} if name in sys.modules])"
    )
    own = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    # The first start fills the cache.
    outputs = [subprocess.check_output([sys.executable, "-c", code], text=True, env=own) for _ in range(2)]
    assert outputs[1] == "[]\n"
