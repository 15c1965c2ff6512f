"""What reaches Hydra: plain settings of the launchers, and nothing that builds, opens or runs anything."""

from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hypothesis import assume, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from winnow.command._allowed import check_composed, chosen_launcher
from winnow.command._launchers import LAUNCHERS
from winnow.command._typed import Typed, check_words
from winnow.command.launchers import made_ready
from winnow.errors import InvalidValue

CONF = Path(__file__).parents[2] / "conf"


def composed(*words):
    """The `hydra` node that these words lead to, as plain values; nothing of it is built."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        node = compose("config", list(words), return_hydra_config=True).hydra
    return OmegaConf.to_container(node, resolve=False, enum_to_str=True)


@cache
def _shipped(launcher):
    return composed(made_ready(f"hydra/launcher={launcher}"))


def shipped(launcher="basic"):
    return deepcopy(_shipped(launcher))


def check(*arguments):
    """What the command does with what was typed, before Hydra acts."""
    typed = check_words([made_ready(word) for word in arguments])
    node = composed(*typed.words)
    check_composed(node, shipped(chosen_launcher(node)), typed)
    return node


def refused(*arguments):
    """What is refused, whether at the words or as composed, and the one line said about it."""
    with pytest.raises(InvalidValue) as refusal:
        check(*arguments)
    return one_line(refusal.value)


def one_line(error):
    line = str(error)
    assert line.isprintable()
    assert len(line) < 600
    return line


ALLOWED = [
    (),
    ("k=20", "selector=furthest"),
    ("hydra/launcher=basic",),
    ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
    ("hydra/launcher=joblib", "hydra.launcher.pre_dispatch='3*n_jobs'", "hydra.launcher.batch_size=4"),
    ("hydra/launcher=submitit_local", "hydra.launcher.timeout_min=5"),
    ("hydra/launcher=submitit_slurm", "hydra.launcher.timeout_min=5", "hydra.launcher.mem_gb=2"),
    ("hydra/launcher=submitit_slurm", "hydra.launcher.partition='gpu,long'", "hydra.launcher.gres='gpu:2'"),
    ("hydra/launcher=submitit_slurm", "++hydra.launcher.constraint='a100|h100'"),
    ("hydra.mode=MULTIRUN",),
]


@pytest.mark.parametrize("arguments", ALLOWED)
def test_plain_settings_of_the_shipped_launchers_pass(arguments):
    check(*arguments)


@pytest.mark.parametrize("path", sorted((CONF / "experiment").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_experiment_passes(path):
    check(f"experiment={path.stem}")


def test_every_setting_on_the_list_is_one_that_its_launcher_has():
    for launcher, settings in LAUNCHERS.items():
        assert settings.keys() <= shipped(launcher)["launcher"].keys() - {"_target_"}


def test_what_launchers_set_by_default_obeys_the_rules():
    for launcher, settings in LAUNCHERS.items():
        for name, rule in settings.items():
            value = shipped(launcher)["launcher"][name]
            assert rule.holds(value) or "${" in value


VALUES = [
    ("joblib", "n_jobs={_target_: joblib.load}"),
    ("joblib", "n_jobs=true"),
    ("joblib", "n_jobs=${oc.env:HOME}"),
    ("joblib", "pre_dispatch='9**9**9'"),
    ("joblib", "max_nbytes=ext://os.system"),
    ("submitit_slurm", "timeout_min=[1]"),
    ("submitit_slurm", "partition='a\nrm -rf x'"),
    ("submitit_slurm", "partition='$(rm x)'"),
    ("submitit_slurm", "comment='`rm x`'"),
    ("submitit_slurm", "account=ext://os.system"),
    ("submitit_slurm", "name={_target_: joblib.load}"),
    ("submitit_slurm", "gres='${oc.env:HOME}'"),
]


@pytest.mark.parametrize(("launcher", "setting"), VALUES)
def test_a_setting_of_a_launcher_is_a_plain_value(launcher, setting):
    words = (made_ready(f"hydra/launcher={launcher}"), f"hydra.launcher.{setting}")
    check_words(words)
    name = setting.partition("=")[0]
    try:
        node = composed(*words)
    except Exception:  # Hydra itself knows the type of some settings
        node = shipped(launcher)
        node["launcher"][name] = {"_target_": "joblib.load"}
    with pytest.raises(InvalidValue, match=f"hydra.launcher.{name}[^ ]* must ") as refusal:
        check_composed(node, shipped(launcher), Typed(words))
    one_line(refusal.value)


RUN = "{_target_: torch.utils.collect_env.run, command: touch}"
FACTORY = (
    "{version: 1, formatters: {f: {(): torch.utils.collect_env.run, command: touch}}, root: {handlers: []}}"
)
YAMLS = {
    "job_logging": f"job_logging: {FACTORY}",
    "hydra_logging": f"hydra_logging: {FACTORY}",
    "filters": "hydra_logging: {version: 1, filters: {f: {(): os.system}}, root: {handlers: []}}",
    "handlers": "job_logging: {version: 1, handlers: {h: {class: logging.FileHandler, filename: x}}}",
    "env_set": "job: {env_set: {LD_PRELOAD: x.so}}",
    "env_copy": "job: {env_copy: [HOME]}",
    "chdir": "job: {chdir: true}",
    "name": "job: {name: x}",
    "run.dir": "run: {dir: elsewhere}",
    "sweep.dir": "sweep: {dir: elsewhere}",
    "output_subdir": "output_subdir: elsewhere",
    "callbacks": f"callbacks: {{x: {RUN}}}",
    "launcher": "launcher: {_target_: joblib.load}",
    "sweeper": "sweeper: {_target_: joblib.load}",
    "overrides.task": "overrides: {task: ['+hydra.job.env_set.LD_PRELOAD=x.so']}",
    "overrides.hydra": "overrides: {hydra: ['hydra.run.dir=elsewhere']}",
    "params": "sweeper: {params: {hydra.run.dir: elsewhere}}",
    "help": "help: {template: x}",
    "verbose": "verbose: true",
    "choices": "runtime: {choices: {hydra/other: x}}",
}


@pytest.mark.parametrize("name", YAMLS)
def test_a_yaml_from_elsewhere_sets_settings_of_winnow_and_nothing_else(tmp_path, name):
    (tmp_path / "experiment").mkdir()
    path = tmp_path / "experiment" / "theirs.yaml"
    path.write_text("# @package _global_\nk: 30\n")
    assert check("experiment=theirs", "--config-dir", str(tmp_path))
    path.write_text(f"# @package _global_\nk: 30\nhydra:\n  {YAMLS[name]}\n")
    line = refused("experiment=theirs", "--config-dir", str(tmp_path))
    assert line.startswith(f"hydra.{YAMLS[name].partition(':')[0]}.") or f"hydra.{name} must" in line


def choose_theirs(folder, group):
    """Put an option of Hydra's group into a folder, and an experiment that chooses it."""
    for path, text in {
        f"hydra/{group}/theirs.yaml": "_target_: joblib.load\n",
        "experiment/theirs.yaml": f"# @package _global_\ndefaults:\n  - override /hydra/{group}: theirs\n",
    }.items():
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text)
    return "experiment=theirs", "--config-dir", str(folder)


