"""The dialects as data next to the contracts, so that `sendproof diff` reads those of another version."""

import json
from dataclasses import asdict

from sendproof_simulators.services.discovery import discover


def dialects_json() -> str:
    """Return the content of `dialects.json`: the dialects of each service with their options, the default first."""
    dialects = {name: [asdict(dialect) for dialect in known.dialects] for name, known in sorted(discover().items())}
    return json.dumps(dialects, indent=2, ensure_ascii=False) + "\n"
