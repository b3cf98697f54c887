"""docs/reference is what the code says, and its JSON schemas hold for what is saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import ggufscope as gs
from ggufscope.checks import RULES
from ggufscope.commands.app import COMMANDS
from ggufscope.synth import synthesize
from reference import charts, commands, fields, rules
from reference.api import signature
from reference.markdown import documentation, table
from reference.pages import files
from reference.schemas import forms, name_of
from support.documents import ROOT

if TYPE_CHECKING:
    from support.small_study import Study

REFERENCE = ROOT / "docs" / "reference"
HOW = "`python tools/make_reference.py` writes it anew"
WRITTEN = {path.relative_to(REFERENCE).as_posix(): path for path in REFERENCE.rglob("*") if path.is_file()}


def test_every_page_is_what_the_code_says() -> None:
    made = files()
    assert set(WRITTEN) == set(made), HOW
    for path, text in made.items():
        assert WRITTEN[path].read_text(encoding="utf-8") == text, f"{path}: {HOW}"


def test_pages_name_everything_of_the_registries() -> None:
    assert all(f"\n## {name}\n" in commands.render() for name in COMMANDS)
    assert all(f"\n### {name}\n" in rules.render() for name in RULES)
    assert all(f"`{field['name']}`" in fields.render() for field in fields._core.fields())
    assert not [name for name, about in charts.rows() if not about.strip(". ")]
    page = WRITTEN["python.md"].read_text(encoding="utf-8")
    assert [name for name in gs.__all__ if name != "__version__" and f"### gs.{name}\n" not in page] == []


def holds(path: Path) -> None:
    """A saved file fits the schema that it names, and without any of its keys or with one of another type does not."""
    saved = json.loads(path.read_text(encoding="utf-8"))
    (name,) = [name for name, form in forms().items() if saved["schema"] in (form.schema, *form.older)]
    schema = json.loads(WRITTEN[f"schemas/{name}.json"].read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(saved)
    for key in schema["required"]:
        assert not validator.is_valid({other: value for other, value in saved.items() if other != key}), key
        assert not validator.is_valid({**saved, key: object()}), key


def test_schemas_hold_for_a_study(study: Study, tmp_path: Path) -> None:
    study(tmp_path)
    paths = list(tmp_path.glob("*.json"))
    assert {path.stem for path in paths} == {
        "profile", "check", "probe", "analysis-report", "trace", "validation", "study",
    }  # fmt: skip
    for path in paths:
        holds(path)


def test_schemas_hold_for_what_is_saved_of_models(tmp_path: Path) -> None:
    reference, model = (tmp_path / f"{kind}.gguf" for kind in ("F16", "Q4_0"))
    for path in (reference, model):
        synthesize("tiny", path, path.stem, layers=1)
    gs.diff(reference, model).save(tmp_path / "diff.json")
    check = gs.check(model, manifest=True)
    check.save(tmp_path / "check.json")
    assert check.manifest is not None
    check.manifest.save(tmp_path / "manifest.json")
    fleet = gs.fleet([model], tmp_path / "fleet")
    fleet.save(tmp_path / "run.json")
    saved = [*tmp_path.glob("*.json"), *tmp_path.rglob("record.json")]
    assert len(saved) == 5
    for path in saved:
        holds(path)


def test_every_saved_form_has_a_schema() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "python").rglob("*.py")]
    assert len(forms()) == sum(text.count("= SavedForm(") for text in sources)
    assert [name_of(form) for form in forms().values()] == list(forms())


def example(first: int, *, second: str = "a") -> Any:
    """Do a thing, with `first` * 2.

        drawn

    Args:
        first: of all;
            and more.
        second: <one>

    Raises:
        ValueError: Never.

    Example:
        >>> example(1)  # doctest: +SKIP
    """


EXAMPLE = """\
Do a thing, with `first` \\* 2.

```text
drawn
```

**Args**

* `first`: of all; and more.
* `second`: \\<one>

**Raises**

* `ValueError`: Never.

```pycon
>>> example(1)
```"""


def test_docstrings_become_markdown() -> None:
    assert documentation(example) == EXAMPLE
    assert signature(example) == "(first: int, *, second: str = 'a') -> Any"


@pytest.mark.parametrize(("cell", "shown"), [("a|b", r"a\|b"), ("", ""), (3, "3")])
def test_tables_escape_what_parts_cells(cell: object, shown: str) -> None:
    assert table(("x", "y"), [(cell, 1)]).splitlines() == ["| x | y |", "|---|---|", f"| {shown} | 1 |"]
