"""What a user may ask of a PDF."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from workers.renderers._settings_base import ONE_LINE, fault
from workers.renderers._settings_vector import VectorSettings

PAPER_MM = {
    "a3": (297.0, 420.0),
    "a4": (210.0, 297.0),
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
}
"""Width and height of named papers, upright, in millimetres (ISO 216, ANSI/ASME Y14.1)."""

SIDES = ("top", "right", "bottom", "left")
RUNNING_MM = 10.0
"""Margin in millimetres that a header or footer needs."""
LEAST_ROOM_MM = 20.0
"""What margins must leave of the paper, in millimetres."""
WORDS = ("page", "pages", "title", "date")
"""What may stand in braces in a header or footer."""

Margin = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Side = Annotated[float, Field(ge=30, le=5080, allow_inf_nan=False)]

_BRACED = re.compile(r"\{(\w*)\}")


class PageSettings(VectorSettings):
    """PDF. Lengths that end in `_mm` are millimetres of paper."""

    page_size: Literal["fit", "a4", "a3", "letter", "legal", "custom"] = "fit"
    """The paper. `fit`: one page as large as the drawing; texts are paged on A4 then. On paper, a drawing is centred
    and shrunk where it is too large."""
    page_width_mm: Side | None = None
    """Width of a `custom` page in millimetres, 30 to 5,080."""
    page_height_mm: Side | None = None
    """Height of a `custom` page in millimetres, 30 to 5,080."""
    orientation: Literal["portrait", "landscape"] = "portrait"
    """How a named paper is turned. A page whose own `@page` style turns it does so unless a paper is asked for."""
    margin_mm: Margin = 15.0
    """Margin on all four sides in millimetres, 0 to 100. A page that fits its drawing has `padding` instead."""
    margin_top_mm: Margin | None = None
    """Margin at the top in millimetres, instead of `margin_mm`."""
    margin_right_mm: Margin | None = None
    """Margin on the right in millimetres, instead of `margin_mm`."""
    margin_bottom_mm: Margin | None = None
    """Margin at the bottom in millimetres, instead of `margin_mm`."""
    margin_left_mm: Margin | None = None
    """Margin on the left in millimetres, instead of `margin_mm`."""
    header: Annotated[str, Field(max_length=300), ONE_LINE] | None = None
    """A line of plain text above every page, up to 300 characters. {page}, {pages}, {title} and {date} are filled in;
    `|` parts it into left, middle and right."""
    footer: Annotated[str, Field(max_length=300), ONE_LINE] | None = None
    """The same below every page. Texts have their title and page numbers there unless this is given; empty: none."""
    date: Annotated[str, Field(max_length=60), ONE_LINE] | None = None
    """What {date} stands for, up to 60 characters: the same request gives the same file, so no clock is asked."""
    outline: bool = True
    """Bookmarks from the headings of a text, and tags for screen readers."""
    metadata: Literal["keep", "strip"] = "keep"
    """`strip` leaves title and program names out of the file's properties."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        sizes = {"page_width_mm": self.page_width_mm, "page_height_mm": self.page_height_mm}
        for name, value in sizes.items():
            if self.page_size == "custom" and value is None:
                raise fault(name, f"page_size custom needs {name}, in millimetres.")
            if self.page_size != "custom" and value is not None:
                raise fault(name, f"{name} counts only with page_size custom.")
        if self.page_size == "custom" and "orientation" in self.model_fields_set:
            raise fault("orientation", "A custom page is as wide and high as you say; leave orientation out.")
        self._leave_room()
        self._can_be_filled()
        return self

    def size_mm(self, paper: str) -> tuple[float, float]:
        """Width and height of the page as it will lie, in millimetres; `paper` is what `fit` stands for."""
        if self.page_width_mm is not None and self.page_height_mm is not None:
            return self.page_width_mm, self.page_height_mm
        width, height = PAPER_MM[paper if self.page_size == "fit" else self.page_size]
        return (height, width) if self.orientation == "landscape" else (width, height)

    def margins_mm(self, paper: str) -> tuple[float, float, float, float]:
        """Margins at the top, right, bottom and left in millimetres; those nobody asked for shrink on small pages."""
        usual = self.margin_mm
        if "margin_mm" not in self.model_fields_set:
            usual = min(usual, min(self.size_mm(paper)) / 6)
        asked = (getattr(self, f"margin_{side}_mm") for side in SIDES)
        top, right, bottom, left = (usual if value is None else value for value in asked)
        return top, right, bottom, left

    def _leave_room(self) -> None:
        width, height = self.size_mm("a4")
        top, right, bottom, left = self.margins_mm("a4")
        for length, before, after, names in (
            (width, left, right, ("margin_left_mm", "margin_right_mm")),
            (height, top, bottom, ("margin_top_mm", "margin_bottom_mm")),
        ):
            if length - before - after < LEAST_ROOM_MM:
                field = next((name for name in names if name in self.model_fields_set), "margin_mm")
                raise fault(
                    field,
                    f"Margins of {before:g} and {after:g} mm leave less than {LEAST_ROOM_MM:g} of {length:g} mm. "
                    "Choose smaller ones.",
                )

    def _can_be_filled(self) -> None:
        top, _, bottom, _ = self.margins_mm("a4")
        if self.date is not None and not any("{date}" in (line or "") for line in (self.header, self.footer)):
            raise fault("date", "date counts only where {date} stands in the header or the footer.")
        for name, text, room, side in (("header", self.header, top, "top"), ("footer", self.footer, bottom, "bottom")):
            if not text or not text.strip():
                continue
            unknown = [word for word in _BRACED.findall(text) if word not in WORDS]
            if unknown:
                known = ", ".join(f"{{{word}}}" for word in WORDS)
                raise fault(name, f"{{{unknown[0]}}} is not known. {known} are filled in.")
            if "{date}" in text and self.date is None:
                raise fault("date", f"{{date}} stands in the {name}: say in date what to write there.")
            if room < RUNNING_MM:
                field = "margin_mm" if getattr(self, f"margin_{side}_mm") is None else f"margin_{side}_mm"
                message = f"A {name} needs a margin of at least {RUNNING_MM:g} mm at the {side}."
                raise fault(field, message)
