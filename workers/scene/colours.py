"""Colours that a document may name, read into one safe form, and the arithmetic on them."""

from __future__ import annotations

import colorsys
import re
from typing import Any

from workers.scene.colour_names import CSS_COLOURS
from workers.scene.nodes import Colour

_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]{1,60})\)")
_CHANNELS = 3
_PERCENT = 100.0
NOTHING = Colour("#000000", 0.0)
"""`none` and `transparent`."""


def colour(value: Any) -> Colour | None:
    """A CSS colour: a name, `#rgb` to `#rrggbbaa`, `rgb()` or `hsl()`; None for anything else."""
    if not isinstance(value, str):
        return None
    word = value.strip().lower()
    if word in ("none", "transparent"):
        return NOTHING
    if word in CSS_COLOURS:
        return Colour(CSS_COLOURS[word])
    if match := _HEX.fullmatch(word):
        return _from_hex(match[1])
    if match := _FUNCTION.fullmatch(word):
        return _from_function(match[1], re.split(r"[\s,/]+", match[2].strip()))
    return None


def _from_hex(digits: str) -> Colour:
    if len(digits) <= 4:  # noqa: PLR2004
        digits = "".join(digit * 2 for digit in digits)
    alpha = int(digits[6:], 16) / 255 if len(digits) > 6 else 1.0  # noqa: PLR2004
    return Colour(f"#{digits[:6]}", round(alpha, 3))


def _from_function(name: str, parts: list[str]) -> Colour | None:
    if len(parts) not in (_CHANNELS, _CHANNELS + 1):
        return None
    alpha = _share(parts[3], 1.0) if len(parts) > _CHANNELS else 1.0
    if name == "rgb":
        shares = [_share(part, 255.0) for part in parts[:3]]
    else:
        turn = _share(parts[0].removesuffix("deg"), 360.0, wraps=True)
        saturation, light = _share(parts[1], _PERCENT), _share(parts[2], _PERCENT)
        if turn is None or saturation is None or light is None:
            return None
        shares = list(colorsys.hls_to_rgb(turn, light, saturation))
    if alpha is None or any(share is None for share in shares):
        return None
    return Colour(_hex([share for share in shares if share is not None]), round(alpha, 3))


def _share(part: str, full: float, *, wraps: bool = False) -> float | None:
    """A number or percentage as a share of `full`, 0 to 1."""
    if re.fullmatch(r"-?\d{0,9}\.?\d{1,9}%?", part, re.ASCII) is None:
        return None
    share = float(part[:-1]) / _PERCENT if part.endswith("%") else float(part) / full
    return share % 1.0 if wraps else min(max(share, 0.0), 1.0)


def _hex(shares: list[float]) -> str:
    return "#" + "".join(f"{round(min(max(share, 0.0), 1.0) * 255):02x}" for share in shares)


def _shares(one: Colour) -> list[float]:
    return [int(one.hex[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """The colour at `share` of the way from one to the other (0 is the first)."""
    pairs = zip(_shares(one), _shares(other), strict=True)
    return Colour(_hex([a + (b - a) * share for a, b in pairs]), one.alpha + (other.alpha - one.alpha) * share)


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two opaque colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(one: Colour) -> float:
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in _shares(one)]  # noqa: PLR2004
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def over(top: Colour | None, paper: Colour) -> Colour:
    """What is seen where `top` lies on opaque paper."""
    if top is None:
        return paper
    return Colour(mix(paper, Colour(top.hex), top.alpha).hex)


def readable(wanted: Colour, ground: Colour, least: float = 2.0) -> Colour:
    """The wanted text colour, or black or white where it would be lost on the ground."""
    if contrast(wanted, ground) >= least:
        return wanted
    black, white = Colour("#1d1d1d"), Colour("#ffffff")
    return black if contrast(black, ground) >= contrast(white, ground) else white
