"""Whether a column's new type holds every value of its old one, by the types' names in databases."""

from __future__ import annotations

import re
from enum import StrEnum

_SIZED = re.compile(r"^(?P<name>[a-z0-9_ ]+)(?:\((?P<size>[^)]*)\))?(?P<rest>.*)$")
_WHOLE = {
    "tinyint": 1, "smallint": 2, "int2": 2, "smallserial": 2, "int16": 2, "mediumint": 3,
    "int": 4, "integer": 4, "int4": 4, "serial": 4, "int32": 4,
    "bigint": 8, "int8": 8, "bigserial": 8, "int64": 8,
}  # fmt: skip
_DIGITS = {1: 3, 2: 5, 3: 8, 4: 10, 8: 19}
_FLOATING = {"real": 1, "float4": 1, "float": 1, "double": 2, "double precision": 2, "float8": 2}
_EXACT = frozenset({"numeric", "decimal"})
_BOUNDED = frozenset({"character varying", "varchar", "character", "char", "bpchar"})
_TEXTS = {"tinytext": 255, "text": 65_535, "mediumtext": 16_777_215, "longtext": 4_294_967_295}
_UNBOUNDED = frozenset({"text", "string", "varchar", "character varying"})
_MEMBERS = re.compile(r"'(?:[^']|'')*'")


class TypeChange(StrEnum):
    """What became of a type."""

    SAME = "same"
    WIDENED = "widened"
    NARROWED = "narrowed"
    RETYPED = "retyped"


def type_change(before: str, after: str) -> TypeChange:
    """Whether every value of the old type is one of the new, or the other way round."""
    old, new = " ".join(before.lower().split()), " ".join(after.lower().split())
    if old == new:
        return TypeChange.SAME
    holds, held = _holds(new, old), _holds(old, new)
    if holds and held:
        return TypeChange.SAME
    if holds:
        return TypeChange.WIDENED
    return TypeChange.NARROWED if held else TypeChange.RETYPED


def _holds(wide: str, narrow: str) -> bool:
    """Whether each value of `narrow` is one of `wide`."""
    if wide.startswith(("enum(", "set(")) and narrow.startswith(("enum(", "set(")):
        same_kind = wide.partition("(")[0] == narrow.partition("(")[0]
        return same_kind and set(_MEMBERS.findall(narrow)) <= set(_MEMBERS.findall(wide))
    (name, size, unsigned), (other, its_size, is_unsigned) = _parts(wide), _parts(narrow)
    if name in _WHOLE and other in _WHOLE:
        # What may be negative has one bit less.
        least = _WHOLE[other] + (is_unsigned and not unsigned)
        return _WHOLE[name] >= least and unsigned <= is_unsigned
    if name in _FLOATING and other in _FLOATING:
        return _FLOATING[name] >= _FLOATING[other]
    if name in _EXACT:
        return _exact_holds(size, other, its_size)
    longest, its_longest = _longest(name, size), _longest(other, its_size)
    if longest is not None and its_longest is not None:
        return longest >= its_longest
    alike = (name, unsigned, len(size)) == (other, is_unsigned, len(its_size))
    return alike and all(most >= least for most, least in zip(size, its_size, strict=True))


def _parts(kind: str) -> tuple[str, tuple[int, ...], bool]:
    found = _SIZED.match(kind)
    if found is None:
        return kind, (), False
    sizes = tuple(int(each) for each in re.findall(r"\d+", found["size"] or ""))
    name, rest = found["name"].strip(), found["rest"].strip()
    unsigned = "unsigned" in f"{name} {rest}"
    name = name.replace(" unsigned", "").replace(" zerofill", "").strip()
    rest = rest.replace("unsigned", "").replace("zerofill", "").strip()
    if name in _WHOLE:  # the number in int(11) is how wide it is shown
        sizes = ()
    return f"{name} {rest}".strip(), sizes, unsigned


def _exact_holds(size: tuple[int, ...], other: str, its_size: tuple[int, ...]) -> bool:
    if other in _WHOLE:
        return not size or size[0] - _scale(size) >= _DIGITS[_WHOLE[other]]
    if other not in _EXACT:
        return False
    if not size or not its_size:
        return not size
    before = size[0] - _scale(size)
    return _scale(size) >= _scale(its_size) and before >= its_size[0] - _scale(its_size)


def _scale(size: tuple[int, ...]) -> int:
    return size[1] if len(size) > 1 else 0


def _longest(name: str, size: tuple[int, ...]) -> float | None:
    """The most characters of a text type; None for another one."""
    if name in _BOUNDED and size:
        return size[0]
    if name in {"character", "char", "bpchar"}:
        return 1
    if name in _UNBOUNDED and name != "text":
        return float("inf")
    return _TEXTS.get(name)
