"""The changes that ``benchmarks/mutation.py`` makes: small, like slips of the hand, and seen by no type checker."""

from __future__ import annotations

import ast
import copy
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, zip_longest
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = "nhb2_plugins"


@dataclass(frozen=True)
class Mutant:
    """One changed place: bytes ``start`` to ``end`` of a file are replaced."""

    path: str
    line: int
    function: int
    """First line of the function around it, 0 outside of functions."""
    operator: str
    start: int
    end: int
    before: str
    after: str

    @property
    def module(self) -> str:
        """Dotted name."""
        return self.path.removesuffix(".py").replace("/", ".")

    @property
    def change(self) -> str:
        """The code before and after, in one line."""
        return f"{' '.join(self.before.split())} -> {self.after}"

    @property
    def place(self) -> str:
        """Where it is and what it changes, in one line."""
        return f"{self.path}:{self.line}  {self.operator}:  {self.change}"

    def source(self, original: bytes) -> bytes:
        """The file's text with the change."""
        return original[: self.start] + self.after.encode() + original[self.end :]


FLIPS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
NO_ORDER: Final = ("isinstance", "issubclass", "cast", "TypeVar", "min", "max")  # types, or any order
Change = tuple[str, ast.AST, str]  # operator, the node that is replaced, the new text


def changed(node: ast.AST, **fields: Any) -> str:
    """The code of a node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return f"({ast.unparse(new)})" if isinstance(new, ast.expr) else ast.unparse(new)


def neighbours(items: Sequence[Any], code: Callable[[Any], str]) -> Iterator[int]:
    """Where two neighbours differ, and neither is unpacked."""
    for index, (first, second) in enumerate(pairwise(items)):
        if code(first) != code(second) and not any(isinstance(item, ast.Starred) for item in (first, second)):
            yield index


def swapped(items: Sequence[Any], index: int) -> list[Any]:
    """The items, two neighbours having traded places."""
    return [*items[:index], items[index + 1], items[index], *items[index + 2 :]]


def flipped_comparisons(node: ast.AST) -> Iterator[Change]:
    """``<`` for ``<=`` and for ``>``, ``==`` for ``!=``, ``in`` for ``not in``."""
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in FLIPS.get(type(operator), ()):
                yield "comparison", node, changed(node, ops=[*node.ops[:index], other(), *node.ops[index + 1 :]])


def shifted_constants(node: ast.AST) -> Iterator[Change]:
    """One more, one less, the other truth value."""
    match node:
        case ast.Constant(value=bool() as value):
            yield "constant", node, str(not value)
        case ast.Constant(value=int() as value):
            yield "constant", node, str(value + 1)
            if value > 0:
                yield "constant", node, str(value - 1)
        case ast.Constant(value=float() as value):
            yield "constant", node, str(value * 2 + 1)


def other_arithmetic(node: ast.AST) -> Iterator[Change]:
    """``+`` for ``-``, ``*`` for ``/``."""
    match node:
        case ast.BinOp(op=operator) if type(operator) in ARITHMETIC:
            yield "arithmetic", node, changed(node, op=ARITHMETIC[type(operator)]())
        case ast.AugAssign(op=operator) if type(operator) in ARITHMETIC:
            yield "arithmetic", node, changed(node, op=ARITHMETIC[type(operator)]())


def negated_conditions(node: ast.AST) -> Iterator[Change]:
    """The other branch; ``and`` for ``or``."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Compare(left=ast.Name(id="__name__"))):
            return
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield "condition", test, f"(not ({ast.unparse(test)}))"
        case ast.comprehension(ifs=tests):
            yield from (("condition", test, f"(not ({ast.unparse(test)}))") for test in tests)
        case ast.BoolOp(op=operator):
            yield "condition", node, changed(node, op=ast.Or() if isinstance(operator, ast.And) else ast.And())


