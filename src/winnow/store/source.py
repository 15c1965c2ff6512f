"""Hash the code that a class can reach, so that a result is never served to code that it did not come from.

What counts is the module that defines the class and every winnow module that it imports, at its top or inside
a function, and what these import in turn. Comments, docstrings and layout do not count: the code is compared
as a syntax tree.
"""

import ast
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def code_hash(kind: type) -> str:
    """Return a hash of the code of `kind`: of its module and of all winnow modules that this one reaches.

    >>> from winnow.selector.nearest import Nearest
    >>> from winnow.selector.furthest import Furthest
    >>> code_hash(Nearest) == code_hash(Nearest), code_hash(Nearest) == code_hash(Furthest)
    (True, False)
    """
    return _hash_of_closure(Path(inspect.getfile(kind)), PACKAGE)


def own_code_hash(function: Callable) -> str:
    """Return a hash of the code of the one file that defines a function."""
    # Not cached by the function, which would then be kept for ever with all that it refers to.
    # A decorated function would otherwise stand for the file of its decorator.
    return _code(Path(inspect.getfile(inspect.unwrap(function))))[:12]


def reachable(path: Path, package: Path = PACKAGE) -> list[Path]:
    """Return `path` and the files of `package` that it imports, directly or through others, in order.

    Parameters
    ----------
    path : a Python file.
    package : the folder of the package; its name is the name that the package is imported by.
    """
    found, waiting = set(), [path]
    while waiting:
        if (file := waiting.pop()) not in found:
            found.add(file)
            waiting += imported(file, package)
    return sorted(found)


# Read once per process: a file edited while it runs does not change the code that is already loaded.
@cache
def _hash_of_closure(path: Path, package: Path) -> str:
    digest = sha256()
    for file in reachable(path, package):
        digest.update(f"{file.name} {_code(file)}\n".encode())
    return digest.hexdigest()[:12]


@cache
def _code(path: Path) -> str:
    """Return the code of a file as a hash that comments, docstrings and layout do not change."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            del node.body[0]
    return sha256(ast.dump(tree).encode()).hexdigest()


@cache
def imported(path: Path, package: Path = PACKAGE) -> list[Path]:
    """Return the files of `package` that a file imports when it runs, without those for type checkers."""
    modules = _modules(ast.parse(path.read_text(encoding="utf-8")))
    inside = (name.split(".") for name in modules if name.partition(".")[0] == package.name)
    return [file for parts in inside for file in _files(parts[1:], package)]


def _modules(node: ast.AST) -> Iterator[str]:
    """Yield the dotted name of everything that is imported; `from a import b` may name a module `a.b`."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom(module=str(module), level=0):
            yield from (f"{module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _modules(child)


def _files(parts: list[str], package: Path) -> Iterator[Path]:
    """Yield the files that importing `package.parts` runs: the package, its folders, and the module.

    A last part that is no module is a name inside the module before it.
    """
    for length in range(len(parts) + 1):
        within = package.joinpath(*parts[:length])
        candidates = (within / "__init__.py", within.with_suffix(".py"))
        yield from (file for file in candidates if file.is_file())
