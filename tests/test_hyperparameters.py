"""Hyper-parameters stand once: meaning, bounds and default in the class of an option, not in its yaml."""

import json
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path

import pytest
from omegaconf import OmegaConf

CONF = Path(__file__).parents[1] / "conf"
GROUPS = ("embedding", "clusterer", "model", "augment", "study")
OPTIONS = [path for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]


def stage_of(path):
    """Return the class that an option's yaml names, and the settings that the yaml gives besides."""
    settings = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    module, _, name = settings.pop("_target_").rpartition(".")
    return getattr(import_module(module), name), settings


def documented(kind):
    """Return the text of every entry in the Parameters sections of a class and its bases, by name."""
    entries = {}
    for each in reversed(kind.__mro__):
        entries |= parameters_of(each.__dict__.get("__doc__") or "")
    return entries


def parameters_of(docstring):
    """Read the Parameters section of a numpydoc docstring."""
    lines = docstring.split("\n")
    headings = [at for at in range(len(lines) - 1) if lines[at + 1].strip().startswith("---")]
    begins = [at for at in headings if lines[at].strip() == "Parameters"]
    entries, name = {}, ""
    for at in range(begins[0] + 2, len(lines)) if begins else ():
        line = lines[at]
        if at in headings:
            break
        if line.strip() and line.startswith("    ") and not line.startswith("     "):
            name = line.strip().partition(" : ")[0]
            if not name.isidentifier():  # the text after the last entry
                break
            entries[name] = ""
        elif name:
            entries[name] = f"{entries[name]} {line.strip()}".strip()
    return entries


def repeats_default(field, value):
    default = field.default if field.default_factory is MISSING else field.default_factory()
    return default is not MISSING and json.dumps(value) == json.dumps(default)


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", OPTIONS, ids=name_of)
def test_every_hyper_parameter_is_documented_in_its_class_and_nothing_else_is(path):
    kind, _ = stage_of(path)
    entries = documented(kind)
    assert sorted(entries) == sorted(field.name for field in fields(kind))
    assert [name for name, text in entries.items() if len(text.split()) < 3] == []


@pytest.mark.parametrize("path", OPTIONS, ids=name_of)
def test_a_yaml_repeats_no_default_of_the_class(path):
    kind, settings = stage_of(path)
    known = {field.name: field for field in fields(kind)}
    assert [name for name, value in settings.items() if repeats_default(known[name], value)] == []


@pytest.mark.parametrize("path", OPTIONS, ids=name_of)
def test_a_yaml_has_no_comment_that_the_class_should_have(path):
    assert "#" not in path.read_text(encoding="utf-8")


def test_sections_are_read_as_numpydoc_writes_them():
    docstring = """First line.

    Parameters
    ----------
    first
        One line
        and another.

    second
        Text.

    Examples
    --------
    >>> 1
    """
    assert parameters_of(docstring) == {"first": "One line and another.", "second": "Text."}
    assert parameters_of("First line.") == {}


def test_a_repeated_default_is_found_whether_list_or_tuple():
    from winnow.model.mlp import MLP

    (hidden, _) = fields(MLP)
    assert repeats_default(hidden, [200, 100])
    assert not repeats_default(hidden, [200])
