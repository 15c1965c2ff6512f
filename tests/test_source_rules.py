"""Rules about the source itself: nothing that runs other people's files, layers that hold, and the mirror."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "winnow"
GROUPS = ("dataset", "embedding", "clusterer", "selector", "model", "augment", "trainer", "dynamics", "study")
SOURCES = sorted(
    path
    for path in [*PACKAGE.rglob("*.py"), *ROOT.glob("scripts/**/*.py"), ROOT / "train.py"]
    if path.exists()
)

PICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal"}
UNSAFE_CALLS = {"eval", "exec", "os.system", "os.popen", "joblib.load", "pandas.read_pickle", "yaml.load"}
UNSAFE_CALLS |= {"yaml.full_load", "yaml.unsafe_load", "yaml.load_all", "faiss.read_index"}
SAFE_ONLY_WITH = {"torch.load": ("weights_only", True)}
SAFE_ONLY_WITH |= {f"numpy.{name}": ("allow_pickle", False) for name in ("load", "save", "savez")}

COMMAND = {"hydra_plugins/winnow_sweeper.py", "hydra_plugins/winnow_launchers.py"}
COMMAND |= {f"command/{path.name}" for path in (PACKAGE / "command").glob("*.py")}
LIGHTNING_PARTS = ("lightning", "_callbacks", "_checkpoints", "_data", "_fit", "_module", "_run")
LIGHTNING = {f"trainer/{name}.py" for name in LIGHTNING_PARTS}
# Which files may import a library that decides how everything around it looks.
HOMES = {
    "pytorch_lightning": LIGHTNING,
    "lightning": LIGHTNING,
    "mlflow": {"tracker/_destination.py", "tracker/_send.py"},
    "hydra": COMMAND,
    "omegaconf": COMMAND,
}
WRAPPERS = {
    "winnow.tracker",
}
HEAVY = {"torch", "torchvision", "sklearn", "faiss", "mlflow", "pytorch_lightning", "lightning", "matplotlib"}
HEAVY |= {"scipy", "PIL", "pandas", "pyarrow"}


def imports(tree):
    """Yield every local name an import binds, the dotted name behind it, and the module it is from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or bound, bound, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}", node.module


