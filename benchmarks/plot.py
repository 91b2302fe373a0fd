"""Scaling curves as an SVG, written by hand: one small panel per curve, values at the points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

PLOT = Path(__file__).with_name("scaling.svg")
WIDTH, HEIGHT, LEFT, TOP, GAP = 220, 160, 20, 50, 40


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (x, y) by rising x; the x axis is spaced evenly, whatever the values."""

    name: str
    points: tuple[tuple[float, float], ...]


def svg(title: str, curves: Sequence[Curve]) -> str:
    """The picture's text."""
    wide = LEFT * 2 + len(curves) * (WIDTH + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{HEIGHT + TOP + 50}" font-family="sans-serif"'
        ' font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
    ]
    top = max((y for curve in curves for _, y in curve.points), default=1.0)
    parts += [_panel(curve, LEFT + index * (WIDTH + GAP), top) for index, curve in enumerate(curves)]
    return "\n".join([*parts, "</svg>\n"])


def write_svg(title: str, curves: Sequence[Curve], path: Path = PLOT) -> None:
    """Write it, if there is anything to draw."""
    if curves:
        path.write_text(svg(title, curves), encoding="utf-8")


def _panel(curve: Curve, left: int, top: float) -> str:
    step = WIDTH / max(1, len(curve.points) - 1)
    places = [(left + index * step, TOP + HEIGHT * (1 - y / top), x, y) for index, (x, y) in enumerate(curve.points)]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py, _, _ in places)
    parts = [
        f'<rect x="{left}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#ccc"/>',
        f'<polyline points="{line}" fill="none" stroke="#06c" stroke-width="2"/>',
        f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 34}" text-anchor="middle">{escape(curve.name)}</text>',
    ]
    for px, py, x, y in places:
        parts += [
            f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="#06c"/>',
            f'<text x="{px:.1f}" y="{py - 7:.1f}" text-anchor="middle">{y / 1000:,.0f}k</text>',
            f'<text x="{px:.1f}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{x:,.0f}</text>',
        ]
    return "\n".join(parts)