@pytest.mark.parametrize("group", ["launcher", "callbacks", "help", "env", "output"])
def test_options_of_hydra_in_a_folder_from_elsewhere_are_refused(tmp_path, group):
    assert "hydra" in refused(*choose_theirs(tmp_path, group))


@pytest.mark.parametrize("group", ["job_logging", "hydra_logging", "sweeper"])
def test_logging_and_sweeper_are_as_shipped_because_the_shipped_configuration_chooses_it(tmp_path, group):
    assert check(*choose_theirs(tmp_path, group))[group] == shipped()[group]


@pytest.mark.parametrize("name", ["joblib", "winnow_joblib"])
def test_a_launcher_in_a_folder_from_elsewhere_does_not_take_the_place_of_the_shipped_one(tmp_path, name):
    (tmp_path / "hydra" / "launcher").mkdir(parents=True)
    (tmp_path / "hydra" / "launcher" / f"{name}.yaml").write_text("_target_: joblib.load\n")
    node = check("hydra/launcher=joblib", "--config-dir", str(tmp_path))
    assert node["launcher"] == shipped("joblib")["launcher"]


def test_a_launcher_in_a_folder_from_elsewhere_does_not_pass_for_that_of_hydra(tmp_path):
    theirs = choose_theirs(tmp_path, "launcher")
    (tmp_path / "hydra" / "launcher" / "theirs.yaml").rename(tmp_path / "hydra" / "launcher" / "joblib.yaml")
    experiment = tmp_path / "experiment" / "theirs.yaml"
    experiment.write_text(experiment.read_text().replace("launcher: theirs", "launcher: joblib"))
    with pytest.warns(UserWarning, match="is validated against ConfigStore schema"):
        assert "hydra.launcher" in refused(*theirs)


