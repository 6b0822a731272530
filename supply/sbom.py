"""The software bill of materials in CycloneDX, of everything that the main lock file pins."""

import json
import tomllib
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from environment import OTHERS, PYTHON, install_other_platforms, run_tool
from licences import INCLUDED, Licensed
from locks import MAIN, ROOT, SupplyError, read_pins
from scopes import SCOPES, scope_of

SBOM = ROOT / "dist" / "sendproof.cdx.json"


def _needs() -> dict[str, list[str]]:
    """Return the requirements of each package that is installed."""
    folders = [str(path) for path in (*(ROOT / ".venv" / "lib").glob("python*/site-packages"), OTHERS)]
    return {canonicalize_name(found.name): found.requires or [] for found in distributions(path=folders)}


def _included(library: Licensed, file: Path) -> dict[str, Any]:
    """Return the component of a library that no installation brings."""
    return {
        "type": "library",
        "bom-ref": library.name,
        "name": library.name,
        "version": library.version,
        "purl": f"pkg:npm/{library.name}@{library.version}",
        "licenses": [{"license": {"id": library.licence, "acknowledgement": "declared"}}],
        "scope": "required",
        "hashes": [{"alg": "SHA-256", "content": sha256(file.read_bytes()).hexdigest()}],
    }


def _document() -> dict[str, Any]:
    """Return what cyclonedx-bom writes, with the scopes and the included component."""
    options = ("--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", str(PYTHON))
    document: dict[str, Any] = json.loads(run_tool("cyclonedx_py", "environment", *options))
    components: dict[str, Any] = {
        canonicalize_name(component["name"]): component for component in document["components"]
    }
    missing = [pin.name for pin in read_pins(MAIN) if components.get(pin.name, {}).get("version") != pin.version]
    if missing:
        raise SupplyError(f"sbom: expected every package of the lock file, got none for {', '.join(missing)}; run make")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = _needs()
    for name, component in components.items():
        component["scope"] = scope_of(name, project, needs)
    document["components"].extend(_included(library, file) for library, file in INCLUDED.items())
    return document


def sbom() -> int:
    """Write the bill of materials, if it is valid against the schema of CycloneDX, and return the exit status."""
    install_other_platforms()
    text = json.dumps(_document(), indent=2) + "\n"
    version = SchemaVersion.V1_6
    error = JsonStrictValidator(version).validate_str(text)
    if error is not None:
        raise SupplyError(f"sbom: expected a document valid against CycloneDX {version.to_version()}, got {error}")
    SBOM.parent.mkdir(exist_ok=True)
    SBOM.write_text(text)
    components = json.loads(text)["components"]
    counts = {scope: sum(row["scope"] == scope for row in components) for scope in SCOPES}
    shown = ", ".join(f"{count} {scope}" for scope, count in counts.items())
    print(f"{SBOM.relative_to(ROOT)}: {len(components)} components ({shown}), valid CycloneDX {version.to_version()}")
    return 0
