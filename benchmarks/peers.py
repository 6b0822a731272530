"""The peers that the benchmark compares with: mock servers from npm, and nginx. Each runs in its quickest mode.

npm installs them into `benchmarks/.peers`. WireMock and MockServer are Java programs, whose packages contain the jar.
"""

import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from content import INTERACTIONS, PAGE, PREFERENCES, SMALL, Content
from server import BenchmarkError, Server, free_port, running

HERE = Path(__file__).parent
PEERS = HERE / ".peers"
_INSTALL = ["npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
# Prism 5.15 and later need Node.js 24. For older versions of Node.js, 5.14 is the newest.
_PRISM_VERSIONS = (((24, 18), "5.16"), ((18, 20), "5.14"))
_PACKAGES = {
    "@stoplight/prism-cli": None,
    "wiremock": "3.13.2",
    "mockserver-node": "8.0.0",
    "@mockoon/cli": "9.9.0",
}
_JSON = "application/json"
# A free port as an argument, in a folder of its own.
Start = Callable[[Content, Path, int], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One peer: its name with version, its command line, the cases that it serves, and whether it checks bodies."""

    name: str
    command: Start
    serves: frozenset[str]

    def start(self, content: Content, folder: Path) -> AbstractContextManager[Server]:
        """Run the peer in a folder of its own."""
        return self._running(content, folder)

    @contextmanager
    def _running(self, content: Content, folder: Path) -> Iterator[Server]:
        folder.mkdir(exist_ok=True)
        port = free_port()
        headers = {"X-API-KEY": "any"}
        with running(self.command(content, folder, port), cwd=folder) as process:
            url = f"http://127.0.0.1:{port}"
            yield Server(name=self.name, url=url, pid=process.pid, headers=headers, serves=self.serves)


def install(console: Console) -> list[Peer]:
    """Install the peers that this machine can run, into a folder that git ignores, and return them."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise BenchmarkError("expected `node` and `npm` in PATH, got none; install Node.js 18.20 or newer")
    packages = {**_PACKAGES, "@stoplight/prism-cli": _prism_version()}
    wanted = [f"{name}@{version}" for name, version in packages.items()]
    stamp = PEERS / f".installed-{'-'.join(str(version) for version in packages.values())}"
    if not stamp.exists():
        console.print(f"Installing {', '.join(wanted)} into benchmarks/{PEERS.name}, once")
        PEERS.mkdir(exist_ok=True)
        done = subprocess.run([*_INSTALL, "--prefix", PEERS, *wanted], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchmarkError(f"npm could not install the peers:\n{done.stderr.strip()}")
        stamp.touch()
    return _peers(packages, console)


def _prism_version() -> str:
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    found = tuple(map(int, re.findall(r"\d+", shown)[:2]))
    version = next((prism for least, prism in _PRISM_VERSIONS if found >= least), None)
    if version is None:
        raise BenchmarkError(f"expected Node.js 18.20 or newer, got {shown.strip()}; install a newer version")
    return version


def _peers(versions: dict[str, Any], console: Console) -> list[Peer]:
    mock, fixed = frozenset({"small", "page", "post"}), frozenset({"small", "page", "pages"})
    peers = [
        Peer(name=f"Prism {versions['@stoplight/prism-cli']}", command=_prism, serves=mock),
        Peer(name=f"Mockoon {_PACKAGES['@mockoon/cli']} (unchecked)", command=_mockoon, serves=mock),
    ]
    if shutil.which("java"):
        peers.append(Peer(name=f"WireMock {_PACKAGES['wiremock']}", command=_wiremock, serves=mock))
        peers.append(Peer(name=f"MockServer {_PACKAGES['mockserver-node']}", command=_mockserver, serves=mock))
    else:
        console.print("Without WireMock and MockServer: there is no `java` in PATH", style="yellow")
    if nginx := shutil.which("nginx"):
        shown = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=False).stderr
        peers.append(Peer(name=shown.partition("nginx/")[2].strip().join(("nginx ", "")), command=_nginx, serves=fixed))
    else:
        console.print("Without nginx: it is not in PATH (for example: apt-get install nginx)", style="yellow")
    return peers


def _npm(name: str) -> str:
    return str(PEERS / "node_modules" / ".bin" / name)


def _jar(package: str, pattern: str) -> str:
    return str(next((PEERS / "node_modules" / package).rglob(pattern)))


# -- the command of each peer, with its files in the folder -----------------------------------------


def _prism(content: Content, folder: Path, port: int) -> list[str]:
    contract = folder / "contract.json"
    contract.write_text(json.dumps(content.contract))
    options = ["--host", "127.0.0.1", "--port", str(port), "--verboseLevel", "silent"]
    return [_npm("prism"), "mock", str(contract), *options]


def _wiremock(content: Content, folder: Path, port: int) -> list[str]:
    mappings = folder / "mappings"
    mappings.mkdir(exist_ok=True)
    fixed = {SMALL: content.small, PAGE: content.pages[0]}
    stubs = [
        {
            "request": {"method": "GET", "urlPath": path},
            "response": {"status": 200, "body": body.decode(), "headers": {"Content-Type": _JSON}},
        }
        for path, body in fixed.items()
    ]
    stubs += [
        {
            "request": {
                "method": "POST",
                "urlPath": path,
                "bodyPatterns": [{"matchesJsonSchema": json.dumps(schema), "schemaVersion": "V7"}],
            },
            "response": {"status": 200},
        }
        for path, schema in content.schemas.items()
    ]
    (mappings / "all.json").write_text(json.dumps({"mappings": stubs}))
    quick = ["--no-request-journal", "--disable-request-logging", "--use-chunked-encoding", "never", "--disable-gzip"]
    jar = _jar("wiremock", "wiremock-standalone-*.jar")
    address = ["--bind-address", "127.0.0.1", "--port", str(port), "--root-dir", str(folder)]
    return ["java", "-jar", jar, *address, *quick]


def _mockserver(content: Content, folder: Path, port: int) -> list[str]:
    fixed = {SMALL: content.small, PAGE: content.pages[0]}
    expectations: list[dict[str, Any]] = [
        {
            "httpRequest": {"method": "GET", "path": path},
            "httpResponse": {"statusCode": 200, "headers": {"content-type": [_JSON]}, "body": body.decode()},
        }
        for path, body in fixed.items()
    ]
    expectations += [
        {
            "httpRequest": {"method": "POST", "path": path, "body": {"type": "JSON_SCHEMA", "jsonSchema": schema}},
            "httpResponse": {"statusCode": 200},
        }
        for path, schema in content.schemas.items()
    ]
    initial = folder / "expectations.json"
    initial.write_text(json.dumps(expectations))
    jar = _jar("mockserver-node", "mockserver-netty-*-jar-with-dependencies.jar")
    settings = {"initializationJsonPath": initial, "logLevel": "ERROR", "disableSystemOut": "true"}
    words = [f"-Dmockserver.{name}={value}" for name, value in settings.items()]
    return ["java", *words, "-jar", jar, "-serverPort", str(port)]


def _mockoon(content: Content, folder: Path, port: int) -> list[str]:
    bodies = {("get", SMALL): content.small, ("get", PAGE): content.pages[0]}
    bodies |= {("post", path): b"" for path in (INTERACTIONS, PREFERENCES)}
    routes = [_mockoon_route(method, path, body.decode()) for (method, path), body in bodies.items()]
    environment = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, "environment")),
        "lastMigration": 33,
        "name": "benchmark",
        "port": port,
        "hostname": "127.0.0.1",
        "endpointPrefix": "",
        "latency": 0,
        "folders": [],
        "routes": routes,
        "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in routes],
        "proxyMode": False,
        "proxyHost": "",
        "cors": False,
        "headers": [],
        "data": [],
        "callbacks": [],
    }
    file = folder / "environment.json"
    file.write_text(json.dumps(environment))
    return [_npm("mockoon-cli"), "start", "--data", str(file), "--repair", "--disable-log-to-file"]


