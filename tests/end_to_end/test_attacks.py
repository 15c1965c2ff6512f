"""A yaml that somebody sends, or one word of a line, runs nothing, opens nothing and writes nothing."""

import pytest

RUN = "{_target_: torch.utils.collect_env.run, command: 'touch MARKER'}"
LOAD = "{_target_: joblib.load, filename: PICKLE}"
READ = "{_target_: pandas.read_pickle, filepath_or_buffer: PICKLE}"
FACTORY = "{version: 1, formatters: {f: {(): torch.utils.collect_env.run, command: 'touch MARKER'}}}"
FILTER = "{version: 1, filters: {f: {(): joblib.load, filename: PICKLE}}}"
HANDLER = "{version: 1, handlers: {h: {class: logging.FileHandler, filename: MARKER}}, root: {handlers: [h]}}"
WRITER = "{version: 1, handlers: {h: {(): builtins.open, file: MARKER, mode: w}}, root: {handlers: [h]}}"

HYDRA_NODES = {
    "formatter": f"job_logging: {FACTORY}",
    "formatter of Hydra's own logging": f"hydra_logging: {FACTORY}",
    "filter": f"hydra_logging: {FILTER}",
    "file handler": f"job_logging: {HANDLER}",
    "file handler of Hydra's own logging": f"hydra_logging: {HANDLER}",
    "handler factory": f"hydra_logging: {WRITER}",
    "callback": f"callbacks: {{x: {RUN}}}",
    "launcher": f"launcher: {LOAD}",
    "below the launcher": f"launcher: {{x: {RUN}}}",
    "sweeper": f"sweeper: {READ}",
    "below the sweeper": f"sweeper: {{x: {RUN}}}",
    "environment": "job: {env_set: {PYTHONPATH: FOLDER, LD_PRELOAD: FOLDER/x.so}}",
    "run.dir": "{run: {dir: FOLDER}, output_subdir: written}",
    "sweep.dir": "{sweep: {dir: FOLDER, subdir: '0'}, output_subdir: written}",
    "output_subdir": "output_subdir: FOLDER/written",
    "searchpath": "searchpath: [pkg://antigravity]",
    "words of every job": "overrides: {task: ['+hydra.job.env_set.PYTHONPATH=FOLDER']}",
}
WORDS = [
    f"+hydra.launcher.x={RUN}",
    f"++hydra.launcher.x={RUN}",
    f"+hydra.sweeper.x={RUN}",
    f"+hydra.sweeper.x={LOAD}",
    f"+hydra.sweeper.x={READ}",
    f"+hydra.callbacks.x={READ}",
    f"++hydra.job_logging.formatters.f={RUN}",
    "hydra.launcher._target_=joblib.load",
    "+hydra.job.env_set.PYTHONPATH=FOLDER",
    "+hydra.job.env_set.LD_PRELOAD=FOLDER/x.so",
    "hydra.run.dir=FOLDER/written",
    "hydra.sweep.dir=FOLDER/written",
    "hydra.output_subdir=FOLDER/written",
    "hydra.searchpath=[file://FOLDER]",
    "hydra.searchpath=[pkg://antigravity]",
    "hydra/job_logging=default",
    "hydra/launcher=theirs",
    f"selector={LOAD}",
    f"+selector.x={LOAD}",
    f"+stranger={LOAD}",
    f"study={RUN}",
    "selector@hydra.callbacks.x=nearest",
    "state_dir=${oc.env:HOME}",
    "data_dir=${oc.env:HOME}",
    "seed=${oc.decode:'1'}",
    "transfer=['${oc.env:HOME}']",
    "+trainer.precision=${hydra:runtime.cwd}",
]
OPTIONS = [
    ("--experimental-rerun", "PICKLE"),
    ("--experimental-rerun=PICKLE",),
    ("--exp", "PICKLE"),
    ("--exp=PICKLE",),
    ("--experimental", "PICKLE"),
    ("--config-path", "FOLDER"),
    ("-cp", "FOLDER"),
    ("--config-name", "theirs"),
    ("-cn=theirs",),
    ("--shell-completion", "install=bash"),
]
EXPERIMENT = "# @package _global_\n"


@pytest.fixture
def attacker(tmp_path_factory):
    return Attacker(tmp_path_factory.mktemp("theirs"))


class Attacker:
    """A folder from elsewhere, with a pickle that leaves a mark when it is loaded."""

    def __init__(self, folder):
        self.folder, self.marker = folder, folder / "marker"
        self.pickle = folder / "evil.pkl"
        self.pickle.write_bytes(f"cos\nsystem\n(S'touch {self.marker}'\ntR.".encode())

    def meant(self, text):
        names = {"MARKER": self.marker, "PICKLE": self.pickle, "FOLDER": self.folder}
        for name, path in names.items():
            text = text.replace(name, str(path))
        return text

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.meant(text))

    def files(self):
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def fails(self, command, *words, folders=True):
        """Run the line, which must end with one line on stderr, having run and written nothing."""
        before = self.files()
        ended = command.run(*map(self.meant, words), timeout=60)
        assert ended.returncode in (1, 2), ended.stdout + ended.stderr
        assert ended.stdout == ""
        assert list(command.folder.iterdir()) == []
        assert self.files() == before
        lines = [line for line in ended.stderr.splitlines() if not line.startswith("checking job ")]
        assert "error: " in lines[-1]
        assert ended.returncode == 2 or len(lines) == 1
        return lines[-1]


