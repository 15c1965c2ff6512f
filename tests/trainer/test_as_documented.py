"""A training is an ordinary one of Lightning: settings, callbacks, loggers and counters do what they say."""

import copy

import numpy as np
import pytest
import torch
from pytorch_lightning import Callback
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger

from winnow.augment.none import Unchanged
from winnow.errors import InvalidValue, WinnowError
from winnow.model.mlp import MLP
from winnow.network.device import check_compiles
from winnow.streams import Streams
from winnow.trainer._callbacks import LossCurve, moving_average
from winnow.trainer._data import KeptRows
from winnow.trainer._run import reading
from winnow.trainer.lightning import Lightning
from winnow.types import Subset

pytestmark = pytest.mark.filterwarnings("ignore:::pytorch_lightning")


def parts(dataset, trainer, rows=32):
    """The module and the rows of a training in batches of 8, with a linear network."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(28 * 28, 2))
    subset = Subset.of(np.arange(rows))
    return trainer.module(network), KeptRows(dataset, subset, Unchanged(), Streams(0, 0), batch_size=8)


class Watcher(Callback):
    """A user's own callback."""

    def __init__(self):
        self.steps, self.gradients, self.metrics, self.epochs, self.dtypes = [], [], [], 0, set()

    def on_before_optimizer_step(self, trainer, module, optimizer):
        norms = [parameter.grad.norm() for parameter in module.parameters()]
        self.gradients.append(float(torch.stack(norms).norm()))

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.steps.append(trainer.global_step)
        self.metrics.append(float(outputs["loss"]))

    def on_train_epoch_end(self, trainer, module):
        self.epochs += 1


def watched(dataset, callbacks=(), **settings):
    chosen = Lightning(**({"steps": 10, "batch_size": 8} | settings))
    module, rows = parts(dataset, chosen)
    watcher, curve = Watcher(), LossCurve()
    trainer = chosen.trainer(chosen.steps_for(32), [watcher, curve, *callbacks])
    trainer.fit(module, rows)
    return watcher, curve, trainer, module


def test_a_callback_sees_every_step_and_every_epoch(stripes):
    watcher, curve, trainer, _ = watched(stripes)
    assert watcher.steps == list(range(1, 11))
    assert watcher.epochs == 3  # of four batches; the third is cut short
    assert trainer.global_step == 10
    np.testing.assert_allclose(watcher.metrics, curve.losses)