def swapped_arguments(node: ast.AST) -> Iterator[Change]:
    """Two neighbouring arguments of a call trade places, by position or by name."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", "") in NO_ORDER:
        return
    for index in neighbours(node.args, ast.unparse):
        yield "arguments", node, changed(node, args=swapped(node.args, index))
    named = [keyword for keyword in node.keywords if keyword.arg is not None]
    for index in neighbours(named, lambda keyword: ast.unparse(keyword.value)):
        values = swapped([keyword.value for keyword in named], index)
        new = [ast.keyword(keyword.arg, value) for keyword, value in zip(named, values, strict=True)]
        rest = [keyword for keyword in node.keywords if keyword.arg is None]
        yield "arguments", node, changed(node, keywords=new + rest)


def swapped_elements(node: ast.AST) -> Iterator[Change]:
    """Two neighbouring elements of a tuple or list trade places."""
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load):
        for index in neighbours(node.elts, ast.unparse):
            yield "elements", node, changed(node, elts=swapped(node.elts, index))


def swapped_fields(node: ast.AST) -> Iterator[Change]:
    """Two neighbouring values of an f-string trade places."""
    if not isinstance(node, ast.JoinedStr):
        return
    places = [index for index, part in enumerate(node.values) if isinstance(part, ast.FormattedValue)]
    values = [node.values[place].value for place in places]  # type: ignore[attr-defined]
    for index in neighbours(values, ast.unparse):
        new = copy.deepcopy(node)
        for place, value in zip(places, swapped(values, index), strict=True):
            new.values[place].value = value  # type: ignore[attr-defined]
        yield "f-string", node, ast.unparse(new)


def removed_statements(node: ast.AST) -> Iterator[Change]:
    """No call, no change of an attribute or element, no error, no jump."""
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield "statement", node, "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "statement", node, "pass"


def thawed_dataclasses(node: ast.AST) -> Iterator[Change]:
    """A dataclass that is not ``frozen``."""
    for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
        if isinstance(decorator, ast.Call):
            others = [keyword for keyword in decorator.keywords if keyword.arg != "frozen"]
            if len(others) < len(decorator.keywords):
                yield "frozen", decorator, changed(decorator, keywords=others)


OPERATORS: Final = (
    flipped_comparisons,
    shifted_constants,
    other_arithmetic,
    negated_conditions,
    swapped_arguments,
    swapped_elements,
    swapped_fields,
    removed_statements,
    thawed_dataclasses,
)


def is_type(node: ast.AST) -> bool:
    """Whether a subscript is of a type (``dict[str, int]``) and not of a value."""
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return name in ("dict", "list", "set", "tuple", "frozenset", "type") or (name[:1].isupper() and not name.isupper())


def children(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that say what is computed: no annotation, docstring, decorator or type."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            defaults = [*node.args.defaults, *(value for value in node.args.kw_defaults if value)]
            return [*defaults, *(node.body if isinstance(node.body, list) else [node.body])]
        case ast.ClassDef():
            return [*node.body]
        case ast.AnnAssign():
            return [node.value] if node.value else []
        case ast.Subscript() if is_type(node.value):
            return []
        case ast.keyword(arg="strict"):
            return []  # of zip, where nobody has lists of two lengths
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return []
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return []
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assign(targets=[ast.Name(id="__all__" | "__slots__")]):
            return []
        case ast.ExceptHandler():
            return [*node.body]
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Tuple() | ast.List() as among]):
            return [node.left, *among.elts]  # their order is nothing
        case _:
            return [*ast.iter_child_nodes(node)]


def nodes(node: ast.AST, function: int = 0) -> Iterator[tuple[ast.AST, int]]:
    """Every node that may change, with the first line of the function it is in."""
    inner = node.lineno if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
    yield node, function
    for child in children(node):
        yield from nodes(child, inner)


def mutants_of(path: str) -> list[Mutant]:
    """Every mutant of a file of the package that is Python."""
    source = (ROOT / path).read_bytes()
    tree = ast.parse(source)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, function in nodes(tree):
        for name, place, after in chain.from_iterable(operator(node) for operator in OPERATORS):
            start = starts[place.lineno - 1] + place.col_offset  # type: ignore[attr-defined]
            end = starts[place.end_lineno - 1] + place.end_col_offset  # type: ignore[attr-defined]
            before = source[start:end].decode()
            found.append(Mutant(path, place.lineno, function, name, start, end, before, after))  # type: ignore[attr-defined]
    return found


def is_another_program(mutant: Mutant) -> bool:
    """Whether it can be compiled, and not to the same as before."""
    original = (ROOT / mutant.path).read_bytes()
    try:
        return ast.dump(ast.parse(mutant.source(original))) != ast.dump(ast.parse(original))
    except SyntaxError:
        return False


def files_of(module: str) -> list[str]:
    """The files of a module, or of every module of a package."""
    path = ROOT / PACKAGE / module.replace(".", "/")
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    if not all(file.is_file() for file in files):
        raise SystemExit(f"there is no module {module!r} in {PACKAGE}")
    return [file.relative_to(ROOT).as_posix() for file in files]


def sample(module: str, n: int, seed: int) -> list[Mutant]:
    """At most ``n`` mutants, spread evenly over the operators; one a place."""
    generator = random.Random(f"{seed} {module}")
    by_operator = defaultdict(list)
    for file in files_of(module):
        for mutant in mutants_of(file):
            by_operator[mutant.operator].append(mutant)
    for mutants in by_operator.values():
        generator.shuffle(mutants)
    rows = zip_longest(*by_operator.values())
    one_a_place: dict[tuple[str, int, int], Mutant] = {}
    for mutant in chain.from_iterable(rows):
        if mutant is not None and len(one_a_place) < n and is_another_program(mutant):
            one_a_place.setdefault((mutant.path, mutant.start, mutant.end), mutant)
    return list(one_a_place.values())
