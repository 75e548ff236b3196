"""Specifications as YAML that says one thing and stays as small as it looks.

YAML lets the last of several equal keys win, and lets ten lines of aliases stand for a billion values.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nhb2_plugins.errors import Nhb2Error, one_line
from nhb2_plugins.files import read_regular

MOST_SIZE: Final = 4 << 20
"""Values and characters that a text may stand for; without aliases it holds no more than its own characters."""

_Loader: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it was built

_MAX_BYTES: Final = 1 << 20


def read_keys(path: Path, what: str, refusal: type[Nhb2Error]) -> dict[str, Any]:
    """The keys and values of a specification's file.

    Args:
        path: the file.
        what: it holds, for example ``a campaign specification``.
        refusal: the kind of error that is raised.

    Raises:
        Nhb2Error: of that kind: no such file, more than 1 MB, not YAML as :func:`read_yaml` reads it, or no mapping.
    """
    try:
        content = read_yaml(read_regular(path, max_bytes=_MAX_BYTES).decode())
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:  # a ValueError also of what is no UTF-8
        raise refusal(f"{path} cannot be read as YAML: {one_line(error)}") from error
    if not isinstance(content, dict):
        raise refusal(f"{path} holds no mapping of keys, so it is not {what}")
    return content


def read_yaml(text: str) -> Any:
    """The value that a text says: mappings, lists, text, numbers.

    Raises:
        ValueError: a key stands twice in one mapping, aliases stand for too much, or a number is too long.
        yaml.YAMLError: the text is no YAML.
        RecursionError: it is nested too deeply.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _size(node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: Node, known: dict[int, int]) -> int:
    """What a node stands for, aliases counted as often as they are used; refuses it where that is too much."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = MOST_SIZE + 1  # what holds itself has no end
    if isinstance(node, MappingNode):
        _refuse_repeated_keys(node)
        size = 1 + sum(_size(key, known) + _size(value, known) for key, value in node.value)
    elif isinstance(node, SequenceNode):
        size = 1 + sum(_size(each, known) for each in node.value)
    else:
        size = 1 + len(node.value)
    if size > MOST_SIZE:
        raise ValueError(f"line {node.start_mark.line + 1}: its aliases stand for more than {MOST_SIZE:,} characters")
    known[id(node)] = size
    return size


def _refuse_repeated_keys(node: MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if isinstance(key, ScalarNode):
            if (key.tag, key.value) in seen:
                raise ValueError(f"line {key.start_mark.line + 1}: key {key.value!r:.80} is there twice")
            seen.add((key.tag, key.value))
