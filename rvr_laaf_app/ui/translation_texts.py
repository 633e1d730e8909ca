"""Every text that can be translated, by context, read from the source, and as a .ts file for a translator.

lupdate sees only calls of `self.tr` with a literal; here also the tables of actions, names of edits, counted texts, and
functions that translate in a context of their own. `python -m rvr_laaf_app.ui.translation_texts de FILE.ts` writes one;
lrelease makes the .qm file of it that `translation` looks for.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_LABELLED: Final = frozenset({"apply", "apply_to_all", "amend", "transaction", "_apply_to_targets", "_change"})
_DEEPEST: Final = 4  # how often somebody's `tr` is lent on
Texts = dict[str, set[str]]


def texts() -> Texts:
    """Return the English texts by their context."""
    found: Texts = defaultdict(set)
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((_PACKAGE / "ui").rglob("*.py"))}
    wrappers = {path.stem: _wrappers(tree) for path, tree in trees.items()}
    lent = _with_borrowed(named for tree in trees.values() for named in _lent(tree))
    for tree in trees.values():
        _Reader(found, wrappers, lent).read(tree)
    for room in ("app", "document", "ui"):
        for path in (_PACKAGE / room).rglob("*.py"):
            found["Edits"].update(_labels(ast.parse(path.read_text(encoding="utf-8"))))
    found["Actions"].update(_of_tables())
    found["Interchange"].update(_of_formats())
    return found


def as_ts(found: Texts, language: str) -> str:
    """Return a .ts file with everything still to be translated."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<!DOCTYPE TS>", f'<TS version="2.1" language="{language}">']
    for context in sorted(found):
        lines += ["<context>", f"    <name>{escape(context)}</name>"]
        for text in sorted(found[context]):
            source = f"<source>{escape(text)}</source>"
            lines.append(f'    <message>{source}<translation type="unfinished"></translation></message>')
        lines.append("</context>")
    return "\n".join([*lines, "</TS>", ""])


def _of_tables() -> Iterator[str]:
    from rvr_laaf_app.app.actions import ACTIONS, MENUS, NEEDS
    from rvr_laaf_app.app.actions_shell import MOUSE
    from rvr_laaf_app.app.lens_presets import BUILT_IN

    yield from MENUS
    for action in ACTIONS:
        yield from (text for text in (action.text, action.submenu) if text)
    yield from (need.reason for need in NEEDS.values() if need.reason)
    yield from (text for pair in MOUSE for text in pair)
    yield from (preset.name for preset in BUILT_IN.values())


def _of_formats() -> Iterator[str]:
    from rvr_laaf_app.document.interchange.formats import FORMATS

    for format_ in FORMATS.values():
        yield from (text for text in (format_.title, format_.carries, format_.lacks) if text)


def _strings(node: ast.expr) -> Iterator[str]:
    """Return the literals that an argument may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _strings(node.body)
        yield from _strings(node.orelse)


def _wrappers(tree: ast.Module) -> dict[str, str]:
    """Return the functions of a module that translate what they are given, with their context."""
    known = {}
    for function in (n for n in tree.body if isinstance(n, ast.FunctionDef)):
        for call in (n for n in ast.walk(function) if isinstance(n, ast.Call)):
            first = call.args[0] if call.args else None
            translates = getattr(call.func, "attr", "") == "translate" and isinstance(first, ast.Constant)
            if translates and not list(_strings(call.args[1])):
                known[function.name] = str(next(_strings(call.args[0]), ""))
    return known


def _lent(tree: ast.Module) -> Iterator[tuple[str, set[str], set[str]]]:
    """Return functions that are lent a `tr`, and classes that keep it: name, what it says, to whom it lends."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            borrows = any(a.arg == "tr" for a in (*node.args.args, *node.args.kwonlyargs))
        else:
            borrows = isinstance(node, ast.ClassDef)
        if borrows:
            calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
            said = {t for c in calls if _is_lent(c.func) for a in c.args for t in _strings(a)}
            passed = [c for c in calls if any(_is_lent(a) for a in (*c.args, *(k.value for k in c.keywords)))]
            said |= {t for c in passed for a in c.args for t in _strings(a)}
            yield node.name, said, {_name(c.func) for c in passed}  # type: ignore[attr-defined]


def _is_lent(node: ast.expr) -> bool:
    return getattr(node, "id", "") == "tr" or getattr(node, "attr", "") == "_tr"


def _name(function: ast.expr) -> str:
    return getattr(function, "id", "") or getattr(function, "attr", "")


def _with_borrowed(lent: Iterable[tuple[str, set[str], set[str]]]) -> Texts:
    """Return by name what is said there and by all that it lends on to."""
    said: Texts = defaultdict(set)
    to: Texts = defaultdict(set)
    for name, own, borrowers in lent:
        said[name] |= own
        to[name] |= borrowers
    for _ in range(_DEEPEST):
        for name, borrowers in to.items():
            said[name] |= {t for b in borrowers for t in said.get(b, ())}
    return said


def _labels(tree: ast.Module) -> Iterator[str]:
    """Return what edits are called: where they are applied, and where a label is set or passed on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if getattr(node.func, "attr", "") in _LABELLED and node.args:
                yield from _strings(node.args[0])
            yield from (t for k in node.keywords if k.arg == "label" for t in _strings(k.value))
        elif isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "label" for t in node.targets):
            yield from _strings(node.value)
        elif isinstance(node, ast.FunctionDef):
            defaults = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            yield from (t for a, d in defaults if a.arg == "label" and d is not None for t in _strings(d))


class _Reader(ast.NodeVisitor):
    """Reads one module. lent: as of `_lent`; wrappers: by module."""

    def __init__(self, found: Texts, wrappers: dict[str, dict[str, str]], lent: dict[str, set[str]]) -> None:
        self._found, self._wrappers, self._lent = found, wrappers, lent
        self._here: dict[str, str] = {}
        self._classes: list[str] = []

    def read(self, tree: ast.Module) -> None:
        """Collect what the module says."""
        self._here = dict(_wrappers(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                known = self._wrappers.get(node.module.rsplit(".", 1)[-1], {})
                self._here |= {(a.asname or a.name): known[a.name] for a in node.names if a.name in known}
        self.visit(tree)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Know in which class one is: that is the context of its `tr`."""
        self._classes.append(node.name)
        self.generic_visit(node)
        self._classes.pop()

    def visit_Call(self, node: ast.Call) -> None:
        """Collect the literals of a call that translates them."""
        self.generic_visit(node)
        context = self._context(node.func)
        if getattr(node.func, "attr", "") == "translate" and len(node.args) > 1:
            self._found[next(_strings(node.args[0]), "")].update(_strings(node.args[1]))
        elif context:
            self._found[context].update(t for a in node.args[:1] for t in _strings(a))
        given = (*node.args, *(k.value for k in node.keywords))
        for context in filter(None, (self._context(a) for a in given)):
            self._found[context].update(t for a in node.args for t in _strings(a))
            self._found[context].update(self._lent.get(_name(node.func), ()))

    def _context(self, function: ast.expr) -> str:
        if isinstance(function, ast.Name):
            return self._here.get(function.id, "")
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            owner = function.value.id
            if owner == "self" and function.attr == "tr":
                return self._classes[-1] if self._classes else ""
            return self._wrappers.get(owner, {}).get(function.attr, "")
        return ""


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(as_ts(texts(), sys.argv[1]), encoding="utf-8")
