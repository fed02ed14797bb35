"""Strict reading of text that people write: it refuses repeated keys, unknown keys and values of another type."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Any, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from keepers.errors import KeeperError

Fraction = Annotated[float, Field(ge=0, lt=1)]
Bps = Annotated[int, Field(ge=0, lt=10_000)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class YamlError(KeeperError):
    """A text that is no such YAML: where it stands, the reason, the remedy."""


class Strict(BaseModel):
    """Refuses keys that it does not know, and yes or no where a number or a text belongs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _no_switch_for_a_value(cls, data: Any) -> Any:
        # YAML reads `yes` and `on` as true, which counts as 1 where a number is expected.
        if isinstance(data, dict):
            for name, field in cls.model_fields.items():
                switch = field.annotation is bool or bool in get_args(field.annotation)
                if isinstance(data.get(name), bool) and not switch:
                    raise ValueError(f"{name} is {str(data[name]).lower()}, which is no value for it; correct it")
        return data


def parse_mapping(text: str, where: object) -> dict[str, Any]:
    """The mapping that a text holds.

    Args:
        text: One YAML document.
        where: Named in refusals.

    Raises:
        YamlError: If the text is no YAML document that holds a mapping.
    """
    try:
        _require_shallow(text)
        data = yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError) as error:
        # A ValueError is a day that no month has, or a character that is none.
        raise YamlError(where, f"is not YAML ({' '.join(str(error).split())})", "correct the file") from None
    if not isinstance(data, dict):
        raise YamlError(where, "holds no keys", "start from an example")
    return data


_DEEPEST = 64
"""Levels of nesting; nobody writes more, and the parser in C overflows the stack on many."""


def _require_shallow(text: str) -> None:
    """Follows the events of a text, which takes no stack, until one is too deep."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"nested deeper than {_DEEPEST}", None)


class _Loader(yaml.CSafeLoader):
    """Refuses a key that stands twice, because one of the two would be ignored; it builds no objects."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)
