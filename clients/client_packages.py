"""The published clients: what they are, and their installation into a folder that git ignores."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
INSTALLED = HERE / ".packages"
PYPI, NPM = "PyPI", "npm"
_FILES = {PYPI: HERE / "requirements.txt", NPM: HERE / "package.json"}


class ClientsError(Exception):
    """The test cannot run. The message explains why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client: its registry, its driver, the host that it calls, and what it needs from its sandbox.

    `country` chooses the numbers of recipients; `templates` are those of the Textlocal account.
    """

    name: str
    registry: str
    driver: str
    host: str
    service: str
    country: str = "GB"
    dialects: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=lambda: {"News": "Hello {{FIRST_NAME}}"})

    def command(self) -> list[str]:
        """Return the command that calls every method."""
        driver = str(HERE / "drivers" / self.driver)
        if self.registry == PYPI:
            return [sys.executable, "-W", "ignore", driver]
        return ["node", "--no-deprecation", "--require", str(HERE / "drivers" / "redirect.js"), driver]


CLIENTS = (
    Client(
        name="optimove 2.0.0",
        registry=PYPI,
        driver="optimove_driver.py",
        host="api5.optimove.net",
        service="optimove",
        # It was written when logins with user name and password were still possible.
        dialects={"optimove.password_login": "accepted"},
    ),
    Client(
        name="textlocal 0.1.0",
        registry=PYPI,
        driver="textlocal_driver.py",
        host="api.txtlocal.com",
        service="textlocal",
    ),
    Client(
        name="textlocal-pro 0.2.9",
        registry=PYPI,
        driver="textlocal_pro_driver.py",
        host="api.textlocal.in",
        service="textlocal",
    ),
    Client(
        name="textlocal 0.1.1",
        registry=NPM,
        driver="textlocal_npm_driver.js",
        host="api.txtlocal.com",
        service="textlocal",
    ),
    Client(
        name="textlocal-complete 0.4.3",
        registry=NPM,
        driver="textlocal_complete_driver.js",
        host="api.textlocal.in",
        service="textlocal",
        country="IN",
        dialects={"textlocal.variant": "india"},
        templates={"Offer": "50% off & more, {{FIRST_NAME}}: 1+1"},
    ),
    # These generate a client from the contract of the control API.
    Client(
        name="openapi-python-client 0.29.1",
        registry=PYPI,
        driver="control_driver.py",
        host="127.0.0.1",
        service="textlocal",
    ),
    Client(
        name="@hey-api/openapi-ts 0.95.0",
        registry=NPM,
        driver="control_driver.js",
        host="127.0.0.1",
        service="textlocal",
    ),
)


def missing_program(registry: str) -> str | None:
    """Return the reason why the clients of a registry cannot run on this machine, or None."""
    if registry == NPM and not (shutil.which("node") and shutil.which("npm")):
        return "node and npm are not in PATH"
    return None


def install(registry: str) -> None:
    """Install the pinned clients of a registry, unless they are; raise `ClientsError` if that fails."""
    pins = _FILES[registry]
    stamp = INSTALLED / f".{registry}-{sha256(pins.read_bytes()).hexdigest()[:12]}"
    if stamp.exists():
        return
    folder = INSTALLED / registry
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    done = subprocess.run(_install_command(registry, folder, pins), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClientsError(f"expected to install {pins.name} from {registry}, got:\n{done.stderr.strip()}")
    stamp.touch()


def _install_command(registry: str, folder: Path, pins: Path) -> list[str]:
    """Return the command. Clients in Python use the dependencies of Sendproof: their own pins are too old to run."""
    if registry == NPM:
        shutil.copy(pins, folder)
        quiet = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
        return ["npm", "install", *quiet, "--prefix", str(folder)]
    options = ["--no-deps", "--require-hashes", "--target", str(folder), "-r", str(pins)]
    if shutil.which("uv"):
        return ["uv", "pip", "install", "--quiet", "--python", sys.executable, *options]
    return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options]
