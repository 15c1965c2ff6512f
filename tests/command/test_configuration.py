"""Every option composes and builds, and nothing that is not a stage of winnow does."""

from pathlib import Path

import pytest
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from winnow.command.arguments import for_hydra
from winnow.command.configuration import build_with, composed, recorded, words_of
from winnow.command.multirun import plans_of
from winnow.errors import InvalidValue
from winnow.registry import GROUPS, name_of

CONF = Path(__file__).parents[2] / "conf"
OPTIONS = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]


def needed_by(group, option):
    """A word for every setting that an option leaves to the person."""
    settings = OmegaConf.to_container(OmegaConf.load(CONF / group / f"{option}.yaml"))
    given = "CIFAR10" if option == "torchvision" else "given"
    return [f"{group}.{name}={given}" for name, value in settings.items() if value == "???"]


@pytest.fixture
def plan():
    return lambda *overrides: composed(CONF, for_hydra(overrides))


@pytest.fixture
def rows_file(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("index,label\n3,1\n5,0\n")
    return path


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_builds(plan, rows_file, group, option):
    needed = [f"subset_file={rows_file}"] if option == "from_file" else needed_by(group, option)
    built = plan(f"{group}={option}", *needed)
    assert name_of(getattr(built.stages, group)) == option


def test_the_budget_follows_k_unless_it_is_given(plan):
    assert plan("k=70").settings.budget == 70
    assert plan("k=70", "budget=700").settings.budget == 700
    assert plan("k=70").stages.clusterer.k == 70


def test_k_can_be_named_after_the_budget(plan):
    settings = plan("k=${budget}", "budget=70").settings
    assert (settings.k, settings.budget) == (70, 70)
    with pytest.raises(InvalidValue, match=r"k=\$\{budget\} \| budget is k unless it is given: type k=600"):
        plan("k=${budget}")


def test_words_are_kept_as_they_were_typed():
    config = OmegaConf.create({"overrides": {"task": ["k=${budget}", "budget=70"]}, "budget": 3})
    assert words_of(config) == ["k=${budget}", "budget=70"]


REFUSED = [
    ("k=0", "k must be greater than or equal to 1, got 0"),
    ("k=-5", "k must be greater than or equal to 1, got -5"),
    ("k=abc", "k must be a valid integer, or a share such as 20%, got 'abc'"),
    ("k=2.7", "k must be a valid integer"),
    ("k=2.0", "k must be a valid integer"),
    ("k=1e3", "k must be a valid integer"),
    ("k=true", "k must be a valid integer, or a share such as 20%, got True"),
    ("budget=0.2", "got 0.2 | budget=0.2 | type budget=20%"),
    ("budget=200%", "budget must be a valid integer, or a share such as 20%, got '200%'"),
    ("budget=20percent", "budget must be a valid integer, or a share such as 20%"),
    ("budget=1/5", "budget must be a valid integer, or a share such as 20%"),
    ("budget=-20%", "budget must be a valid integer, or a share such as 20%"),
    ("dataset=csv dataset.label=y dataset.file=2024", """quotes: 'dataset.file="2024"'"""),
    ("seed=-1", "seed must be greater than or equal to 0, got -1"),
    ("seed=2147483648", "seed must be less than or equal to 2147483647"),
    ("seed=1e20", "seed must be a valid integer"),
    ("seeds=0", "seeds must be greater than or equal to 1"),
    ("n_jobs=0", "n_jobs must be -1"),
    ("deterministic=maybe", "deterministic must be a valid boolean"),
    ("trainer.learning_rate=nan", "trainer.learning_rate must be"),
    ("trainer.learning_rate=inf", "trainer.learning_rate must be"),
    ("trainer.learning_rate=0", "trainer.learning_rate must be greater than 0"),
    ("trainer.optimizer=sgdd", "trainer.optimizer must be 'adamw', 'adam' or 'sgd', got 'sgdd'"),
    ("trainer.match=rows", "trainer.match must be 'steps' or 'epochs', got 'rows'"),
    ("transfer=[3]", "transfer.0 must be a valid string, got 3"),
    ("transfer=null", "transfer must be a valid"),
    (
        "trainer.schedule=maybe",
        "trainer.schedule must be 'cosine', 'constant', 'step' or 'one_cycle', got 'maybe'",
    ),
    ("model=torchvision model.frozen=true", "frozen must be false for random weights, got true"),
    ("+kk=3", "every key must be known, got kk"),
    ("+selector.nam=3", "every key must be known, got selector.nam"),
    ("subset_file=/nothing/here.csv", "subset_file must be a readable file"),
]


@pytest.mark.parametrize(("override", "complaint"), REFUSED)
def test_a_wrong_value_is_refused_in_one_line_that_names_it(plan, override, complaint):
    with pytest.raises(InvalidValue) as refusal:
        plan(*override.split(" "))
    assert complaint in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_near_miss_is_pointed_out(plan):
    with pytest.raises(InvalidValue, match=r"did you mean trainer.learning_rate\?"):
        plan("+trainer.lerning_rate=0.1")


def test_a_setting_of_another_option_says_which_have_it(plan):
    with pytest.raises(InvalidValue, match=r"got selector\.few \| selector\.few \| few is .* selector=auto$"):
        plan("selector=nearest", "+selector.few=30")


def test_a_setting_that_the_yaml_does_not_show_is_written_like_any_other(plan):
    assert plan("selector=el2n", "selector.cutoff=0.1").stages.selector.cutoff == 0.1


def test_a_group_takes_one_option_and_no_list(plan):
    with pytest.raises(InvalidValue, match=r"selector must be one option, got \[nearest,random\]") as refusal:
        plan("selector=[nearest,random]")
    assert "python train.py -m selector=nearest,random" in str(refusal.value)


DANGEROUS = [
    "os.system",
    "subprocess.run",
    "builtins.eval",
    "joblib.load",
    "pandas.read_pickle",
    "torch.load",
    "numpy.load",
    "winnow.store.cache.Cache",
    "winnow.selector.nearest.dataclass",
    "winnow.selector.nearest.equal_quotas",
    "winnow.selector.nearest",
    "winnow.selector.__init__.Nearest",
    "winnow.selector.no_such_module.Nearest",
    "winnow.embedding.pca.PCA",
    "",
]


@pytest.mark.parametrize("target", DANGEROUS)
def test_a_target_that_is_no_selector_of_winnow_is_refused(plan, target):
    with pytest.raises(InvalidValue, match="must name a stage of winnow"):
        plan(f"selector._target_='{target}'")


def test_a_refused_target_is_never_imported(plan, tmp_path, monkeypatch):
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidValue):
        plan("selector._target_=trap.Selector")


