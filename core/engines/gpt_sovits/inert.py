"""Walks through a pickle without executing it: which tensors and settings it would make.

Knows the steps that torch and plain settings are written with; whatever else a pickle does or
names is refused. Time and memory are bounded by the number of steps.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

STEPS_MAX = 200_000
"""Of a pickle; the largest published one has 30 000."""

SETTINGS_CLASSES = ("utils.HParams", "GPT_SoVITS.utils.HParams")
"""Classes of the authors' programs whose attributes are settings."""
SETTINGS_TABLES = tuple(
    f"{package}{module}.DictToAttrRecursive"
    for package in ("", "GPT_SoVITS.")
    for module in ("TTS_infer_pack.TTS", "TTS", "inference_webui", "api", "__main__", "utils")
)
"""Classes of the authors' programs that are tables of settings."""
_DTYPES = (
    *("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8"),
    "bool",
)
_HARMLESS = frozenset(
    (
        *(f"torch.{dtype}" for dtype in _DTYPES),
        *("torch.Size", "torch.device", "torch._utils._rebuild_parameter"),
        *("collections.OrderedDict", "collections.Counter", "builtins.set", "__builtin__.set"),
        *SETTINGS_CLASSES,
        *SETTINGS_TABLES,
    )
)
"""Of what torch itself lets pass, what settings have been seen with."""

_STORAGES = {
    **dict.fromkeys(("DoubleStorage", "LongStorage"), 8),
    **dict.fromkeys(("FloatStorage", "IntStorage"), 4),
    **dict.fromkeys(("HalfStorage", "BFloat16Storage", "ShortStorage"), 2),
    **dict.fromkeys(("CharStorage", "ByteStorage", "BoolStorage"), 1),
}
"""Bytes of an element."""
_TENSOR_MAKERS = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor")
_NUMBERS_MAX = 20
_NUMBER_MAX = 1 << 48


@dataclass(frozen=True)
class Tensor:
    shape: tuple[int, ...]


@dataclass
class Thing:
    """Something of a class, which is only a name here."""

    of: str
    items: dict[Any, Any] = field(default_factory=dict)
    state: Any = None


@dataclass(frozen=True)
class _Class:
    name: str


@dataclass(frozen=True)
class _Storage:
    n_items: int


class _Mark:
    pass