def _mockoon_route(method: str, path: str, body: str) -> dict[str, Any]:
    name = f"{method} {path}"
    response = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"response {name}")),
        "body": body,
        "statusCode": 200,
        "headers": [{"key": "Content-Type", "value": _JSON}],
        "bodyType": "INLINE",
        "rules": [],
        "rulesOperator": "OR",
        "disableTemplating": True,
        "default": True,
    }
    return {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        "type": "http",
        "method": method,
        "endpoint": path.removeprefix("/"),
        "responses": [response],
        "responseMode": None,
    }


_NGINX = """
daemon off; pid nginx.pid; error_log stderr; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000;
    default_type application/json;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    map $args $page {{ default 0; ~skip=(?<skip>[0-9]+)0000$ $skip; }}
    open_file_cache max=200;
    server {{
        listen 127.0.0.1:{port};
        root files;
        location = {small} {{ rewrite ^ /small.json break; }}
        location = {page} {{ rewrite ^ /page-$page.json break; }}
    }}
}}
"""


def _nginx(content: Content, folder: Path, port: int) -> list[str]:
    files = folder / "files"
    files.mkdir(exist_ok=True)
    (files / "small.json").write_bytes(content.small)
    for number, page in enumerate(content.pages):
        (files / f"page-{number}.json").write_bytes(page)
    (folder / "nginx.conf").write_text(_NGINX.format(port=port, small=SMALL, page=PAGE))
    # A worker of a master that root started could not read the folder.
    return ["nginx", "-p", str(folder), "-c", "nginx.conf", "-g", "master_process off;"]
