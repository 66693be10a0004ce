from __future__ import annotations

import pytest

from longshore.errors import Invalid, Unavailable
from workers.needs import Need
from workers.plan import matrix, plan
from workers.renderers.base import Conversion


def here(*present):
    return lambda name: Need(name, name in present, "" if name in present else f"get {name}")


def edge(source, target, cost, *needs):
    return Conversion(source, target, cost, needs, lambda document, _render: document)


EVERYTHING = here("browser", "mermaid", "plotly", "viz")


def way(steps):
    return [step.target for step in steps]


def test_the_cheapest_chain_is_taken():
    edges = [edge("svg", "svg", 10), edge(".svg", "png", 50), edge("svg", "png", 100), edge(".svg", "pdf", 5)]
    assert way(plan("svg", "png", EVERYTHING, edges)) == ["svg", "png"]


def test_vector_goes_before_pixels():
    edges = [edge("svg", "png", 1), edge(".png", "pdf", 1), edge("svg", "svg", 100), edge(".svg", "pdf", 300)]
    assert way(plan("svg", "pdf", EVERYTHING, edges)) == ["svg", "pdf"]


def test_a_way_around_what_is_missing_is_taken():
    edges = [edge("svg", "png", 1, "browser"), edge("svg", "svg", 10), edge(".svg", "png", 50)]
    assert way(plan("svg", "png", here(), edges)) == ["svg", "png"]
    assert way(plan("svg", "png", EVERYTHING, edges)) == ["png"]


def test_what_is_missing_is_named_with_the_command_that_gets_it():
    with pytest.raises(Unavailable, match=r"browser.*get browser"):
        plan("svg", "pdf", here(), [edge("svg", "pdf", 1, "browser")])


def test_an_impossible_wish_says_what_is_possible():
    with pytest.raises(Invalid, match="It can become: png") as raised:
        plan("svg", "docx", EVERYTHING, [edge("svg", "png", 1)])
    assert raised.value.field == "format"
    with pytest.raises(Invalid, match="not a kind"):
        plan("spreadsheet", "png", EVERYTHING)


def test_a_users_own_file_is_never_taken_for_one_of_ours():
    edges = [edge(".svg", "png", 1)]
    with pytest.raises(Invalid):
        plan("svg", "png", EVERYTHING, edges)


def test_a_chart_is_drawn_as_pixels_by_its_own_engine():
    assert way(plan("plotly", "png", EVERYTHING)) == ["png"]
    assert way(plan("plotly", "pdf", EVERYTHING)) == ["svg", "pdf"]


def test_without_a_browser_the_drawn_kinds_still_have_their_formats():
    cells = {(cell.kind, cell.format): cell for cell in matrix(here())}
    assert cells["canvas", "png"].available
    assert not cells["canvas", "pdf"].available
    assert cells["canvas", "pdf"].remedies == ("get browser",)
