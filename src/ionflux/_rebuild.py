"""From the text of a description back to the description, without running any of it.

Every description has an evaluable repr; files hold that text. `rebuild` reads it as a syntax tree and calls nothing but
descriptions: the classes of ionflux, and mechanisms that the running program has defined itself.
"""

from __future__ import annotations

import ast
from typing import Any

from .errors import InputError, UnknownNameError
from .fields import Described
from .species import IonSpecies


def vocabulary() -> dict[str, Any]:
    """What a text may name: ready-made ions, and every class of descriptions that is loaded."""
    from . import baths, cells, mechanisms, membranes, schedules, species, surfaces  # noqa: F401  what holds them must be loaded

    words: dict[str, Any] = {}
    for module in (baths, cells, mechanisms, schedules, species):
        words |= {name: x for name, x in vars(module).items() if isinstance(x, IonSpecies)}
    classes: list[type[Described]] = [Described]
    for cls in classes:  # grows while it is walked
        classes += cls.__subclasses__()
    # the first of two classes of one name is the older one: ionflux's own are never replaced
    for cls in classes[1:]:
        words.setdefault(cls.__name__, cls)
    if "Crossing" in words:
        words["crosses"] = words["Crossing"]  # a crossing shows itself as the function that makes it
    return words


def rebuild(text: str) -> Any:
    """Return the object whose repr is `text`.

    Parameters
    ----------
    text : str
        Calls of descriptions with numbers, texts, None, tuples, lists, dictionaries and ready-made ions.

    Raises
    ------
    UnknownNameError
        It names a class that is not there: a mechanism of one's own has to be defined before.
    InputError
        It is anything else than a description, or one that its class refuses.
    """
    try:
        tree = ast.parse(text, mode="eval").body
        return _value(tree, vocabulary())
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"not the text of a description: {error}") from error


def _value(node: ast.expr, words: dict[str, Any]) -> Any:
    match node:
        case ast.Constant(value=float() | int() | str() | None as value):
            return value
        case ast.Name(id=name):
            return _word(name, words)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(_value(operand, words))
        case ast.Tuple(elts=elements):
            return tuple(_value(e, words) for e in elements)
        case ast.List(elts=elements):
            return [_value(e, words) for e in elements]
        case ast.Dict(keys=keys, values=values):
            return {_value(_key(k), words): _value(v, words) for k, v in zip(keys, values, strict=True)}
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if all(k.arg for k in keywords):
            made = _word(name, words)
            if not isinstance(made, type):
                raise InputError(f"not the text of a description: {name} is called")
            return made(*(_value(a, words) for a in args), **{str(k.arg): _value(k.value, words) for k in keywords})
    raise InputError(f"not the text of a description: {ast.unparse(node)[:60]}")


def _word(name: str, words: dict[str, Any]) -> Any:
    if name not in words:
        raise UnknownNameError.among("a description names", name, words)
    return words[name]


def _key(key: ast.expr | None) -> ast.expr:
    if key is None:
        raise InputError("not the text of a description: **")
    return key


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise InputError(f"not the text of a description: -{value!r}")
    return float(value) if isinstance(value, float) else value
