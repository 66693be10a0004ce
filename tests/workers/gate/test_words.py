from __future__ import annotations

import zlib

import pytest

from workers.gate.pdf import see
from workers.gate.words import HANDFUL, check, handful
from workers.renderers.base import SETTINGS, Document, Render

NOTE = """---
author: Somebody
---
# Quarterly report

Ships arrived *yesterday* at the [harbour](https://example.com/address), see `code` and **bo**ld :ship:.

```python
hidden = "in a fence"
```
Nachts wurden Kräne geprüft.
"""
PAGE = (
    "<head><title>Title</title></head><style>p{color:blue}</style><!-- no --><p>Gr&uuml;&szlig;e <b>alle</b> hier</p>"
)


@pytest.fixture
def missing(tmp_path):
    def run(kind, source, form, made):
        path = tmp_path / "made"
        path.write_bytes(made if isinstance(made, bytes) else made.encode())
        render = Render(folder=tmp_path, settings=SETTINGS[form](), deadline=0)
        seen = see(path.read_bytes()) if form == "pdf" else None
        check(source, kind, Document(path, f".{form}", ""), form, seen, render)
        assert len(render.warnings) == bool(render.not_drawn)
        return render.not_drawn.get("words", [])

    return run


@pytest.mark.parametrize(
    ("kind", "source", "words"),
    [
        ("markdown", NOTE, ["Quarterly", "report", "Nachts", "wurden", "Kräne", "geprüft"]),
        ("html", PAGE, ["Grüße", "alle", "hier"]),
        ("svg", "<svg><title>T</title><defs><text>old</text></defs><text>Crane &amp;<tspan>Ship</tspan></text></svg>",
         ["Crane", "Ship"]),
        ("mermaid", 'flowchart LR\n A[Order placed] --> B["Goods shipped"]', ["Order", "placed", "Goods", "shipped"]),
        ("mermaid", "sequenceDiagram\n Alice->>Bob: [Hello there]", []),
        ("graphviz", 'digraph { a [label="Crane"]; label="Harbour" }', ["Crane", "Harbour"]),
        ("plotly", '{"data": [], "layout": {"title": {"text": "Ships a week"}}}', ["Ships", "week"]),
        ("canvas", '{"shapes": [{"text": "Customer", "label": "Shop"}]}', ["Customer", "Shop"]),
        ("image", "", []),
    ],
)  # fmt: skip
def test_words_are_taken_from_what_is_shown(kind, source, words):
    assert handful(source, kind) == words


def test_a_long_document_gives_a_handful():
    text = "\n\n".join(f"Paragraph {chr(97 + number) * 5} end" for number in range(20))
    assert len(handful(text, "markdown")) == HANDFUL


@pytest.mark.parametrize(
    "made",
    [
        "<h1>Quarterly report</h1><p>Nachts wurden Kräne geprüft.",
        "<h1>QUARTERLY <b>rep</b>ort</h1><p>Nachts wurden Kr&auml;ne gepru\u0308ft.",
    ],
)
def test_a_word_is_found_however_it_is_written(missing, made):
    assert missing("markdown", NOTE, "html", made) == []


def test_a_drawing_inside_a_page_is_read(missing):
    page = '<img src="data:image/svg+xml;base64,PHN2Zz48dGV4dD5DcmFuZTwvdGV4dD48L3N2Zz4=">'
    assert missing("svg", "<svg><text>Crane</text></svg>", "html", page) == []
    assert missing("svg", "<svg><text>Quay</text></svg>", "html", page) == ["Quay"]


def test_words_that_were_lost_are_told(missing):
    assert missing("markdown", NOTE, "html", "<h1>Quarterly report</h1>") == ["Nachts", "wurden", "Kräne", "geprüft"]
    assert missing("markdown", NOTE, "md", "# Quarterly report\nNachts wurden Kräne") == ["geprüft"]
    assert missing("markdown", NOTE, "png", "") == []


def pdf(*maps, plain=b""):
    parts = [b"%PDF-1.4\n1 0 obj\n<</Type /Page /Resources <</Font <</F1 2 0 R>>>>>>\nendobj\n"]
    for number, cmap in enumerate(maps):
        data = zlib.compress(cmap)
        parts.append(b"%d 0 obj\n<</Type /Font /ToUnicode %d 0 R>>\nendobj\n" % (10 + number, 20 + number))
        parts.append(b"%d 0 obj\n<</Filter /FlateDecode>> stream\n%s\nendstream\nendobj\n" % (20 + number, data))
    return b"".join([*parts, plain, b"%%EOF\n"])


CRANE = (
    b"2 beginbfchar\n<01> <0043>\n<02> <00720061>\nendbfchar "
    b"2 beginbfrange <03> <04> <006D> <05> <05> [<FB01>] endbfrange"
)


def test_the_characters_of_a_pdf_s_fonts_are_read():
    seen = see(pdf(CRANE, b"1 beginbfchar <01> <D83DDEA2> endbfchar"))
    assert seen.pages == 1
    assert seen.characters == frozenset("Cramnﬁ🚢")
    assert see(pdf(plain=b"9 0 obj <</Type /Font /BaseFont /Helvetica>> endobj")).characters is None


def test_a_pdf_without_the_letters_of_a_word_lost_it(missing):
    drawing = "<svg><text>marc marc2 mafia xylo 中文字符</text></svg>"
    assert missing("svg", drawing, "pdf", pdf(CRANE)) == ["xylo"]
    assert missing("svg", drawing, "pdf", pdf(b"1 beginbfchar <01> <0078> endbfchar")) == ["marc", "mafia", "xylo"]


def test_a_pdf_whose_text_became_shapes_is_told(missing):
    assert missing("svg", "<svg><text>Crane</text></svg>", "pdf", b"%PDF-1.4 1 0 obj <</Type /Page>> endobj") == [
        "Crane"
    ]
