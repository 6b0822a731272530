"""The reference pages: each is printed from the code that it tells of, and never written by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import checks_page
import commands_page
import dialects_page
import doctor_page
import faults_page
import library_page
import numbers_page
import operations_page
import scenario_page
import settings_page

FOLDER = Path(__file__).parents[1] / "reference"

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "bridge-settings.md": settings_page.page,
        "checks.md": checks_page.page,
        "commands.md": commands_page.page,
        "dialects.md": dialects_page.page,
        "doctor.md": doctor_page.page,
        "faults.md": faults_page.page,
        "numbers.md": numbers_page.page,
        "operations.md": operations_page.page,
        "scenario-file.md": scenario_page.page,
        "scenarios.md": library_page.page,
    }
)
