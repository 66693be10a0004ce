"""Settings that go together, as conversions declare what they follow."""

from __future__ import annotations

SIZE = ("width", "height")
DRAWN = ("theme", "background", "padding", *SIZE)
"""What a drawing of ours follows."""
PART = ("scope", "ids")
"""For shapes that have ids, so that some of them can be meant."""
ENCODED = {
    "png": ("scale", "compression", "dpi"),
    "jpeg": ("scale", "quality", "dpi"),
    "webp": ("scale", "quality"),
    "avif": ("scale", "quality"),
    "tiff": ("scale", "dpi"),
}
"""What every picture follows, by format."""
SHEET = ("page_size", "page_width_mm", "page_height_mm", "metadata")
MARGINS = ("margin_mm", "margin_top_mm", "margin_right_mm", "margin_bottom_mm", "margin_left_mm")
RUNNING = ("orientation", *MARGINS, "header", "footer", "date")
"""What a page as large as its drawing has no room for."""
PAPER = SHEET + RUNNING
