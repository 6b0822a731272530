"""Other revisions of this repository, checked out in a folder that git ignores, and run by this interpreter."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
REVISIONS = HERE / ".revisions"
# The programs are found by PYTHONPATH, before the installed packages.
_PACKAGES = ("simulators", "bridge", "harness")
_SHORT = 10


class RevisionError(Exception):
    """A revision cannot be checked out. The message explains why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A source tree of this repository, and its name in tables."""

    name: str
    tree: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which Python imports the programs of this tree."""
        paths = os.pathsep.join(str(self.tree / package) for package in _PACKAGES)
        return {**os.environ, "PYTHONPATH": paths}


def working_tree() -> Revision:
    """Return this tree, with its changes."""
    return Revision(name="this tree", tree=ROOT)


def check_out(name: str) -> Revision:
    """Return a checkout of the revision `name` (a commit, a branch or a tag); it is kept for the next time."""
    commit = _git("rev-parse", "--verify", f"{name}^{{commit}}")
    tree = REVISIONS / commit[:_SHORT]
    if not (tree / ".git").exists():
        _git("worktree", "prune")
        _git("worktree", "add", "--detach", str(tree), commit)
    return Revision(name=commit[:_SHORT], tree=tree)


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RevisionError(f"git {' '.join(words)}: expected success, got: {done.stderr.strip()}")
    return done.stdout.strip()
