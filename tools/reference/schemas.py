"""JSON schemas of the saved forms, one file each, and the page that lists them."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

import ggufscope

from .markdown import fields_of, page, paragraph, prose, sections_of, table

if TYPE_CHECKING:
    from ggufscope.saving.form import SavedForm

PACKAGE = Path(ggufscope.__file__).parent
DEFINED = re.compile(r"^(\w+_FORM)\b[^=\n]* = SavedForm\(", re.MULTILINE)
Schema = dict[str, Any]


@cache
def forms() -> dict[str, SavedForm[Any]]:
    """Every saved form of the package by the name in its schema."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in DEFINED.findall(path.read_text(encoding="utf-8")):
            module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
            form = getattr(importlib.import_module(f"ggufscope.{module}"), name)
            found[name_of(form)] = form
    return dict(sorted(found.items()))


def name_of(form: SavedForm[Any]) -> str:
    """The part of `ggufscope.trace/2` between point and stroke."""
    return form.schema.removeprefix("ggufscope.").partition("/")[0]


def render() -> str:
    return page(
        "JSON schemas",
        paragraph(
            "Everything that is saved is strict JSON (no NaN, no infinities) that names its schema. Each"
            " schema below is in [JSON Schema](https://json-schema.org), made from the classes that a file"
            " is checked against when it is read; a reader of this version checks more, as shapes that"
            " have to fit together. Keys nobody knows are no error, so that files of later versions load."
        ),
        table(
            ("schema", "what it is", "reads also", "file"),
            (
                (f"`{form.schema}`", prose(form.kind), ", ".join(f"`{old}`" for old in (*form.older, *form.lifts)),
                 f"[{name}.json](schemas/{name}.json)")
                for name, form in forms().items()
            ),
        ),
    )  # fmt: skip


def files() -> Iterator[tuple[str, str]]:
    """Path below docs/reference and text of every schema."""
    for name, form in forms().items():
        yield f"schemas/{name}.json", json.dumps(schema_of(form), indent=1, ensure_ascii=False) + "\n"


def schema_of(form: SavedForm[Any]) -> Schema:
    """The JSON Schema of the files of a form."""
    schema = TypeAdapter(form.types()).json_schema(mode="validation")
    for path in form.optional:
        may_lack(schema, schema, path.split("."))
    for part in (schema, *schema.get("$defs", {}).values()):
        describe(part)
    LAYOUTS.get(name_of(form), lambda schema: None)(schema)
    names = [form.schema, *form.older]
    schema["properties"]["schema"] = {"enum": names} if len(names) > 1 else {"const": form.schema}
    if "schema" not in schema.setdefault("required", []):
        schema["required"].insert(0, "schema")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": form.schema, **schema}


def describe(part: Schema) -> None:
    """Let each property say what the class tells of the attribute, in place of its name in other letters."""
    sections = sections_of(part.get("description", ""))
    told = fields_of(sections.get("Attributes", []))
    meanings = {name.strip(): text for names, text in told.items() for name in names.split(",")}
    if "description" in part:
        part["description"] = "\n".join(sections[""]).strip()
    for name, about in part.get("properties", {}).items():
        about.pop("title", None)
        if name in meanings:
            about["description"] = meanings[name]


def may_lack(schema: Schema, place: Schema, path: list[str]) -> None:
    """Mark the field that a dotted path leads to as one that files may lack."""
    name, *rest = path
    for part in objects(schema, place):
        if rest:
            may_lack(schema, part["properties"][name], rest)
        elif name in part.get("required", []):
            part["required"].remove(name)


def objects(schema: Schema, place: Schema) -> Iterator[Schema]:
    """The objects that a place may hold: itself, what it refers to, elements of its list, one of several."""
    if "$ref" in place:
        yield from objects(schema, schema["$defs"][place["$ref"].rpartition("/")[2]])
    elif "anyOf" in place:
        for choice in place["anyOf"]:
            yield from objects(schema, choice)
    elif "items" in place:
        yield from objects(schema, place["items"])
    elif isinstance(place.get("additionalProperties"), dict):
        yield from objects(schema, place["additionalProperties"])
    elif "properties" in place:
        yield place


def _layers_outside(schema: Schema) -> None:
    """An analysis: the layers of the leading preset stand at the end of the file."""
    (preset,) = objects(schema, schema["properties"]["preset"])
    name = schema["properties"]["preset"]["$ref"].rpartition("/")[2]
    leading = {**preset, "properties": dict(preset["properties"]), "required": list(preset["required"])}
    schema["properties"]["layers"] = leading["properties"].pop("layers")
    leading["required"].remove("layers")
    schema["required"].append("layers")
    schema["$defs"][f"Leading{name}"] = leading
    schema["properties"]["preset"] = {"$ref": f"#/$defs/Leading{name}"}


def _without_name(schema: Schema) -> None:
    """A study: its model has a title, and no name."""
    (model,) = objects(schema, schema["properties"]["model"])
    del model["properties"]["name"]
    model["required"].remove("name")


LAYOUTS = {"analysis": _layers_outside, "study": _without_name}  # forms whose files are laid out otherwise
