"""`make audit`, `make sbom`, `make licences`, `make installs`: what Sendproof installs, and how it is installed.

Exit status: 0 is success; 1 a vulnerability, a licence that is not allowed, or an installation that does not work; 3
means that the tool could not find out.
"""

import subprocess
import sys

from audit import audit
from installs import installs
from licences import licences
from locks import SupplyError
from sbom import sbom

_COMMANDS = {"audit": audit, "sbom": sbom, "licences": licences, "installs": installs}


def main(arguments: list[str]) -> int:
    """Run one command, and return the exit status."""
    if len(arguments) != 1 or arguments[0] not in _COMMANDS:
        print(f"supply: expected one of {', '.join(_COMMANDS)}, got {' '.join(arguments)!r}", file=sys.stderr)
        return 3
    try:
        return _COMMANDS[arguments[0]]()
    except (SupplyError, OSError, subprocess.TimeoutExpired) as error:
        print(f"supply: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