class Walk:
    """Goes through a pickle and notes what it would make.

    Args:
        sizes: Bytes of the file's parts, by the key that tensors name them with.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def through(self, pickle: bytes) -> Any:
        """What is left at the end. Raises what `_DAMAGED` lists."""
        steps = enumerate(pickletools.genops(pickle))
        for number, (step, argument, _) in steps:
            if number > STEPS_MAX:
                raise ValueError(f"its list of contents has more than {STEPS_MAX} steps")
            if step.name == "STOP":
                return self._stack.pop()
            if step.name in _PLAIN:
                self._stack.append(argument)
            elif step.name in _FIXED:
                self._stack.append(_FIXED[step.name]())
            else:
                _STEPS[step.name](self, argument)
        raise ValueError("it is damaged or cut")

    def _since_mark(self) -> list[Any]:
        last = len(self._stack) - 1
        while not isinstance(self._stack[last], _Mark):
            last -= 1
            if last < 0:
                raise ValueError("its list of contents is damaged or made up")
        found = self._stack[last + 1 :]
        del self._stack[last:]
        return found

    def _take(self, n: int) -> list[Any]:
        if len(self._stack) < n:
            raise ValueError("its list of contents is damaged or made up")
        found = self._stack[len(self._stack) - n :]
        del self._stack[len(self._stack) - n :]
        return found

    def remember(self, place: int | None) -> None:
        self._memo[len(self._memo) if place is None else place] = self._stack[-1]

    def recall(self, place: int) -> None:
        self._stack.append(self._memo[place])

    def name(self, argument: str | None) -> None:
        module, name = argument.split(" ", 1) if argument is not None else self._take(2)
        self._stack.append(_known(f"{module}.{name}"))

    def make(self, _: Any) -> None:
        maker, arguments = self._take(2)
        if not isinstance(maker, _Class) or not isinstance(arguments, tuple):
            raise ValueError("its list of contents is damaged or made up")
        if maker.name in _TENSOR_MAKERS:
            self._stack.append(self._tensor(*arguments[:4]))
        elif maker.name == "torch._utils._rebuild_parameter":
            self._stack.append(arguments[0])
        elif maker.name == "collections.OrderedDict":
            self._stack.append({})
        else:
            self._stack.append(Thing(maker.name))

    def _tensor(self, storage: Any, offset: Any, shape: Any, stride: Any = (), *_: Any) -> Tensor:
        if not isinstance(storage, _Storage) or not is_sound((offset, *shape, *stride)):
            raise ValueError("its list of contents is damaged or made up")
        last = sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
        if math.prod(shape) and (
            offset + last >= storage.n_items or math.prod(shape) > storage.n_items
        ):
            raise ValueError("it says it holds more than its own size")
        return Tensor(tuple(shape))

    def storage(self, _: Any) -> None:
        kind, of, key, _place, n_items = self._take(1)[0]
        n_item = _STORAGES.get(of.name.removeprefix("torch.")) if isinstance(of, _Class) else None
        if kind != "storage" or n_item is None or not isinstance(n_items, int):
            raise ValueError("its list of contents is damaged or made up")
        if n_items * n_item > self._sizes.get(key, 0):
            raise ValueError("it says it holds more than its own size")
        self._stack.append(_Storage(n_items))

    def state(self, _: Any) -> None:
        thing, state = self._take(2)
        if isinstance(thing, Thing):
            thing.state = state
        self._stack.append(thing)

    def set_items(self, pairs: list[Any]) -> None:
        target = self._stack[-1]
        table = target.items if isinstance(target, Thing) else target
        if not isinstance(table, dict) or len(pairs) % 2:
            raise ValueError("its list of contents is damaged or made up")
        table.update(
            (key, value)
            for key, value in zip(pairs[::2], pairs[1::2], strict=True)
            if isinstance(key, str)
        )

    def append(self, values: list[Any]) -> None:
        if isinstance(self._stack[-1], list):
            self._stack[-1].extend(values)

    def tuple_of(self, values: list[Any]) -> None:
        self._stack.append(tuple(values))


_PLAIN = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"),
    *("BINUNICODE8", "SHORT_BINSTRING", "BINSTRING", "BINBYTES", "SHORT_BINBYTES"),
}
_FIXED: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_SET": list,
    "EMPTY_TUPLE": tuple,
    "MARK": _Mark,
}
_STEPS: dict[str, Callable[[Walk, Any], None]] = {
    "PROTO": lambda walk, _: None,
    "FRAME": lambda walk, _: None,
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), Walk.remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), Walk.recall),
    **dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), Walk.name),
    **dict.fromkeys(("REDUCE", "NEWOBJ"), Walk.make),
    "BINPERSID": Walk.storage,
    "BUILD": Walk.state,
    "SETITEM": lambda walk, _: walk.set_items(walk._take(2)),
    "SETITEMS": lambda walk, _: walk.set_items(walk._since_mark()),
    "APPEND": lambda walk, _: walk.append(walk._take(1)),
    **dict.fromkeys(("APPENDS", "ADDITEMS"), lambda walk, _: walk.append(walk._since_mark())),
    "TUPLE": lambda walk, _: walk.tuple_of(walk._since_mark()),
    "TUPLE1": lambda walk, _: walk.tuple_of(walk._take(1)),
    "TUPLE2": lambda walk, _: walk.tuple_of(walk._take(2)),
    "TUPLE3": lambda walk, _: walk.tuple_of(walk._take(3)),
}


def _known(name: str) -> _Class:
    """Names of nothing but data. Whatever else a pickle names, it wants to run."""
    is_storage = name.startswith("torch.") and name.removeprefix("torch.") in _STORAGES
    if is_storage or name in _HARMLESS or name in _TENSOR_MAKERS:
        return _Class(name)
    raise ValueError(f"it wants to run code of its own ({name[:80]})")


def is_sound(numbers: tuple[Any, ...]) -> bool:
    """Whether these can be places and sizes; multiplying absurd ones takes minutes."""
    return len(numbers) <= _NUMBERS_MAX and all(
        isinstance(number, int) and 0 <= number <= _NUMBER_MAX for number in numbers
    )
