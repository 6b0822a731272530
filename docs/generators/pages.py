"""The generated files: reference pages, pictures, and the data of the programs about faults, terms and names."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import api_pages
import bounds_page
import bridge_settings_page
import checks_page
import commands_page
import doctor_page
import operations_page
import report_terms
import scenario_file_page
import scenarios_page
import tutorial_pages
from data_files import control_types, dialect_data, fake_name_data, fault_data
from diagrams import flows, layers, virtual_time
from sendproof_harness.report.html import TERMS_FILE
from sendproof_harness.scenario.fault_kinds import KINDS_FILE
from sendproof_harness.scenario.load import SCHEMA_FILE
from sendproof_simulators.comparison.contract_sets import DIALECTS_FILE
from sendproof_simulators.core.audience.fake_names import NAMES_FILE
from sendproof_simulators.services.discovery import CONTRACTS
from simulator_pages import delivery_numbers, dialects, faults

FOLDER = Path(__file__).parents[1] / "reference"
_IMAGES = Path(__file__).parents[1] / "images"

#: By file name below `FOLDER`: the function that returns the page.
PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "bounds.md": bounds_page.page,
        "bridge-settings.md": bridge_settings_page.page,
        "checks.md": checks_page.page,
        "commands.md": commands_page.page,
        "dialects.md": dialects.page,
        "doctor.md": doctor_page.page,
        "faults.md": faults.page,
        "operations.md": operations_page.page,
        "scenario-file.md": scenario_file_page.page,
        "scenarios.md": scenarios_page.page,
        "test-numbers.md": delivery_numbers.page,
    }
)

#: By path: the function that returns the data.
DATA: Mapping[Path, Callable[[], str]] = MappingProxyType(
    {
        KINDS_FILE: fault_data.fault_kinds_json,
        SCHEMA_FILE: fault_data.scenario_schema_json,
        TERMS_FILE: report_terms.report_terms_json,
        NAMES_FILE: fake_name_data.fake_names_json,
        control_types.TYPES_FILE: control_types.control_types,
        CONTRACTS / DIALECTS_FILE: dialect_data.dialects_json,
        _IMAGES / "layers.svg": layers.layers_picture,
        _IMAGES / "virtual-time.svg": virtual_time.virtual_time_picture,
        **tutorial_pages.PAGES,
        **api_pages.PAGES,
        **{_IMAGES / name: picture for name, picture in flows.PICTURES.items()},
    }
)
