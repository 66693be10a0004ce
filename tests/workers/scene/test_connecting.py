from __future__ import annotations

import pytest

from workers.scene.connecting import Placed, routed
from workers.scene.geometry import IDENTITY, Point, placed
from workers.scene.nodes import Connector, End, Style
from workers.scene.outlines import FORMS, outline
from workers.scene.routes import Arc, bowed


def shape(form: str, x: float, y: float, width: float = 100, height: float = 60) -> Placed:
    matrix = placed(x, y)
    polygon = outline(form, width, height).polygon
    return Placed(matrix, width, height, tuple(polygon))


def link(**looks) -> Connector:
    return Connector(id="c", start=End(target="a"), end=End(target="b"), style=Style(), **looks)


def test_a_line_runs_from_border_to_border():
    route, first, last = routed(link(), IDENTITY, {"a": shape("rectangle", 0, 0), "b": shape("ellipse", 300, 0)})
    assert route.point(first) == pytest.approx((100, 30), abs=0.1)
    assert route.point(last) == pytest.approx((300, 30), abs=0.3)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form_stops_lines_near_its_border(form):
    route, first, last = routed(link(), IDENTITY, {"a": shape(form, 0, 0), "b": shape(form, 400, 0)})
    assert 50 < route.point(first).x <= 101
    assert 399 <= route.point(last).x < 450


def test_a_bow_passes_through_its_middle_on_the_right_of_travel():
    down = bowed(Point(0, 0), Point(100, 0), 20)
    assert down.point(0.5) == pytest.approx((50, 20))
    assert bowed(Point(0, 0), Point(100, 0), -20).point(0.5) == pytest.approx((50, -20))
    assert isinstance(down, Arc)
    assert down.point(0) == pytest.approx((0, 0))
    assert down.point(1) == pytest.approx((100, 0))


def test_an_elbow_has_only_level_and_upright_legs():
    route, first, last = routed(
        link(bend="elbow"), IDENTITY, {"a": shape("rectangle", 0, 0), "b": shape("rectangle", 300, 200)}
    )
    for step in range(1, 20):
        way = route.direction(first + (last - first) * step / 20)
        assert abs(way.x) < 1e-9 or abs(way.y) < 1e-9


def test_almost_level_lines_are_made_level_when_asked():
    shapes = {"a": shape("rectangle", 0, 0), "b": shape("diamond", 300, 8)}
    route, first, last = routed(link(straighten=True), IDENTITY, shapes)
    assert route.point(first).y == route.point(last).y == pytest.approx(38)


def test_a_shape_can_be_connected_to_itself_and_to_what_it_contains():
    own = Connector(id="c", start=End(target="a"), end=End(target="a"), style=Style())
    route, first, last = routed(own, IDENTITY, {"a": shape("rectangle", 0, 0)})
    assert route.length > 40
    assert (first, last) == (0.0, 1.0)
    inner = {"a": shape("rectangle", 0, 0, 500, 500), "b": shape("rectangle", 20, 20)}
    route, first, last = routed(link(), IDENTITY, inner)
    assert last > first
