"""The rooms of the house: which may know which. Arrows go down the list, and never back."""

import ast
from collections import defaultdict
from pathlib import Path

from winnow.registry import PROMISES
from winnow.store.source import imported

PACKAGE = Path(__file__).parents[1] / "src" / "winnow"
FLOORS = [
    ["errors"],
    ["rows"],
    ["types"],
    ["streams", "pool"],
    ["stages", "tracking"],
    ["registry"],
    ["geometry"],
    ["store"],
    ["report"],
    ["network"],
    ["augment", "model", "dataset", "tracker", "trainer"],
    ["dynamics", "embedding", "clusterer", "selector"],
    ["study"],
    ["pipeline", "doctor"],
    ["command"],
    ["api"],
    ["terminal"],
]
"""Every room, from the ground up. A room may know those on lower floors, and itself."""

AT_THE_ROOT = 9
"""Modules that may lie outside of rooms."""


def modules(package=PACKAGE):
    return [path for path in sorted(package.rglob("*.py")) if path.name != "__init__.py"]


def room_of(path, package=PACKAGE):
    return path.relative_to(package).parts[0].removesuffix(".py")


def arrows(package=PACKAGE):
    """Return which module imports which, without packages' own files and imports for type checkers."""
    return {
        path: [file for file in imported(path, package) if file.name != "__init__.py" and file != path]
        for path in modules(package)
    }


def wrong_arrows(floors, found):
    """Return the imports that go up, or across a floor, as sentences."""
    floor = {room: number for number, rooms in enumerate(floors) for room in rooms}
    wrong = []
    for path, files in found.items():
        for file in files:
            here, there = room_of(path), room_of(file)
            if here != there and floor[here] <= floor[there]:
                wrong.append(f"{path.relative_to(PACKAGE)} must not import {file.relative_to(PACKAGE)}")
    return sorted(set(wrong))


def circle(graph):
    """Return the modules of some circle of imports, or nothing."""
    done, open_ = set(), []

    def visit(node):
        if node in open_:
            return open_[open_.index(node) :]
        if node in done:
            return []
        open_.append(node)
        for other in graph.get(node, ()):
            if found := visit(other):
                return found
        done.add(open_.pop())
        return []

    return next((found for node in graph if (found := visit(node))), [])


def test_arrows_between_rooms_go_one_way():
    assert wrong_arrows(FLOORS, arrows()) == []


def test_no_two_files_import_each_other_even_through_others():
    assert [path.name for path in circle(arrows())] == []


def test_every_room_has_its_floor():
    rooms = {room_of(path) for path in modules()}
    assert rooms == {room for floor in FLOORS for room in floor}


def test_few_modules_lie_at_the_root():
    assert len(list(PACKAGE.glob("*.py"))) <= AT_THE_ROOT


def test_a_private_module_is_used_in_its_own_room_only():
    strangers = [
        f"{path.relative_to(PACKAGE)} uses {file.relative_to(PACKAGE)}"
        for path, files in arrows().items()
        for file in files
        if file.name.startswith("_") and room_of(file) != room_of(path)
    ]
    assert strangers == []


def test_what_reads_images_knows_nothing_of_tables_and_neither_knows_an_option():
    dataset = PACKAGE / "dataset"
    known = {"images": {"dataset", "images"}, "tables": {"dataset", "images", "tables"}}
    wrong = [
        f"{path.relative_to(dataset)} uses {file.relative_to(dataset)}"
        for path, files in arrows().items()
        for file in files
        if path.parent.parent == dataset and room_of(file) == "dataset"
        if file.parent.name not in known[path.parent.name] or not file.name.startswith("_")
    ]
    assert wrong == []


def test_a_group_holds_one_public_module_for_each_option():
    conf = PACKAGE.parents[1] / "conf"
    for group in PROMISES:
        options = {path.stem for path in (conf / group).glob("*.yaml")}
        assert {path.stem for path in (PACKAGE / group).glob("[!_]*.py")} == options, group


def test_a_private_name_of_a_library_is_nowhere_used():
    libraries = {"hydra", "omegaconf", "mlflow", "pytorch_lightning", "torch", "sklearn", "faiss", "loky"}
    found = defaultdict(list)
    for path in [*modules(), *(PACKAGE.parents[1] / "scripts").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                first, *rest = name.split(".")
                if first in libraries and any(part.startswith("_") for part in rest):
                    found[path.name].append(name)
    assert dict(found) == {}


def test_an_arrow_that_goes_up_is_named():
    up = {PACKAGE / "store" / "cache.py": [PACKAGE / "command" / "job.py"]}
    assert wrong_arrows(FLOORS, up) == ["store/cache.py must not import command/job.py"]


def test_a_circle_is_found():
    assert circle({1: [2], 2: [3], 3: [2]}) == [2, 3]
    assert circle({1: [2], 2: [3], 3: []}) == []