def test_a_target_inside_a_stage_is_an_unknown_key(plan):
    with pytest.raises(InvalidValue, match="every key must be known"):
        plan("+selector.inner={_target_: os.system}")


def test_a_scheduler_that_was_typed_is_taken(plan):  # one of a yaml is refused: scripts/refused.py
    typed = plan("clusterer=dask", "clusterer.scheduler='tcp://node1:8786'")
    assert typed.stages.clusterer.scheduler == "tcp://node1:8786"


def test_the_config_of_a_plan_is_kept_resolved(plan):
    kept = OmegaConf.create(plan("k=70").resolved)
    assert (kept.budget, kept.clusterer.k) == (70, 70)


@pytest.mark.parametrize("address", ["postgresql://wolf:geheim@host/db", "http://wolf:geheim@host:5000"])
def test_user_and_password_of_a_store_are_in_nothing_that_is_kept(plan, address):
    word = f"tracker.uri='{address}'"
    made = plan(word, "k=70")
    assert made.stages.tracker.uri == address
    config = OmegaConf.create({"tracker": {"uri": address}})
    command = recorded([word, "k=70"], config)
    for text in (made.resolved, *made.overrides, repr(made.described()), repr(made), command):
        assert "geheim" not in text
        assert "wolf" not in text
    assert "//host" in made.resolved
    assert command.endswith(" k=70")


def test_a_subset_file_brings_its_own_budget(plan, rows_file):
    chosen = plan(f"subset_file={rows_file}", "k=70")
    assert (chosen.settings.k, chosen.settings.budget) == (2, 2)
    assert name_of(chosen.stages.selector) == "from_file"


def test_a_subset_file_is_read_once_for_all_jobs_of_a_command(rows_file):
    words = [f"subset_file={rows_file}", "select_only=true"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        plans = plans_of([[*words, f"seed={seed}"] for seed in (0, 1)], CONF)
        first = next(plans)
        rows_file.unlink()
        (second,) = plans
        changed = build_with(second, {"embedding.components": 2})
    for plan in (first, second, changed):
        assert plan.stages.selector.kept.indices.tolist() == [3, 5]


MODELS = [option for group, option in OPTIONS if group == "model"]


@pytest.mark.parametrize("name", MODELS)
def test_a_network_to_transfer_to_is_the_option_as_its_yaml_has_it(plan, name):
    other = "mlp" if name != "mlp" else "lenet5"
    assert plan(f"model={other}", f"transfer=[{name}]").transfer == {name: plan(f"model={name}").stages.model}


@pytest.mark.parametrize(
    ("written", "networks"),
    [("[]", []), ("mlp", ["mlp"]), ("[mlp,convnet]", ["mlp", "convnet"]), ("[lenet5,mlp,mlp]", ["mlp"])],
)
def test_transfer_is_a_list_or_a_name_and_leaves_out_the_model_itself(plan, written, networks):
    chosen = plan(f"transfer={written}")
    assert list(chosen.transfer) == networks
    assert chosen.described().get("transfer") == (",".join(networks) or None)


def test_results_are_not_written_among_the_images(plan, tmp_path):
    folder = f"dataset.folder={tmp_path}/photos"
    with pytest.raises(InvalidValue, match=r"state_dir must not lie in dataset\.folder, got .*photos/state"):
        plan("dataset=image_folder", folder, f"state_dir={tmp_path}/photos/state")
    beside = plan("dataset=image_folder", folder, f"state_dir={tmp_path}/photos_state")
    assert beside.stages.dataset.folder.endswith("photos")


def test_an_unknown_network_is_refused_with_the_list_of_models(plan):
    with pytest.raises(
        InvalidValue, match=r"transfer must name models, of convnet, lenet5, .*, got 'mpl'"
    ) as refusal:
        plan("transfer=[convnet,mpl]")
    assert "did you mean mlp?" in str(refusal.value)


def test_equal_epochs_and_a_number_of_steps_contradict_each_other(plan):
    assert plan("trainer.match=epochs").stages.trainer.match == "epochs"
    with pytest.raises(
        InvalidValue, match=r"trainer\.steps must be null where trainer\.match=epochs, got 50"
    ):
        plan("trainer.match=epochs", "trainer.steps=50")


def test_what_is_recorded_has_the_option_names_and_every_hyper_parameter(plan):
    described = plan("selector=furthest", "k=70").described()
    names = (
        "dataset",
        "embedding",
        "clusterer",
        "selector",
        "model",
        "augment",
        "k",
        "budget",
        "seeds",
        "seed",
    )
    assert set(names) <= set(described)
    assert (described["selector"], described["k"], described["embedding.components"]) == (
        "furthest",
        "70",
        "64",
    )