def in_turn(attacks):
    """Every other attack on a command of one job, the others on a sweep."""
    return [(attack, ["-m"] * (number % 2)) for number, attack in enumerate(attacks)]


@pytest.mark.parametrize(("name", "mode"), in_turn(HYDRA_NODES))
def test_an_experiment_sets_settings_of_winnow_and_nothing_of_hydra(bare, attacker, name, mode):
    node = HYDRA_NODES[name]
    node = node if node.startswith("{") else f"{{{node}}}"
    attacker.write("experiment/theirs.yaml", f"{EXPERIMENT}hydra: {node}\n")
    line = attacker.fails(bare, "experiment=theirs", "--config-dir=FOLDER", *mode)
    assert "hydra." in line or "BasicLauncherConf" in line  # a schema of Hydra's knows every key of that


def test_an_experiment_chosen_by_a_sweep_is_looked_at_as_closely(bare, attacker):
    attacker.write("experiment/mild.yaml", f"{EXPERIMENT}k: 30\n")
    attacker.write("experiment/theirs.yaml", f"{EXPERIMENT}hydra:\n  callbacks: {{x: {RUN}}}\n")
    words = ("-m", "experiment=mild,theirs", "--config-dir=FOLDER")
    assert "hydra.callbacks" in attacker.fails(bare, *words)


@pytest.mark.parametrize("group", ["selector", "dataset", "tracker", "model"])
def test_an_option_from_elsewhere_cannot_bring_a_class(bare, attacker, group):
    attacker.write(f"{group}/theirs.yaml", LOAD)
    line = attacker.fails(bare, f"{group}=theirs", "--config-dir=FOLDER")
    assert f"{group}._target_ must name a stage of winnow" in line


@pytest.mark.parametrize("group", ["hydra/launcher", "hydra/callbacks", "hydra/env", "hydra/output", "hydra"])
def test_an_option_of_hydra_from_elsewhere_cannot_bring_a_class(bare, attacker, group):
    attacker.write(f"{group}/theirs.yaml", LOAD)
    attacker.write("experiment/theirs.yaml", f"{EXPERIMENT}defaults:\n  - override /{group}: theirs\n")
    attacker.fails(bare, "experiment=theirs", "--config-dir=FOLDER")


NAMES = ("config", "hydra/winnow", "hydra/job_logging/none", "hydra/launcher/winnow_joblib")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_from_elsewhere_does_not_take_the_place_of_a_shipped_one(bare, attacker, name):
    attacker.write(f"{name}.yaml", f"callbacks: {{x: {RUN}}}\nformatters: {{f: {RUN}}}\n")
    said = attacker.fails(bare, "-m", "--config-dir=FOLDER", "hydra/launcher=joblib", "k=abc")
    # Nobody looks at another main file: what is said is about the other fault.
    assert ("k must be a valid integer" if name == "config" else "a yaml must not configure Hydra") in said


@pytest.mark.parametrize(("word", "mode"), in_turn(WORDS))
def test_a_word_runs_nothing_and_writes_nothing(bare, attacker, word, mode):
    attacker.fails(bare, word, *mode)


@pytest.mark.parametrize("option", OPTIONS, ids=" ".join)
def test_an_option_that_would_unpickle_or_change_the_configuration_is_refused(bare, attacker, option):
    # After the settings, as the last words of the line: so the file is taken for the option's value.
    attacker.write("theirs.yaml", "k: 3\n")
    attacker.fails(bare, *option)


SECRET = "geheim/&=1"
ADDRESS = f"tracker.uri='postgresql://wolfgang:{SECRET}@127.0.0.1:1/db'"


@pytest.mark.parametrize(
    "words",
    [
        ["--cfg", "job"],
        ["--cfg", "all"],
        ["--info", "config"],
        ["--info", "all"],
        ["k=abc"],
        ["-m", "k=20,abc"],
        ["-m", "k=20,30"],
        [],
        ["selector.quotta=3"],
        ["data_dir=~/x"],
    ],
    ids=" ".join,
)
def test_the_password_of_a_tracking_store_is_never_shown_or_written(bare, words):
    ended = bare.run(ADDRESS, *words, timeout=60)
    files = [path for path in bare.folder.rglob("*") if path.is_file()]
    for text in [ended.stdout.encode(), ended.stderr.encode(), *(path.read_bytes() for path in files)]:
        assert SECRET.encode() not in text
        assert b"wolfgang" not in text


def test_control_characters_of_a_word_do_not_reach_the_terminal(bare):
    for word in ("data_dir=a\x1b[31mb", "k=\x07", "+a\x1b]0;x=3", "selector=near\nest", "x\x1b[2J"):
        ended = bare.run("dataset=mnist", word, timeout=60)
        assert ended.returncode in (1, 2)
        assert ended.stderr.count("\n") == 1
        assert ended.stderr.removesuffix("\n").isprintable(), ended.stderr
