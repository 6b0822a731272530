"""The scope of a package, as CycloneDX means it.

A package is `required` to run scenarios, `optional` if only an extra needs it, and `excluded` if only the development
of Sendproof does.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SCOPES = ("required", "optional", "excluded")
#: Markers are those of this platform, or of the one that needs the most packages.
_PLATFORMS: tuple[dict[str, str], ...] = ({}, {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"})


def scope_of(name: str, project: Mapping[str, Any], needs: Mapping[str, Iterable[str]]) -> str:
    """Return the scope of a package, from what the project needs, and from what each installed package needs."""
    extras = [line for extra, lines in project["optional-dependencies"].items() if extra != "dev" for line in lines]
    if name in closure(project["dependencies"], needs):
        return "required"
    return "optional" if name in closure(extras, needs) else "excluded"


def closure(requirements: Iterable[str], needs: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the packages that requirements need, and all that those need in turn, with the extras asked for."""
    waiting = [Requirement(line) for line in requirements]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        for extra in ("", *requirement.extras):
            entry = (canonicalize_name(requirement.name), extra)
            if entry not in seen:
                seen.add(entry)
                waiting += [need for need in map(Requirement, needs.get(entry[0], ())) if _applies(need, extra)]
    return {name for name, _ in seen}


def _applies(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**platform, "extra": extra}) for platform in _PLATFORMS)
