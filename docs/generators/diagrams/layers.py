"""The picture of the layers of the three programs, from the import contracts in pyproject.toml."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

_PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"
#: By package: the name of the program, the class of its colour, and what it does.
_PROGRAMS: Mapping[str, tuple[str, str, str]] = {
    "sendproof_simulators": ("Simulators", "simulators", "Optimove, providers, clock, journal"),
    "sendproof_bridge": ("Bridge", "bridge", "the reference; yours takes its place"),
    "sendproof_harness": ("Harness", "harness", "runs scenarios, judges, reports"),
}
_ENTRY_POINT = "__main__"
_WIDTH, _COLUMN, _ROW, _TOP = 980, 300, 40, 92

_STYLE = """
    text { font: 13px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #1f2328; }
    .name { font-size: 17px; font-weight: 600; }
    .note { fill: #59636e; }
    .middle { text-anchor: middle; }
    .page { fill: #ffffff; }
    .column { fill: #f6f8fa; stroke-width: 1.5; }
    .layer { fill: #ffffff; stroke: #d1d9e0; }
    .simulators { stroke: #0969da; }
    .bridge { stroke: #bc4c00; }
    .harness { stroke: #8250df; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .note { fill: #9198a1; }
      .page { fill: #0d1117; }
      .column { fill: #151b23; }
      .layer { fill: #0d1117; stroke: #3d444d; }
      .simulators { stroke: #4493f8; }
      .bridge { stroke: #db6d28; }
      .harness { stroke: #ab7df8; }
    }
  """


def layers() -> Mapping[str, Sequence[str]]:
    """Return the layers of each package, the highest first; packages of one layer are separated by a dot."""
    contracts = tomllib.loads(_PYPROJECT.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    found = {}
    for contract in contracts:
        if contract["type"] == "layers" and contract["containers"][0] in _PROGRAMS:
            found[contract["containers"][0]] = _labels(contract["layers"])
    return {package: found[package] for package in _PROGRAMS}


def _labels(contract_layers: Sequence[str]) -> Sequence[str]:
    """Return a label for each layer; neighbours that are modules of one package have one label."""
    packages = [_packages(layer) for layer in contract_layers]
    return [" · ".join(names) for names, _ in groupby(packages) if names != [_ENTRY_POINT]]


def _packages(layer: str) -> Sequence[str]:
    """Return the packages of a layer, without the modules inside them."""
    names = (name.strip(" ()").partition(".")[0] for name in layer.replace("|", ":").split(":"))
    return list(dict.fromkeys(names))


def layers_picture() -> str:
    """Return the picture as text."""
    columns = layers()
    height = _TOP + _ROW * max(map(len, columns.values())) + 62
    title = "The layers of the three programs"
    description = "Each program is a stack of packages. A package imports only those below it, and no other program."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        ' aria-labelledby="title desc">\n'
        f'  <title id="title">{title}</title>\n  <desc id="desc">{description}</desc>\n  <style>{_STYLE}</style>\n'
        f'  <rect class="page" width="{_WIDTH}" height="{height}" rx="12"/>\n'
        f"{''.join(_columns(columns, height))}"
        f'  <text class="note middle" x="{_WIDTH // 2}" y="{height - 14}">{description}</text>\n</svg>\n'
    )


def _columns(columns: Mapping[str, Sequence[str]], height: int) -> Iterator[str]:
    for index, (package, names) in enumerate(columns.items()):
        name, kind, note = _PROGRAMS[package]
        x = 20 + index * (_COLUMN + 20)
        yield f'  <rect class="column {kind}" x="{x}" y="16" width="{_COLUMN}" height="{height - 56}" rx="10"/>\n'
        yield f'  <text class="name" x="{x + 18}" y="46">{name}</text>\n'
        yield f'  <text class="note" x="{x + 18}" y="68">{note}</text>\n'
        for row, layer in enumerate(names):
            y = _TOP + row * _ROW
            yield f'  <rect class="layer" x="{x + 16}" y="{y}" width="{_COLUMN - 32}" height="32" rx="5"/>\n'
            yield f'  <text class="middle" x="{x + _COLUMN // 2}" y="{y + 21}">{escape(layer)}</text>\n'
