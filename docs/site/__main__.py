"""`make site`: the documentation as a site to search, from the same Markdown files. It needs no network to be read.

Exit status: 0 is success, 1 a broken link or another mistake in a page, 3 means that MkDocs is missing.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from site_pages import stage

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "dist" / "site"
# The theme prints at each build that it has a successor.
_WITHOUT_ADVICE = "NO_MKDOCS_2_WARNING"


def main() -> int:
    """Collect the pages in a temporary folder, build the site in `dist/site`, and return the exit status."""
    if importlib.util.find_spec("mkdocs") is None:
        print("site: expected MkDocs in this environment, got none; use `make site`", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory(prefix="sendproof-site-") as name:
        settings = stage(ROOT, Path(name))
        command = [sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict", "--clean"]
        command += ["-f", str(settings), "-d", str(TARGET)]
        done = subprocess.run(command, env={**os.environ, _WITHOUT_ADVICE: "1"}, check=False)
    if done.returncode:
        return 1
    print(f"The site begins at {TARGET.relative_to(ROOT) / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
