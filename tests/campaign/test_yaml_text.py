"""YAML that says one thing and stays small."""

from __future__ import annotations

import pytest
import yaml

from nhb2_plugins.campaign.yaml_text import MOST_SIZE, read_yaml


def bomb(levels: int) -> str:
    """Ten aliases a level: 10 to the power of ``levels`` words."""
    lines = ["a0: &a0 word"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels + 1)]
    return "\n".join(lines)


def test_plain_values() -> None:
    assert read_yaml("a: 1\nb: [x, 0.5, true, null]\nc: {d: '010210'}") == {
        "a": 1,
        "b": ["x", 0.5, True, None],
        "c": {"d": "010210"},
    }
    assert read_yaml("") is None


def test_aliases_are_read_where_they_stand_for_little() -> None:
    text = "base: &base {seeds: 2, epoch: 12}\none: {<<: *base, seeds: 3}\ntwo: *base"
    content = read_yaml(text)
    assert (content["one"], content["two"]) == ({"seeds": 3, "epoch": 12}, {"seeds": 2, "epoch": 12})
    assert len(read_yaml(bomb(3))["a3"]) == 10


@pytest.mark.parametrize("levels", [7, 9, 40])
def test_aliases_that_stand_for_too_much_are_refused_at_once(levels: int) -> None:
    with pytest.raises(ValueError, match=rf"line \d+: its aliases stand for more than {MOST_SIZE:,} characters"):
        read_yaml(bomb(levels))


@pytest.mark.parametrize("text", ["&a [*a]", "&a {x: *a}", "a: &a\n  <<: [*a]"])
def test_what_holds_itself_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="its aliases stand for more"):
        read_yaml(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: key 'a' is there twice"),
        ("x:\n  - {a: 1, 'a': 2}", "line 2: key 'a' is there twice"),
        ("12: 1\n12: 2", "line 2: key '12' is there twice"),
    ],
)
def test_a_key_given_twice_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_yaml(text)


@pytest.mark.parametrize("text", ["a: " + "9" * 5000, "a: 2001-13-45"])
def test_a_value_that_python_does_not_have_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"integer|month"):
        read_yaml(text)


def test_no_yaml_and_no_plain_values_are_refused() -> None:
    for text in ("a: [", "!!python/object/apply:os.system [true]"):
        with pytest.raises(yaml.YAMLError):
            read_yaml(text)
