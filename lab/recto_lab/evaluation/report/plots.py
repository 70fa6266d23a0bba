"""Plots as inline SVG. Colours come from the page's classes `s0`, `s1` ..., so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 480, 300
SQUARE = 260
COLOURS = 8
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 38
_LONGEST = 100
_DASHES = ("", "7 4", "2 3", "9 3 2 3")
"""Lines of one colour differ by dashes, and no two neighbours look the same in grey."""


def style_of(number: int) -> tuple[str, str]:
    """Class and dashes of the n-th method."""
    return f"s{number % COLOURS}", _DASHES[(number + number // COLOURS) % len(_DASHES)]


def recall_curves(ranks: Sequence[tuple[str, Sequence[int]]]) -> Markup:
    """Share of photos with a right book among the first k, k from 1 to 100 on a logarithmic axis; a line a method."""
    parts = _axes(
        WIDTH, HEIGHT, [(math.log10(k) / 2, str(k)) for k in (1, 2, 5, 10, 20, 50, 100)], "first k books"
    )
    for number, (name, places) in enumerate(ranks):
        style, dashes = style_of(number)
        points = []
        for depth in range(1, _LONGEST + 1):
            value = sum(0 < place <= depth for place in places) / max(len(places), 1)
            points.append("{:.1f},{:.1f}".format(*_place(math.log10(depth) / 2, value, WIDTH, HEIGHT)))
        line = Markup(
            '<polyline class="line {}" stroke-dasharray="{}" points="{}"><title>{}</title></polyline>'
        )
        parts.append(line.format(style, dashes, " ".join(points), name))
    return _svg(parts, WIDTH, HEIGHT, "Recall against the number of books looked at, a line for each method")


def reliability_plot(bins: Sequence[dict[str, object]], number: int, name: str) -> Markup:
    """Share of right answers against their probability, with 95 % intervals; larger dots stand for more answers."""
    parts = _axes(SQUARE, SQUARE, [(share / 4, f"{share / 4:g}") for share in range(5)], "probability")
    start, end = _place(0, 0, SQUARE, SQUARE), _place(1, 1, SQUARE, SQUARE)
    parts.append(_line("ideal", *start, *end))
    style, _ = style_of(number)
    for entry in bins:
        right = entry["right"]
        assert isinstance(right, dict)
        confidence = float(str(entry["confidence"]))
        x, y = _place(confidence, right["value"], SQUARE, SQUARE)
        _, low = _place(confidence, right["low"], SQUARE, SQUARE)
        _, high = _place(confidence, right["high"], SQUARE, SQUARE)
        parts.append(_line(f"line {style}", x, low, x, high))
        dot = Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"><title>{}</title></circle>')
        said = f"{right['count']} of {right['total']} right at probability {confidence:.2f}"
        parts.append(dot.format(style, x, y, 2.5 + math.log2(1 + right["total"]) / 1.5, said))
    return _svg(parts, SQUARE, SQUARE, f"Reliability of {name}")


def _axes(width: int, height: int, ticks: Sequence[tuple[float, str]], label: str) -> list[Markup]:
    text = Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>')
    parts = []
    for share in range(5):
        (left, y), (right, _) = _place(0, share / 4, width, height), _place(1, share / 4, width, height)
        parts += [
            _line("grid", left, y, right, y),
            text.format("tick end", left - 6, y + 4, f"{share / 4:.2f}"),
        ]
    for value, name in ticks:
        (x, bottom), (_, top) = _place(value, 0, width, height), _place(value, 1, width, height)
        parts += [_line("grid", x, bottom, x, top), text.format("tick middle", x, bottom + 16, name)]
    middle, _ = _place(0.5, 0, width, height)
    return [*parts, text.format("tick middle", middle, height - 4, label)]


def _place(x: float, y: float, width: int, height: int) -> tuple[float, float]:
    """Shares of the axes -> pixels."""
    return _LEFT + x * (width - _LEFT - _RIGHT), height - _BOTTOM - y * (height - _TOP - _BOTTOM)


def _line(style: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        style, x1, y1, x2, y2
    )


def _svg(parts: Sequence[Markup], width: int, height: int, label: str) -> Markup:
    opening = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(width, height, label)
    return opening + Markup("\n").join(parts) + Markup("</svg>")
