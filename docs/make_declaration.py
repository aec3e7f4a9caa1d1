"""Writes docs/declaration.md, every field of a declaration, from the schema itself: `make
declaration-page`.

The schema gives each field's kind, default and meaning, `declaration_examples.yaml` an example.
Nothing on the page is typed by hand; a test compares it with what this writes.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from dge_assets.core.declaration.families import FamilyDeclaration
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.generators.registry import own_cards

HERE = Path(__file__).resolve().parent
PAGE, EXAMPLES = HERE / "declaration.md", HERE / "declaration_examples.yaml"
OPENING = """# The declaration

Every field that a table's `defs.yaml` may have below `attributes:`, written from the schema by `make declaration-page`.
A mistake is answered with the file, the field, what was found and what is allowed. In YAML `yes`, `no`, `on` and `off`
without quotes are booleans and 2024-06-30 is a date: quote levels that look like these.

```yaml
type: dge_assets.component.TableComponent
attributes:
{whole}```

"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page's Markdown."""
    examples = read_examples()
    whole = yaml.safe_dump(
        examples["TableDeclaration"][0], sort_keys=False, width=110, allow_unicode=True
    )
    indented = "".join(f"  {line}\n" for line in whole.splitlines())
    parts = [section(model, place, examples[model.__name__]) for model, place in sections()]
    return OPENING.replace("{whole}", indented) + "\n".join(parts)


def read_examples() -> dict[str, list[dict[str, Any]]]:
    """Examples by the name of the section's model."""
    return dict(yaml.safe_load(EXAMPLES.read_text(encoding="utf-8")))


def sections() -> list[tuple[type[BaseModel], str]]:
    """Each model of the declaration with the place where it is written, in the order of the fields
    that use them.
    """
    found: dict[type[BaseModel], str] = {}
    _collect(TableDeclaration, "attributes", found)
    return list(found.items())


def _collect(model: type[BaseModel], place: str, found: dict[type[BaseModel], str]) -> None:
    if model in found:
        return
    found[model] = place
    if model is FamilyDeclaration:
        for name, card in own_cards().items():
            found[card.parameters] = f"{place} of {name}"
        return
    for name, field in model.model_fields.items():
        for nested in _models_in(field.annotation):
            kind = nested.model_fields.get("type")
            which = f" (type: {typing.get_args(kind.annotation)[0]})" if kind is not None else ""
            _collect(nested, f"{place}.{name}{_by_name(field.annotation)}{which}", found)


def _by_name(annotation: Any) -> str:
    return (
        ".NAME"
        if any(
            typing.get_origin(part) is dict for part in (annotation, *typing.get_args(annotation))
        )
        else ""
    )


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models_in(part)


def section(model: type[BaseModel], place: str, examples: list[dict[str, Any]]) -> str:
    """One model as a heading, what it is, and a table of its fields."""
    schema = model.model_json_schema()
    schema = (
        {**schema, **schema.get("$defs", {}).get(model.__name__, {})}
        if "properties" not in schema
        else schema
    )
    properties = dict(schema["properties"])
    if model is FamilyDeclaration:
        meanings = {
            "algorithm": "which algorithm, if not the family's name",
            "seeds": str(model.model_fields["seeds"].description),
        }
        properties = {
            name: {**properties[name], "description": meaning} for name, meaning in meanings.items()
        }
    about = " ".join((model.__doc__ or "").split())
    rows = [
        f"| `{name}` | {_cell(_kind(found))} | {_cell(_default(name, found, schema, model))} | "
        f"{_cell(_meaning(found))} | {_cell(example(name, examples))} |"
        for name, found in properties.items()
    ]
    head = [
        "| field | what it may be | if left out | what it means | example |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join([f"## `{place}`", "", about, "", *head, *rows, ""])


def example(name: str, examples: list[dict[str, Any]]) -> str:
    """The first example of a field, as YAML on one line; KeyError where no example has the field."""
    value = next((item[name] for item in examples if name in item), None)
    if value is None:
        raise KeyError(f"{EXAMPLES.name}: no example of {name!r}")
    text = yaml.safe_dump(
        {name: value}, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True
    )
    return f"`{text.strip()[1:-1]}`"


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in words: `one of a, b`, `integer, at least 1`, `list of text`."""
    options = [
        option
        for option in schema.get("anyOf", schema.get("oneOf", []))
        if option.get("type") != "null"
    ]
    if options:
        return " or ".join(dict.fromkeys(map(_kind, options)))
    if "$ref" in schema or "const" in schema:
        return str(schema.get("const", "see below"))
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    return _kind_of_type(schema)


def _kind_of_type(schema: Mapping[str, Any]) -> str:
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {_kind(schema['items'])}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"by name: {_kind(values) if isinstance(values, dict) else 'any'}"
    return {"string": "text", "boolean": "true or false"}.get(kind, kind) + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    low = [f"at least {schema['minimum']}"] if "minimum" in schema else []
    low += [f"above {schema['exclusiveMinimum']}"] if "exclusiveMinimum" in schema else []
    high = [f"at most {schema['maximum']}"] if "maximum" in schema else []
    high += [f"below {schema['exclusiveMaximum']}"] if "exclusiveMaximum" in schema else []
    return "".join(f", {bound}" for bound in low + high)


def _default(
    name: str, found: Mapping[str, Any], schema: Mapping[str, Any], model: type[BaseModel]
) -> str:
    if name in schema.get("required", ()):
        return "an error"
    if "$ref" in found or "default" not in found or model is FamilyDeclaration:
        return "its own defaults" if "$ref" in found else "—"
    default = found["default"]
    return "—" if default in (None, "", [], {}) else f"`{json.dumps(default)}`"


def _meaning(found: Mapping[str, Any]) -> str:
    return str(found.get("description") or ("which kind this is" if "const" in found else ""))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
