"""Sequence diagrams as SVG, in the style of the pictures in docs/images: system fonts, and a dark colour scheme."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 980
_MARGIN, _TOP, _LANE_HEIGHT = 96, 16, 50
_STEP, _BAND = 31, 34
# From the line of a step to its text above, and the room that an arrow leaves at a lane.
_TEXT_LIFT, _GAP = 6, 5

_STYLE = """
    text { font: 13px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #1f2328; }
    .name { font-size: 16px; font-weight: 600; }
    .term { font-size: 14px; font-weight: 600; }
    .note { fill: #59636e; }
    .label { paint-order: stroke; stroke: #ffffff; stroke-width: 5px; stroke-linejoin: round; }
    .middle { text-anchor: middle; }
    .page { fill: #ffffff; }
    .part { fill: #f6f8fa; stroke-width: 1.5; }
    .band { fill: #eff2f5; }
    .simulators { stroke: #0969da; }
    .bridge { stroke: #bc4c00; }
    .lane { stroke: #d1d9e0; stroke-width: 1.5; }
    .arrow { stroke: #59636e; stroke-width: 1.75; fill: none; }
    .tip { fill: #59636e; }
    .own { fill: #fff1e5; stroke: #bc4c00; }
    .other { fill: #ddf4ff; stroke: #0969da; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .note { fill: #9198a1; }
      .label { stroke: #0d1117; }
      .page { fill: #0d1117; }
      .part { fill: #151b23; }
      .band { fill: #212830; }
      .simulators { stroke: #4493f8; }
      .bridge { stroke: #db6d28; }
      .lane { stroke: #3d444d; }
      .arrow { stroke: #9198a1; }
      .tip { fill: #9198a1; }
      .own { fill: #3d2410; stroke: #db6d28; }
      .other { fill: #0c2d6b; stroke: #4493f8; }
    }
  """


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One party; `is_bridge` for the program of the reader."""

    name: str
    note: str
    is_bridge: bool = False


@dataclass(frozen=True, kw_only=True)
class Part:
    """A heading with the steps that follow it."""

    title: str
    note: str
    steps: tuple["Step", ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A call from one lane to another, by their numbers; a response (`is_response`), or own work if both are equal."""

    source: int
    target: int
    text: str
    is_response: bool = False


def svg(title: str, description: str, lanes: Sequence[Lane], parts: Sequence[Part]) -> str:
    """Return the picture as text. `description` is for readers who do not see it."""
    body = "".join(_parts(parts, lanes))
    bottom = _bottom(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 14}" role="img"'
        ' aria-labelledby="title desc">\n'
        f'  <title id="title">{escape(title)}</title>\n  <desc id="desc">{escape(description)}</desc>\n'
        f"  <style>{_STYLE}</style>\n"
        '  <defs>\n    <marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8"'
        ' orient="auto">\n      <path class="tip" d="M0 0 10 5 0 10z"/>\n    </marker>\n  </defs>\n'
        f'  <rect class="page" width="{WIDTH}" height="{bottom + 14}" rx="12"/>\n'
        f"{''.join(_lane(lane, _x(index, len(lanes)), bottom) for index, lane in enumerate(lanes))}{body}</svg>\n"
    )


def _x(lane: int, lanes: int) -> int:
    return _MARGIN + lane * (WIDTH - 2 * _MARGIN) // (lanes - 1)


def _bottom(parts: Sequence[Part]) -> int:
    height = sum(_BAND + 32 + _STEP * len(part.steps) for part in parts)
    return _TOP + _LANE_HEIGHT + 12 + height


def _lane(lane: Lane, x: int, bottom: int) -> str:
    side = "bridge" if lane.is_bridge else "simulators"
    return (
        f'  <rect class="part {side}" x="{x - 80}" y="{_TOP}" width="160" height="{_LANE_HEIGHT}" rx="6"/>\n'
        f'  <text class="term middle" x="{x}" y="{_TOP + 21}">{escape(lane.name)}</text>\n'
        f'  <text class="note middle" x="{x}" y="{_TOP + 40}">{escape(lane.note)}</text>\n'
        f'  <path class="lane" d="M{x} {_TOP + _LANE_HEIGHT}V{bottom}"/>\n'
    )


def _parts(parts: Sequence[Part], lanes: Sequence[Lane]) -> Iterator[str]:
    y = _TOP + _LANE_HEIGHT + 18
    for number, part in enumerate(parts, start=1):
        yield f'\n  <rect class="band" x="16" y="{y}" width="{WIDTH - 32}" height="{_BAND}" rx="6"/>\n'
        yield f'  <text class="name" x="30" y="{y + 23}">{number}  {escape(part.title)}</text>\n'
        yield f'  <text class="note" x="{WIDTH // 3 - 20}" y="{y + 22}">{escape(part.note)}</text>\n'
        y += _BAND + 32
        for step in part.steps:
            yield _step(step, y, lanes)
            y += _STEP


def _step(step: Step, y: int, lanes: Sequence[Lane]) -> str:
    start, end = _x(step.source, len(lanes)), _x(step.target, len(lanes))
    if start == end:
        return _own_work(step, start, y, lanes)
    sign = 1 if end > start else -1
    dashes = ' stroke-dasharray="5 4"' if step.is_response else ""
    return (
        f'  <path class="arrow"{dashes} d="M{start + sign * _GAP} {y}H{end - sign * _GAP}" marker-end="url(#tip)"/>\n'
        f'  <text class="label middle" x="{(start + end) // 2}" y="{y - _TEXT_LIFT}">{escape(step.text)}</text>\n'
    )


def _own_work(step: Step, x: int, y: int, lanes: Sequence[Lane]) -> str:
    """Return a box on a lane, which stays inside the picture at the outer ones."""
    width = max(150, 7 * len(step.text) + 16)
    left = min(max(x - width // 2, 16), WIDTH - 16 - width)
    kind = "own" if lanes[step.source].is_bridge else "other"
    return (
        f'  <rect class="{kind}" x="{left}" y="{y - 18}" width="{width}" height="24" rx="4"/>\n'
        f'  <text class="middle" x="{left + width // 2}" y="{y - 1}">{escape(step.text)}</text>\n'
    )