def test_accumulated_batches_are_averaged_for_one_step(stripes):
    # Two batches of 8 that are averaged have the gradient of one batch of 16.
    halves = Lightning(steps=1, batch_size=8, accumulate_grad_batches=2)
    whole = Lightning(steps=1, batch_size=16)
    weights, losses = [], []
    for chosen in (halves, whole):
        torch.manual_seed(0)
        network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(28 * 28, 2))
        subset = Subset.of(np.arange(16))
        rows = KeptRows(stripes, subset, Unchanged(), Streams(0, 0), batch_size=chosen.batch_size)
        curve = LossCurve()
        trainer = chosen.trainer(1, [curve])
        trainer.fit(chosen.module(network), rows)
        assert trainer.global_step == 1
        weights.append(copy.deepcopy(network[1].weight.data))
        losses.append(curve.losses)
    torch.testing.assert_close(weights[0], weights[1], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_the_step_counter_counts_optimiser_steps_not_batches(stripes):
    watcher, curve, trainer, _ = watched(stripes, accumulate_grad_batches=2, steps=5)
    assert watcher.steps == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert trainer.global_step == len(curve.losses) == 5
    np.testing.assert_allclose(curve.losses, np.reshape(watcher.metrics, (5, 2)).sum(axis=1), rtol=1e-6)


def test_gradients_are_clipped_to_their_largest_norm(stripes):
    free, _, _, _ = watched(stripes, steps=3)
    norm = min(free.gradients) / 2
    clipped, _, _, _ = watched(stripes, steps=3, gradient_clip_val=norm)
    # A callback sees gradients before they are clipped: the first is the same, what follows is another path.
    assert clipped.gradients[0] == free.gradients[0]

    norms = []

    class AfterClipping(Callback):
        def on_before_zero_grad(self, trainer, module, optimizer):
            if module.network[1].weight.grad is not None:
                norms.append(float(torch.stack([p.grad.norm() for p in module.parameters()]).norm()))

    watched(stripes, [AfterClipping()], steps=3, gradient_clip_val=norm)
    assert norms == pytest.approx([norm] * len(norms), rel=1e-4)
    assert len(norms) >= 2


def test_mixed_precision_computes_in_bfloat16_and_keeps_weights_in_float32(stripes):
    dtypes = set()

    class Scores(Callback):
        def on_fit_start(self, trainer, module):
            module.network.register_forward_hook(lambda layer, given, scores: dtypes.add(scores.dtype))

    _, curve, _, module = watched(stripes, [Scores()], precision="bf16-mixed")
    assert dtypes == {torch.bfloat16}
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
    full = watched(stripes)[1]
    np.testing.assert_allclose(curve.losses, full.losses, rtol=0.2)
    assert not np.array_equal(curve.losses, full.losses)


def test_the_learning_rate_follows_the_schedule_step_by_step(stripes):
    rates = []

    class Rates(Callback):
        def on_before_optimizer_step(self, trainer, module, optimizer):
            rates.append(optimizer.param_groups[0]["lr"])

    watched(stripes, [Rates()], learning_rate=1.0, warmup=0.2)
    # Two steps of warm-up, then (1 + cos(pi * t / 8)) / 2 for t = 0, 1, ... 7.
    falling = [(1 + np.cos(np.pi * t / 8)) / 2 for t in range(8)]
    assert rates == pytest.approx([0.5, 1.0, *falling])


def test_a_logger_and_checkpoints_of_lightning_work(stripes, tmp_path):
    import pytorch_lightning

    chosen = Lightning(steps=10, batch_size=8)
    module, rows = parts(stripes, chosen)
    trainer = pytorch_lightning.Trainer(
        accelerator="cpu",
        max_steps=10,
        logger=CSVLogger(tmp_path, "log", version=0),
        callbacks=[ModelCheckpoint(tmp_path, filename="last")],
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, rows)
    lines = (tmp_path / "log" / "version_0" / "metrics.csv").read_text().splitlines()
    assert len(lines) == 1 + 10
    assert "train_loss" in lines[0]
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert saved["global_step"] <= 10
    assert saved["hyper_parameters"]["learning_rate"] == 0.006


@pytest.mark.parametrize("name", ["SLURM_JOB_ID", "SLURM_NTASKS"])
def test_variables_of_slurm_change_nothing(stripes, monkeypatch, name):
    monkeypatch.setenv(name, "4")
    monkeypatch.setenv("SLURM_JOB_NAME", "a job")
    _, curve, trainer, _ = watched(stripes, steps=3)
    assert (len(curve.losses), trainer.world_size) == (3, 1)


def test_a_network_is_compiled_once_and_what_was_compiled_is_trained(stripes, monkeypatch):
    compiled = []

    def compile_(network):  # the real one takes a quarter of a minute
        compiled.append(network)
        return torch.nn.Sequential(network)

    monkeypatch.setattr(torch, "compile", compile_)
    _, curve, _, module = watched(stripes, compile=True)
    assert compiled == [module.network]
    assert len(list(module.parameters())) == 2
    np.testing.assert_array_equal(curve.losses, watched(stripes)[1].losses)


def test_a_compiler_that_is_missing_is_named_before_anything_is_trained(monkeypatch):
    def compile_(network):
        raise RuntimeError("no\ncompiler")

    monkeypatch.setattr(torch, "compile", compile_)
    check_compiles.cache_clear()
    with pytest.raises(InvalidValue, match=r"must be compiled by .*, got no compiler") as caught:
        Lightning(compile=True).check_device()
    assert caught.value.where == "trainer.compile=true"
    Lightning(compile=False).check_device()


def test_a_process_that_reads_batches_and_dies_is_named_with_a_hint_at_memory():
    with pytest.raises(WinnowError, match="a process that reads batches died") as caught, reading(2):
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")
    assert "memory" in str(caught.value)
    with pytest.raises(RuntimeError, match="something else"), reading(2):
        raise RuntimeError("something else")


def test_the_average_of_the_weights_is_what_is_left_in_the_network(stripes):
    weights = []

    class Weights(Callback):
        def on_train_batch_end(self, trainer, module, *_):
            weights.append(module.network[1].weight.detach().clone())

    _, _, _, module = watched(stripes, [moving_average(0.75), Weights()], steps=3)
    # The first is taken as it is; each later one counts a quarter.
    first, second, third = weights
    expected = 0.75 * (0.75 * first + 0.25 * second) + 0.25 * third
    torch.testing.assert_close(module.network[1].weight, expected)


def test_the_average_is_used_where_it_is_asked_for(stripes):
    rows, model = Subset.of(np.arange(32)), MLP((4,))
    one, other = (
        Lightning(steps=9, ema_decay=decay).train(stripes, rows, model, Unchanged(), Streams(0, 0))
        for decay in (0.0, 0.9)
    )
    np.testing.assert_array_equal(one.losses, other.losses)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_half_precision_is_refused_on_a_cpu(stripes):
    rows = Subset.of(np.arange(8))
    with pytest.raises(InvalidValue, match="must be 32-true or bf16-mixed on a CPU, got 16-mixed"):
        Lightning(precision="16-mixed").train(stripes, rows, MLP(), Unchanged(), Streams(0, 0))


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"match": "epochs", "steps": 5}, "steps must be null where trainer.match=epochs, got 5"),
        ({"ema_decay": 0.9, "validation_fraction": 0.1}, "ema_decay must be 0 where"),
    ],
    ids=str,
)
def test_settings_that_do_not_go_together_are_refused(settings, rule):
    Lightning().check()
    with pytest.raises(InvalidValue, match=rule):
        Lightning(**settings).check()


def test_settings_that_change_no_number_are_no_part_of_a_key():
    plain = Lightning()
    assert repr(plain) == repr(Lightning(num_workers=4, rows_in_memory=0.5, checkpoint_minutes=1.0))
    assert repr(plain) != repr(Lightning(devices=2))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_the_same_path(stripes):
    _, on_cpu, _, _ = watched(stripes, accelerator="cpu")
    _, on_gpu, trainer, _ = watched(stripes, accelerator="gpu")
    assert trainer.strategy.root_device.type == "cuda"
    np.testing.assert_allclose(on_gpu.losses, on_cpu.losses, rtol=1e-2)
