"""What the documents name is there: files, folders, options, settings, targets of make."""

import re
from pathlib import Path

import pytest

from winnow.command.arguments import CHOICES
from winnow.command.configuration import composed
from winnow.registry import GROUPS, options

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    ROOT / "conf" / "experiment" / "README.md",
    *sorted((ROOT / "scripts" / "results").glob("*.md")),
]
# Two pages also name what is not there: what is gone, and what a hostile configuration asks for.
PRESENT = [page for page in PAGES if page.name not in ("CHANGELOG.md", "refused.md")]
FOLDERS = ("conf", "scripts", "src", "tests")
MADE = ("state", "data", "photos")  # folders that commands make, or that a person brings
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
every_present_page = pytest.mark.parametrize("page", PRESENT, ids=lambda page: str(page.relative_to(ROOT)))


def links(text):
    return re.findall(r"\]\(([^)#:]+)\)", text)


def paths(text):
    """Return what begins with a folder of the repository, as far as it is one name and no pattern."""
    words = re.findall(rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/[\w./*<-]*", text)
    return [word.rstrip(".") for word in words if not {"*", "<"} & set(word)]


def commands(text):
    """Return the words after `python train.py` of every command that a page shows, continued lines joined."""
    joined = re.sub(r" *\\\n *", " ", text)
    return [line.strip() for line in re.findall(r"^    python train\.py ([^#\n]*)", joined, re.MULTILINE)]


@every_page
def test_links_lead_to_files(page):
    found = links(page.read_text(encoding="utf-8"))
    assert [link for link in found if not (page.parent / link).is_file()] == []


@every_page
def test_paths_that_are_named_exist(page):
    found = paths(page.read_text(encoding="utf-8"))
    assert [path for path in found if not (ROOT / path).exists()] == []


@every_present_page
def test_modules_of_the_package_that_are_named_exist(page):
    names = re.findall(r"`(\w+/\w+\.py|[a-z]\w*\.py)`", page.read_text(encoding="utf-8"))
    known = [path.as_posix() for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")] + ["/train.py"]
    assert [name for name in names if not any(path.endswith(f"/{name}") for path in known)] == []


@every_present_page
def test_targets_of_make_that_are_named_exist(page):
    makefile = (ROOT / "Makefile").read_text()
    named = re.findall(r"(?:`|^    )make (\w+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert [target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


@every_present_page
def test_options_in_commands_and_in_the_text_exist(page):
    text = page.read_text(encoding="utf-8").replace("\\\n    ", "")
    chosen = re.findall(rf"(?<![\w./])({'|'.join(GROUPS)})=([\w,]+)", text)
    wrong = [
        f"{group}={option}"
        for group, names in chosen
        for option in names.split(",")
        if option and option not in (*options(group), "none")
    ]
    assert wrong == []


def test_the_table_of_the_readme_has_every_option():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for group in GROUPS:
        rows = re.findall(rf"^\| `{group}`.*$", readme, re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        assert set(options(group)) <= named, group


@pytest.mark.parametrize("words", commands((ROOT / "README.md").read_text(encoding="utf-8")))
def test_commands_of_the_readme_compose(words):
    typed = [word for word in words.split() if word != "-m"]
    if "--help" in typed or any("..." in word for word in typed):
        pytest.skip("not a job, or one with a path that is not given")
    # Of values that are swept, the first: a comma outside brackets separates jobs.
    first = [re.sub(r"^([^=]+=[^,\[]+),.*", r"\1", word) for word in typed]
    plan = composed(ROOT / "conf", first)
    for word in first:
        name, _, value = word.partition("=")
        if name in CHOICES and name != "experiment":
            assert plan.stages.options()[name] == value


def test_a_path_that_is_not_there_is_found():
    assert paths("see `conf/selector/nearest.yaml`, src/winnow/nowhere.py and state/runs.") == [
        "conf/selector/nearest.yaml",
        "src/winnow/nowhere.py",
    ]
    assert links("[a](b.md) and [c](https://d)") == ["b.md"]
    assert commands("    python train.py k=1 \\\n        seeds=2  # two\n") == ["k=1 seeds=2"]
