"""The key of a rendered file: the same for the same inputs, another for any change."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.render.labels import labels
from chalicelib.render.pdfkit_renderer import PdfkitRenderer
from chalicelib.render.press import TEMPLATES
from chalicelib.render.renderer import EmbeddedFile, Renderer, inputs_hash
from chalicelib.render.typst_renderer import TypstRenderer
from tests.unit.render.views import view


def test_unchanged_inputs_keep_their_key() -> None:
    key = inputs_hash(view(2), TypstRenderer())
    assert key == inputs_hash(view(2), TypstRenderer())
    assert len(key) == 64


def test_every_input_has_its_part_in_the_key() -> None:
    typst = TypstRenderer()
    keys = [
        inputs_hash(view(2), typst),
        inputs_hash(view(2, "ar"), typst),
        inputs_hash(view(2, marks=("draft",)), typst),
        inputs_hash(view(2), typst, logo=b"a"),
        inputs_hash(view(2), typst, logo=b"b"),
        inputs_hash(view(2), typst, attachments=[EmbeddedFile(name="a", data=b"b")]),
        inputs_hash(view(2), typst, attachments=[EmbeddedFile(name="b", data=b"a")]),
        inputs_hash(view(2), PdfkitRenderer("<p>a</p>")),
        inputs_hash(view(2), PdfkitRenderer("<p>b</p>")),
    ]
    assert len(set(keys)) == len(keys)


def test_a_changed_template_changes_the_key(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    shutil.copytree(TEMPLATES, before)
    shutil.copytree(TEMPLATES, after)
    assert TypstRenderer(before).version == TypstRenderer(after).version
    changed = tmp_path / "changed"
    shutil.copytree(TEMPLATES, changed)
    with (changed / "document.typ").open("a") as file:
        file.write("\n// another look\n")
    assert TypstRenderer(changed).version != TypstRenderer(before).version


@pytest.mark.parametrize(
    ("renderer", "name"), [(TypstRenderer(), "typst"), (PdfkitRenderer("<p>x</p>"), "pdfkit")], ids=["typst", "pdfkit"]
)
def test_both_are_renderers(renderer: Renderer, name: str) -> None:
    assert renderer.name == name
    assert renderer.version.count("-") >= 1


def test_every_label_is_said_in_every_language() -> None:
    french, arabic, english = labels("fr"), labels("ar"), labels("en")
    assert french.keys() == arabic.keys() == english.keys()
    assert all((*french.values(), *arabic.values(), *english.values()))


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    program = (
        "import sys, chalicelib.render.typst_renderer, chalicelib.render.pdfkit_renderer, chalicelib.render.formats\n"
        "found = {'typst', 'pdfkit', 'babel', 'liquid', 'nh3', 'tinycss2', 'PIL', 'puremagic'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(found)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