@pytest.mark.parametrize("name", ["a b", "it's", "a,b=c", "back\\slash", "end\\", "end'", "\\\\'\\", "ü[1]"])
def test_a_folder_of_any_name_is_searched(tmp_path, name):
    folder = tmp_path / name
    (folder / "experiment").mkdir(parents=True)
    (folder / "experiment" / "theirs.yaml").write_text("# @package _global_\nhydra: {verbose: true}\n")
    assert "hydra.verbose" in refused("experiment=theirs", f"--config-dir={folder}")


# Every way in which a mapping makes Hydra, `instantiate` or `logging.config` import and call something.
CALLS = st.sampled_from(
    [
        *({key: "os.system"} for key in ("_target_", "()", "class", "cls", "factory")),
        *({"x": text} for text in ("ext://os.system", "cfg://os")),
        {"_target_": "joblib.load", "filename": "x"},
    ]
)


def nested(inner):
    return st.lists(inner, min_size=1, max_size=2) | st.dictionaries(st.text(), inner, min_size=1)


EVIL = st.recursive(CALLS, nested)


def places(node, keys=()):
    """The keys of every mapping in a tree, and one new key in each."""
    for key, value in node.items():
        yield (*keys, key)
        if isinstance(value, dict):
            yield from places(value, (*keys, key))
    yield (*keys, "new")


PLACES = [(launcher, keys) for launcher in LAUNCHERS for keys in places(_shipped(launcher))]


@given(st.sampled_from(PLACES), EVIL)
def test_whatever_could_be_called_is_refused_wherever_it_stands(where, evil):
    launcher, keys = where
    node = shipped(launcher)
    inner = node
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = evil
    with pytest.raises(InvalidValue) as refusal:
        check_composed(node, shipped(launcher), Typed(()))
    assert one_line(refusal.value).startswith(("hydra.", "hydra/launcher"))


@given(st.sampled_from(PLACES), st.none() | st.booleans() | st.integers() | st.text())
def test_a_plain_value_is_refused_wherever_it_is_not_on_the_list(where, value):
    launcher, keys = where
    node = shipped(launcher)
    inner = node
    for key in keys[:-1]:
        inner = inner[key]
    assume(keys[-1] not in inner or repr(inner[keys[-1]]) != repr(value))
    inner[keys[-1]] = value
    on_the_list = (
        (keys[0] == "launcher" and keys[1:] and keys[1] in LAUNCHERS[launcher])
        or keys in {("mode",), ("sweeper", "max_batch_size"), ("job", "override_dirname")}
        or (keys[:2] == ("runtime", "choices") and keys[2:] and not keys[2].startswith("hydra"))
    )
    if not on_the_list:
        with pytest.raises(InvalidValue):
            check_composed(node, shipped(launcher), Typed(()))


def test_one_one_point_zero_and_true_are_three_different_settings():
    for value in (1.0, True, "1", None, [1]):
        with pytest.raises(InvalidValue, match=r"hydra\.x must be left as it is"):
            check_composed(shipped() | {"x": value}, shipped() | {"x": 1}, Typed(()))


def test_a_setting_that_is_gone_is_refused():
    node = shipped()
    del node["job_logging"]
    with pytest.raises(InvalidValue, match=r"hydra\.job_logging must be left as it is, got nothing"):
        check_composed(node, shipped(), Typed(()))


@pytest.mark.parametrize("value", [0, 5000, -5000, 10**9, True, "2", None])
def test_a_number_of_processes_is_one_that_joblib_can_start(value):
    node = shipped("joblib")
    node["launcher"]["n_jobs"] = value
    with pytest.raises(InvalidValue, match=r"hydra\.launcher\.n_jobs must be a whole number from -4096"):
        check_composed(node, shipped("joblib"), Typed(()))
