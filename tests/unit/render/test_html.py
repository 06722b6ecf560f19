"""Merchants' templates: Liquid with nothing to reach for, HTML and CSS with nothing to fetch."""

import re
from base64 import b64encode
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from chalicelib.domain.companies.template import MOST_CHARACTERS
from chalicelib.domain.documents.view import DocumentView
from chalicelib.domain.errors import InvalidContent, TooLarge
from chalicelib.render import filling
from chalicelib.render.css import clean_declarations, clean_stylesheet
from chalicelib.render.filling import fill
from chalicelib.render.html import compose, page_data
from chalicelib.render.renderer import HERE
from tests.unit.render.hostile import HOSTILE
from tests.unit.render.views import view

REACHES = re.compile(
    r"url\(|@import|src=\"(?!data:image/png;base64,)|href|javascript:|<(script|iframe|object|svg|link)", re.I
)


def page(view: DocumentView, template: str) -> str:
    return compose(template, page_data(view))


def body(template: str, **changes: object) -> str:
    return page(view(2, **changes), template).partition("</head><body>")[2].removesuffix("</body></html>")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_leaves_nothing_that_reaches(name: str) -> None:
    html = HOSTILE[name].format(sink="http://127.0.0.1:1", file="/etc/passwd")
    assert not REACHES.search(page(view(1), html))


def test_an_isolate_becomes_an_element_in_a_text_and_nothing_in_an_attribute() -> None:
    mention = "المادة \u200e92-I-1°\u200e من"
    made = body('<p class="{{ mentions[0].text }}">{{ mentions[0].text }}\u2067 \u2069</p>', mentions=(mention,))
    assert made == '<p class="المادة 92-I-1° من">المادة <bdi dir="ltr">92-I-1°</bdi> من </p>'


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_data_is_text(name: str) -> None:
    html = HOSTILE[name].format(sink="http://127.0.0.1:1", file="/etc/passwd")
    made = body("<p>{{ notes.text }}</p>", notes=html)
    assert made.startswith("<p>")
    assert "<" not in made.removeprefix("<p>").removesuffix("</p>")


@pytest.mark.parametrize(
    "template",
    [
        "{{ lines.__class__.__mro__ }}",
        "{{ lines[0].__class__ }}",
        "{{ seller['__class__'] }}",
        "{{ seller.items }}{{ seller.keys }}{{ seller.pop }}",
        "{{ number.format }}{{ number.join }}",
        "{{ self }}{{ config }}{{ request }}{{ cycler }}",
        "{{ _context }}{{ environment }}{{ globals }}",
    ],
)
def test_templates_see_no_python(template: str) -> None:
    assert body(f"<p>{template}</p>") == "<p></p>"


@pytest.mark.parametrize(
    "template",
    [
        "{% include 'x' %}",
        "{% render 'x' %}",
        "{% assign a = 1 %}",
        "{% capture a %}{% endcapture %}",
        "{% liquid echo 1 %}",
        "{% increment a %}",
        "{% tablerow i in (1..3) %}{% endtablerow %}",
        "{{ number | safe }}",
        "{{ number | append: number }}",
        "{{ 'a' | base64_decode }}",
        "{{ 'now' | date: '%s' }}",
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% for i in (1..1000) %}{% for j in (1..1000) %}{% for k in (1..1000) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for i in (1..19000) %}" + "x" * 1000 + "{% endfor %}",
        "{% if true %}" * 500 + "{% endif %}" * 500,
        "{% for i in lines %}",
        "{{ a | }}",
        "{% nonsense %}",
        "{{ ''.__class__ }}",
        "{{ number.__class__() }}",
    ],
)
def test_a_template_with_forbidden_constructs_is_refused(template: str) -> None:
    with pytest.raises(InvalidContent) as refusal:
        page(view(2), template)
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [("/template", "template_invalid")]


@pytest.mark.parametrize(
    "template",
    ["{{" * 32_768, "{% raw %}" * 7_281, "<style>" * 9_362],
)
def test_a_template_that_would_run_for_hours_is_stopped(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "LIMITS", replace(filling.LIMITS, seconds=1))
    with pytest.raises(InvalidContent) as refusal:
        fill(template, page_data(view(1)))
    assert refusal.value.faults[0].params == {"reason": "too_much_work", "place": ""}


