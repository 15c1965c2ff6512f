"""The package: what the wheel carries, what it asks for, and that it works outside of the checkout."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import winnow

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DISTRIBUTIONS = {
    "PIL": "pillow",
    "faiss": "faiss-cpu",
    "hydra": "hydra-core",
    "hydra_plugins": "hydra-submitit-launcher",
    "open_clip": "open_clip_torch",
    "pydantic_core": "pydantic-core",
    "pytorch_lightning": "pytorch-lightning",
    "sklearn": "scikit-learn",
    "typing_extensions": "typing-extensions",
    "umap": "umap-learn",
    "yaml": "pyyaml",
}
"""Distributions that are called otherwise than what is imported."""
FIXED = {"hydra-core", "omegaconf", "pytorch-lightning", "torch", "torchvision", "scikit-learn", "mlflow"}
FIXED |= {"faiss-cpu"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_the_wheel_carries_the_configuration(wheel):
    shipped = [path.relative_to(ROOT) for path in (ROOT / "conf").rglob("*.yaml")]
    assert len(shipped) > 50
    assert [path for path in shipped if not (wheel / "winnow" / path).is_file()] == []
    assert (wheel / "winnow" / "report" / "_page.html").is_file()
    assert (wheel / "winnow" / "report" / "_page.md").is_file()


def test_the_wheel_has_a_free_name_the_version_of_the_code_and_the_command(wheel):
    (about,) = wheel.glob("winnow_subset-*.dist-info")
    assert about.name == f"winnow_subset-{winnow.__version__}.dist-info"
    assert "winnow = winnow.terminal.main:main" in (about / "entry_points.txt").read_text()


def test_the_wheel_works_outside_of_the_checkout(wheel, tmp_path):
    (tmp_path / "table.csv").write_text("".join(["a,b\n", *(f"{row}.5,{row % 3}.5\n" for row in range(10))]))
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "WINNOW_"))}
    words = ["select", "table.csv", "--keep", "20%", "--out", "kept.csv"]
    done = subprocess.run(
        [sys.executable, "-m", "winnow.terminal.main", *words],
        cwd=tmp_path,
        env=own | {"PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, "kept    kept.csv\n"), done.stderr
    assert len((tmp_path / "kept.csv").read_text().splitlines()) == 3


def test_the_citation_names_the_version_and_what_a_citation_must_have():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] == [{"name": "The winnow developers"}]
    assert citation["version"] == winnow.__version__
    assert citation["license"] == PROJECT["license"]


def names(requirements):
    return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}


def imported():
    """Return the distributions that the package imports directly, wherever it does."""
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    outer = found - set(sys.stdlib_module_names) - {"winnow"}
    return {DISTRIBUTIONS.get(name, name) for name in outer}


def test_what_is_imported_is_declared():
    declared = names(PROJECT["dependencies"])
    for extra, requirements in PROJECT["optional-dependencies"].items():
        declared |= names(requirements) if extra not in ("dev", "bench") else set()
    assert imported() - declared == set()


def test_the_fixed_packages_are_ordinary_dependencies_and_launchers_are_not():
    ordinary = names(PROJECT["dependencies"])
    assert ordinary >= FIXED
    assert not {name for name in ordinary if name.endswith("-launcher") or name in ("timm", "datasets")}


def test_the_lock_has_every_dependency_and_names_no_index():
    lock = (ROOT / "requirements.lock").read_text()
    locked = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    extras = PROJECT["optional-dependencies"]
    wanted = names([*PROJECT["dependencies"], *extras["dev"], *extras["demo"], *extras["cluster"]])
    assert wanted - {"winnow-subset"} - locked == set()
    assert not re.search(r"https?:|file:|--index|--find-links", lock)
