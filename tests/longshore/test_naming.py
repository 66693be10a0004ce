from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.errors import Invalid
from longshore.names import MAX_BYTES
from longshore.naming import DIRECTIVES, Facts, address, check, check_folder, fill, fill_folder, known

FACTS = Facts(
    at=datetime(2026, 12, 31, 23, 30, 5, tzinfo=UTC),
    name="Plan",
    format="pdf",
    kind="markdown",
    version=3,
    sha256="deadbeef" * 8,
    export_id="9911a726-5f5b-494d-b7f7-88178c567dbb",
    schedule="daily",
)


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{name} {date}", "Plan 2026-12-31"),
        ("{datetime}", "2026-12-31_23-30-05"),
        ("{time}", "23-30-05"),
        ("{year}{month}{day}-{hour}{minute}", "20261231-2330"),
        ("{weekday} {week}", "Thursday 2026-W53"),
        ("{schedule}.{format}.{kind}.v{version}", "daily.pdf.markdown.v3"),
        ("{sha8}-{export}", "deadbeef-9911a726-5f5b-494d-b7f7-88178c567dbb"),
        ("{date:%d.%m.%Y}", "31.12.2026"),
        ("{datetime:%a %d %b %y, %I.%M %p}", "Thu 31 Dec 26, 11.30 PM"),
        ("{date:100%%}", "100%"),
        ("{{name}} {name}", "{name} Plan"),
        ("{date:%Y/%m}", "2026_12"),
        ("plain", "plain"),
    ],
)
def test_fields_are_filled_in(template, filled):
    assert fill(template, FACTS) == filled


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("reports/{year}/{month}", "reports/2026/12"),
        ("{date:%Y/%m/%d}", "2026/12/31"),
        ("{schedule}//{name}/", "daily/Plan"),
        ("no fields: a:b/..", "no fields: a:b/.."),
        ("a\\{year}", "a/2026"),
    ],
)
def test_folders_are_filled_in(template, filled):
    assert fill_folder(template, FACTS) == filled


@pytest.mark.parametrize("name", ["a/b", "..", "../../etc", "a\\b", "\x00", "NUL", " . ", "~$x", "a_vti_b"])
def test_no_value_leads_out_of_its_folder_or_makes_a_name_that_is_refused(name):
    facts = replace(FACTS, name=name)
    folder = fill_folder("x/{name}/y", facts)
    assert folder.count("/") == 2
    middle = folder.split("/")[1]
    assert middle == fill("{name}", facts)
    assert middle not in {"", ".", "..", "NUL"}
    assert not middle.startswith(("~$", "."))
    assert "_vti_" not in middle


def test_the_zone_decides_the_date():
    assert fill("{date}", replace(FACTS, zone="Asia/Tokyo")) == "2027-01-01"
    assert fill("{week}", replace(FACTS, zone="Asia/Tokyo")) == "2026-W53"
    assert fill("{date:%d %z}", replace(FACTS, zone="America/New_York")) == "31 -0500"


def test_without_a_schedule_it_is_once():
    assert fill("{schedule}", replace(FACTS, schedule="")) == "once"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{nope}", "no field {nope}. Fields are: {name}, {format}"),
        ("{name.__class__}", "no field {name.__class__}"),
        ("{name!r}", "no field {name!r}"),
        ("{}", "no field {}"),
        ("{0}", "no field {0}"),
        ("{ name }", "no field { name }"),
        ("{name:>10}", "takes no shape"),
        ("{date:%s}", "%s is not known"),
        ("{date:%-d}", "%- is not known"),
        ("{date:%}", "% is not known"),
        ("a{", "A lone { at character 2"),
        ("a}", "A lone } at character 2"),
        ("{name", "A lone {"),
        ("{name{date}}", "A lone {"),
    ],
)
def test_what_cannot_be_filled_in_is_named(template, said):
    with pytest.raises(Invalid) as refused:
        check(template, "deliveries.0.name")
    assert said in refused.value.message
    assert refused.value.field == "deliveries.0.name"


def test_a_folder_with_fields_may_not_lead_upwards():
    with pytest.raises(Invalid, match=r"may not contain `\.\.`"):
        check_folder("{year}/../x", "folder")


def test_an_unknown_zone_is_told():
    with pytest.raises(Invalid, match="no time zone 'Mars/X'"):
        fill("{date}", replace(FACTS, zone="Mars/X"))


def test_a_long_title_is_cut_and_the_date_stays():
    title = "ä" * 300
    filled = fill("{name} and {name} {date}", replace(FACTS, name=title))
    assert filled.endswith(" 2026-12-31")
    assert filled.startswith("ää")
    assert len(filled.encode()) <= MAX_BYTES


def test_a_name_ends_as_the_artifact_and_in_what_it_is_packed_in():
    assert address("{year}", "{name} {date:%d.%m.%Y}", FACTS, "Plan.pdf") == ("2026", "Plan 31.12.2026.pdf")
    assert address("", "", FACTS, "Plan.tar.gz", ".zst.age") == ("", "Plan.tar.gz.zst.age")


def test_every_field_and_directive_can_be_filled_in():
    for name in known():
        assert fill(f"{{{name}}}", FACTS)
    for directive in DIRECTIVES:
        assert fill(f"x{{date:%{directive}}}", FACTS) != "x"


@given(st.text(), st.text(), st.datetimes(timezones=st.just(UTC)))
def test_whatever_is_asked_is_refused_or_safe(template, title, at):
    facts = replace(FACTS, at=at, name=title)
    try:
        check(template, "name")
    except Invalid:
        with pytest.raises(Invalid):
            fill(template, facts)
        return
    for filled in (fill(template, facts), fill("{name}" + template, facts)):
        assert len(filled.encode()) <= MAX_BYTES
        assert filled not in {"", ".", ".."}
        assert not set(filled) & set('/\\\0\n\r:*?"<>|')