def test_a_template_of_many_open_elements_is_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its work grows with the square of its depth: less than a second, or more, as the machine is fast or slow."""
    monkeypatch.setattr(filling, "LIMITS", replace(filling.LIMITS, seconds=120))
    with pytest.raises(InvalidContent) as refusal:
        fill("".join(f"<b id={n}>" for n in range(5_000)), page_data(view(1)))
    assert refusal.value.faults[0].params == {"reason": "too_deep", "place": ""}


def test_a_template_that_would_use_all_memory_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "LIMITS", replace(filling.LIMITS, memory_bytes=150 * 1024**2))
    with pytest.raises(InvalidContent):
        fill("{% for i in (1..18000) %}" + "<p>x" * 50 + "{% endfor %}", page_data(view(1)))


def test_apart_or_not_the_page_is_the_same() -> None:
    template = (HERE / "templates" / "html" / "document.html").read_text("utf-8")
    assert fill(template, page_data(view(3, "ar"))) == page(view(3, "ar"), template)


def test_reasons_come_back_from_the_process_apart() -> None:
    with pytest.raises(InvalidContent) as refusal:
        fill("{% if %}", page_data(view(1)))
    assert (refusal.value.faults[0].pointer, refusal.value.faults[0].code) == ("/template", "template_invalid")
    assert refusal.value.faults[0].params == {"reason": "syntax", "place": "line", "line": 1}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("\n{% nonsense %}", ("unknown_tag", 2)),
        ("{{ a | nope }}", ("unknown_filter", 1)),
        ("a\n\n{{ number | join: 1, 2, 3 }}", ("wrong_value", 3)),
        ("<style>p {\n}</style>\n{% if %}", ("syntax", 3)),
        ("{% if %}\n<style>p {\n}</style>", ("syntax", 1)),
        ("x\n{% for i in lines %}\n{% if i %}{% endif %}", ("syntax", 2)),
        ("{{ a }}\n{{ a | }}", ("syntax", 2)),
        ("{% if true %}" * 500 + "{% endif %}" * 500, ("too_deep", 1)),
        ("\n{% for i in (1..20001) %}{% endfor %}", ("too_many_loops", 2)),
        ("{% for i in (1..19000) %}" + "x" * 1000 + "{% endfor %}", ("too_much_output", 1)),
        ("<div>" * 257, ("too_deep", None)),
        ("<table><tr><td>" * 100, ("too_deep", None)),
    ],
)
def test_a_refusal_has_a_reason_and_a_place(template: str, expected: tuple[str, int | None]) -> None:
    with pytest.raises(InvalidContent) as refusal:
        page(view(1), template)
    params = refusal.value.faults[0].params
    assert (params["reason"], params.get("line")) == expected
    assert params["place"] == ("line" if expected[1] else "")


def test_deep_is_not_long() -> None:
    assert body("<div>x</div><br>" * 5_000).count("<div>") == 5_000
    assert body("<div>" * 250 + "x").count("<div>") == 250


def test_size_is_bounded() -> None:
    with pytest.raises(TooLarge):
        fill("x" * (MOST_CHARACTERS + 1), {})


def test_values_are_escaped_in_text_and_attributes() -> None:
    made = body('<p class="{{ number }}">{{ number }}</p>', number='"><b onclick="x">&')
    assert made == '<p class="&quot;&gt;&lt;b onclick=&quot;x&quot;&gt;&amp;">"&gt;&lt;b onclick="x"&gt;&amp;</p>'


def test_a_joined_list_is_escaped_too() -> None:
    seller = replace(view(1).seller, phone="<b>1</b>", email="<i>")
    assert "<b>" not in body('{{ seller.contact | join: "" }}', seller=seller)


def test_a_label_that_was_removed_prints_nothing() -> None:
    removed = (
        "fact_valid_until",
        "fact_reference",
        "fact_corrects",
        "total_paid",
        "total_balance",
        "title_invoice",
    )
    assert body("".join(f"<p>{{{{ labels.{name} }}}}</p>" for name in removed)) == "<p></p>" * len(removed)


def test_style_sheets_are_not_filled() -> None:
    made = page(view(1, number="red"), "<style>p { color: {{ number }} }</style><p>x</p>")
    assert "color: red" not in made


def test_only_looks_are_left_of_a_style_sheet() -> None:
    css = """
    @import "x.css"; @page { margin: 0 } @media print { p { color: red } }
    p, .a > td:first-child { color: #123; background: url(x); background-color: rgb(1, 2, 3); position: fixed;
      content: "x"; behavior: url(x); width: expression(alert(1)); margin: 1mm 2mm !important; height: 1e9px }
    a[href^="<"] { color: red }
    """
    cleaned = clean_stylesheet(css)
    assert cleaned == (
        "p, .a > td:first-child { color: #123; background-color: rgb(1, 2, 3); margin: 1mm 2mm !important }"
    )
    assert clean_declarations("color: red; background: url(x); } p { color: blue") == "color: red"


def test_pictures_are_data_that_pass_the_logos_check() -> None:
    out = BytesIO()
    Image.new("RGB", (10, 10)).save(out, "PNG")
    good = "data:image/png;base64," + b64encode(out.getvalue()).decode()
    assert body(f'<img src="{good}">').startswith('<img src="data:image/png;base64,')
    for bad in ("data:image/png;base64,AAAA", "data:image/svg+xml;base64,AAAA", "data:image/png;base64,====", "x.png"):
        assert body(f'<img src="{bad}">') == "<img>"


def test_huge_spans_are_dropped() -> None:
    assert (
        body('<table><tr><td colspan="99999999">x</td><td rowspan="-1" colspan="2">y</td></tr></table>').count("span")
        == 1
    )


def test_marks_do_not_depend_on_the_template() -> None:
    assert "BROUILLON · SPÉCIMEN" in page(view(1, marks=("draft", "specimen")), "<p>x</p>")