def dotted(node, names):
    """Return the full name of what is called, through import aliases, or '' where it has none."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and (base := dotted(node.value, names)):
        return f"{base}.{node.attr}"
    return ""


def unsafe(source):
    """Return a line for every construct that could run code out of a file or a string."""
    tree = ast.parse(source)
    found = [f"import {module}" for _, _, module in imports(tree) if module.partition(".")[0] in PICKLERS]
    names = {bound: name for bound, name, _ in imports(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            options = {each.arg: getattr(each.value, "value", None) for each in node.keywords}
            found += [
                f"{what} in line {node.lineno}" for what in faults_of(node, dotted(node.func, names), options)
            ]
    return found


def faults_of(call, name, options):
    if name in UNSAFE_CALLS:
        yield name
    if name in SAFE_ONLY_WITH:
        option, value = SAFE_ONLY_WITH[name]
        if options.get(option) is not value:
            yield f"{name} without {option}={value}"
    if (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in ("extract", "extractall")
        and "filter" not in options
    ):
        yield "extractall without filter"
    if options.get("shell"):
        yield "shell=True"


def homeless(source, filename):
    """Return the imports that belong into another file."""
    modules = {module.partition(".")[0] for _, _, module in imports(ast.parse(source))}
    return sorted(module for module in modules if filename not in HOMES.get(module, {filename}))


def mentions_hydra_main(source):
    tree = ast.parse(source)
    names = {bound: name for bound, name, _ in imports(tree)}
    return "hydra.main" in names.values() or any(
        dotted(node, names) == "hydra.main" for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    )


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_source_runs_code_out_of_a_file_or_a_string(path):
    assert unsafe(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_library_that_shapes_its_surroundings_stays_in_its_own_file(path):
    assert homeless(path.read_text(encoding="utf-8"), relative(path).removeprefix("src/winnow/")) == []


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_only_the_entry_point_knows_hydra_main(path):
    entry = "src/winnow/command/compare.py"
    assert relative(path) == entry or not mentions_hydra_main(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "def f():\n    import dill",
        "import joblib\njoblib.load(path)",
        "from joblib import load as read\nread(path)",
        "import torch\ntorch.load(path)",
        "import torch\ntorch.load(path, weights_only=False)",
        "import torch as t\nt.load(path, weights_only=safe)",
        "import numpy as np\nnp.load(path)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "from numpy import load\nload(path)",
        "import numpy as np\nnp.save(path, x)",
        "import yaml\nyaml.load(text, Loader=yaml.Loader)",
        "archive.extractall(folder)",
        "import subprocess\nsubprocess.run(line, shell=True)",
        "import os\nos.system(line)",
        "eval(text)",
        "exec(text)",
    ],
)
def test_an_unsafe_line_is_found(source):
    assert len(unsafe(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.load(path, weights_only=True)",
        "import numpy as np\nnp.load(path, mmap_mode='r', allow_pickle=False)",
        "import yaml\nyaml.safe_load(text)",
        "archive.extractall(folder, filter='data')",
        "import subprocess\nsubprocess.run(words, shell=False)",
        "model.eval()",
        "dataset.load()",
    ],
)
def test_a_safe_line_passes(source):
    assert unsafe(source) == []


def test_an_import_away_from_home_is_found():
    assert homeless("import pytorch_lightning.loggers as loggers", "report/tables.py") == [
        "pytorch_lightning"
    ]
    assert homeless("def f():\n    from mlflow.tracking import MlflowClient", "pipeline.py") == ["mlflow"]
    assert homeless("from omegaconf import OmegaConf\nimport hydra", "selector/config.py") == [
        "hydra",
        "omegaconf",
    ]
    assert homeless("from omegaconf import OmegaConf\nimport numpy", "command/checks.py") == []


@pytest.mark.parametrize(
    "source",
    ["import hydra\n@hydra.main()\ndef f(): ...", "from hydra import main", "import hydra as h\nh.main"],
)
def test_a_mention_of_hydra_main_is_found(source):
    assert mentions_hydra_main(source)


def test_every_option_has_a_module_and_every_module_an_option():
    options = {
        (path.parent.name, path.stem) for group in GROUPS for path in (ROOT / "conf" / group).glob("*.yaml")
    }
    assert options == {tuple(name.split(".")[1:]) for name in stages()}


@pytest.mark.parametrize("group", GROUPS)
def test_an_option_names_a_class_of_the_module_of_its_own_name(group):
    strangers = []
    for path in sorted((ROOT / "conf" / group).glob("*.yaml")):
        target = re.search(
            r"^_target_: winnow\.(\w+)\.(\w+)\.(\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE
        )
        if (
            target is None
            or target.groups()[:2] != (group, path.stem)
            or target[3] not in classes(group, path.stem)
        ):
            strangers.append(path.name)
    assert strangers == []


FOLDERS = {"dataset": {"images", "tables"}}
"""Groups whose helpers are so many that some lie in folders of their own."""


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_folder_holds_nothing_but_its_options_and_private_modules(group):
    folder = PACKAGE / group
    inside = {path for path in folder.iterdir() if path.suffix != ".py" and path.name != "__pycache__"}
    assert {path.name for path in inside} == FOLDERS.get(group, set())
    for path in {folder} | inside:
        assert (path / "__init__.py").exists()
    assert [path.name for each in inside for path in each.iterdir() if not path.name.startswith("_")] == []


def classes(group, option):
    path = PACKAGE / group / f"{option}.py"
    if not path.exists():
        return set()
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)}


def stages():
    return sorted(
        f"winnow.{group}.{path.stem}" for group in GROUPS for path in (PACKAGE / group).glob("[!_]*.py")
    )


PROBE = """
import sys
from importlib import import_module

modules, heavy = sys.argv[1].split(), set(sys.argv[2].split())
for module in modules:
    import_module(module)
    for culprit in sorted(heavy & sys.modules.keys()):
        print(module, "imports", culprit)
        heavy.remove(culprit)
"""


def heavy_imports(modules):
    """Import `modules` in a fresh interpreter; return which of them first brought in what."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    probe = subprocess.run(
        [sys.executable, "-c", PROBE, " ".join(modules), " ".join(HEAVY)],
        env={**environment, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert probe.returncode == 0, probe.stderr
    return probe.stdout.splitlines()


def test_importing_winnow_is_light():
    plain = {f"winnow.{path.stem}" for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    assert heavy_imports([*sorted(plain), *stages()]) == []


def test_a_heavy_import_is_found():
    assert heavy_imports(["winnow.types", "scipy"]) == ["scipy imports scipy"]
