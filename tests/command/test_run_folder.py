from datetime import datetime

from winnow.command import run_folder
from winnow.command.run_folder import new_folder


class Noon(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 2, 12, tzinfo=tz)


def test_a_folder_is_named_by_the_time(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "datetime", Noon)
    assert new_folder(tmp_path).name.rpartition("_")[0] == "2026-01-02_12-00-00.000000"
    assert new_folder(tmp_path) != new_folder(tmp_path)


def test_it_comes_after_all_others_whatever_the_clock_says(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "datetime", Noon)
    (tmp_path / "2026-01-02_11-59-59.999999_ffffff").mkdir()
    assert new_folder(tmp_path).name.startswith("2026-01-02_12-00-00.000000_")
    (tmp_path / "2031-05-06_07-08-09.999999_ffffff").mkdir()
    assert new_folder(tmp_path).name.startswith("2031-05-06_07-08-10.000000_")


def test_folders_that_people_made_are_no_commands(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "datetime", Noon)
    for name in ("zoo", "9999-my_old_runs", "9999-12-31_23-59-59.999999_ffffff"):
        (tmp_path / name).mkdir()
    assert new_folder(tmp_path).name.startswith("2026-01-02_12-00-00.000000_")
    (tmp_path / "2031-05-06_07-08-09.000000_ffffff").mkdir()
    assert new_folder(tmp_path).name.startswith("2031-05-06_07-08-09.000001_")
