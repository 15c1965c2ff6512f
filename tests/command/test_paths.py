"""The last lines of a command."""

from winnow.command import paths
from winnow.registry import default
from winnow.report.rows import Row
from winnow.tracker.mlflow import MLflow


def command(tmp_path, *lists):
    folder = tmp_path / "state" / "runs" / "now"
    for name in lists:
        (folder / "kept" / name).mkdir(parents=True)
        (folder / "kept" / name / "kept.csv").touch()
    return folder


def test_each_list_of_a_selector_is_named_and_that_of_the_baseline_is_not(tmp_path):
    folder = command(tmp_path, "nearest_k9_b9", "uniform_b9")
    lines = paths.lines(folder, [], default("tracker", "none"))
    assert lines == [f"kept    {folder / 'kept' / 'nearest_k9_b9' / 'kept.csv'}"]


def test_many_lists_are_counted_and_the_one_to_use_is_said(tmp_path):
    folder = command(tmp_path, *(f"nearest_k{k}_b9" for k in range(1, 6)))
    (folder / "kept" / "nearest_k1_b9" / "kept-1.csv").touch()
    many, use = paths.lines(folder, [], default("tracker", "none"))
    assert many == f"kept    {folder / 'kept' / '*' / 'kept.csv'} (5 lists)"
    assert "kept.csv is of repetition 0, the one to use" in use


def test_recorded_runs_can_be_opened_and_paths_are_typed_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    row = Row(0, "ok", "nearest", 9, 9, run_id="a")
    (browse,) = paths.lines(command(tmp_path), [row], default("tracker", "mlflow"))
    assert browse.startswith("browse  python ")
    assert browse.endswith("ui.py")
    assert paths.browse(tmp_path / "other").endswith("ui.py state_dir=other")
    assert paths.browse(tmp_path / "state", "my runs").endswith("ui.py experiment='my runs'")
    server = MLflow(uri="http://me:secret@host:5000")
    assert paths.lines(command(tmp_path), [row], server) == ["browse  http://host:5000"]
