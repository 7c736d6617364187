"""A complete recipe from a short one, for those who start a run without the editor (its rules: recipe-defaults.ts)."""

from copy import deepcopy
from typing import Any


def complete(recipe: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """`recipe` with every default of the schema, the method's own (`x-method-defaults`) before the field's."""
    out: dict[str, Any] = _fill(schema, _over(schema["x-method-defaults"].get(recipe.get("method"), {}), recipe))
    return out


def _fill(part: dict[str, Any], given: Any) -> Any:
    value = deepcopy(part.get("default")) if given is None else given
    meant = part
    if "oneOf" in part:
        if not isinstance(value, dict):
            return value
        objects = [branch for branch in part["oneOf"] if "properties" in branch]
        kinds = (b for b in objects if b["properties"].get("kind", {}).get("const") == value.get("kind"))
        meant = next(kinds, objects[0])
    if "properties" not in meant:
        return value
    out = dict(value or {})
    for name, inner in meant["properties"].items():
        filled = _fill(inner, out.get(name))
        if filled is not None or (name not in out and "default" in inner):
            out[name] = filled
    return out


def _over(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """`theirs` over `ours`, field by field; a value with a `kind` is taken whole."""
    out = deepcopy(ours)
    for name, value in theirs.items():
        merge = isinstance(out.get(name), dict) and isinstance(value, dict) and "kind" not in out[name]
        out[name] = _over(out[name], value) if merge else value
    return out
