"""Code that a result depends on: what counts as such, and what does not."""

import shutil
from pathlib import Path

import pytest

from winnow import registry
from winnow.store import source
from winnow.store.source import PACKAGE, reachable

FILES = {
    "__init__.py": "",
    "room/__init__.py": '"""A room."""\n',
    "room/a.py": "from tree.room import b\n\ndef f():\n    return b.x\n",
    "room/b.py": "x = 1\n",
    "room/c.py": (
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from tree.room.b import x\n\n\n"
        "def f():\n    import tree.lonely\n"
    ),
    "lonely.py": "y = 2\n",
}


@pytest.fixture
def tree(tmp_path):
    for name, code in FILES.items():
        file = tmp_path / "tree" / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(code)
    return tmp_path / "tree"


def names(package, file):
    return {str(path.relative_to(package)) for path in reachable(package / file, package)}


def test_what_a_module_imports_is_reached_and_what_only_a_type_checker_sees_is_not(tree):
    assert names(tree, "room/a.py") == {"__init__.py", "room/__init__.py", "room/a.py", "room/b.py"}
    # An import inside a function counts; `b` is for the type checker.
    assert names(tree, "room/c.py") == {"__init__.py", "room/c.py", "lonely.py"}


def test_modules_that_import_each_other_are_reached_once(tree):
    (tree / "room/b.py").write_text("import tree.room.a\n")
    assert names(tree, "room/b.py") == names(tree, "room/a.py")


CHANGES = {
    "a statement": ("x = 1\n", "x = 2\n", True),
    "a name": ("x = 1\n", "z = 1\n", True),
    "a default": ("def f(k=1):\n    return k\n", "def f(k=2):\n    return k\n", True),
    "a comment": ("x = 1\n", "x = 1  # the number\n", False),
    "a docstring": ('"""One."""\nx = 1\n', '"""Two."""\nx = 1\n', False),
    "a docstring more": ("def f():\n    return 1\n", 'def f():\n    """Return 1."""\n    return 1\n', False),
    "layout": ("x = [1, 2]\n", "x = [\n    1,\n    2,\n]\n", False),
}


@pytest.mark.parametrize(("before", "after", "moves"), CHANGES.values(), ids=CHANGES)
def test_an_edit_moves_the_hash_only_if_it_changes_the_code(tmp_path, before, after, moves):
    hashes = set()
    for number, code in enumerate((before, after)):
        package = tmp_path / str(number) / "tree"
        package.mkdir(parents=True)
        (package / "a.py").write_text(code)
        hashes.add(source._hash_of_closure(package / "a.py", package))
    assert len(hashes) == 1 + moves


STAGES = [
    (group, option)
    for group in ("embedding", "clusterer", "selector", "model", "augment", "trainer", "dynamics")
    for option in registry.options(group)
]


def hashes(package):
    return {
        stage: source._hash_of_closure(package.joinpath(*stage).with_suffix(".py"), package)
        for stage in STAGES
    }


@pytest.fixture(scope="module")
def before():
    return hashes(PACKAGE)


def edited(tmp_path, module, code):
    package = tmp_path / "winnow"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    with (package / module).open("a") as file:
        file.write(code)
    return package


MODULES = [
    "types.py",
    "streams.py",
    "geometry/distance.py",
    "network/device.py",
    "selector/nearest.py",
    "clusterer/kmeans.py",
    "report/tables.py",
]


@pytest.mark.parametrize("module", MODULES)
def test_editing_a_module_moves_the_hashes_of_exactly_the_stages_that_reach_it(tmp_path, before, module):
    after = hashes(edited(tmp_path, module, "\nEDITED = True\n"))
    moved = {stage for stage in STAGES if before[stage] != after[stage]}
    reaching = {
        stage
        for stage in STAGES
        if PACKAGE / module in reachable(PACKAGE.joinpath(*stage).with_suffix(".py"))
    }
    assert moved == reaching


def test_a_comment_in_a_module_that_everything_reaches_moves_nothing(tmp_path, before):
    assert hashes(edited(tmp_path, "types.py", "\n# a comment\n")) == before


def test_a_selector_more_moves_no_other(tmp_path, before):
    package = edited(tmp_path, "__init__.py", "")
    shutil.copy(package / "selector" / "nearest.py", package / "selector" / "newest.py")
    assert hashes(package) == before


def test_a_stage_reaches_the_helpers_of_its_room():
    reached = {path.name for path in reachable(Path(registry.__file__).parent / "clusterer" / "kmeans.py")}
    assert {"kmeans.py", "distance.py", "types.py"} <= reached
