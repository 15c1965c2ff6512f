"""What is imported when, each in a process of its own."""

LOOK = """
import sys
from pathlib import Path
from winnow.tracking import MLflow

store = MLflow().open(Path(sys.argv[1]))
print(store.finished("key"), store.reap(), "mlflow" in sys.modules, "sqlalchemy" in sys.modules)
"""

WARM = """
import sys
from pathlib import Path
from winnow.tracking import MLflow

store = MLflow().open(Path(sys.argv[1]))
cold = "mlflow" in sys.modules
store.warm_up()
print(cold, "mlflow" in sys.modules)
"""

LEAN = """
import sys
from pathlib import Path
from winnow.tracking import MLflow

store = MLflow().open(Path(sys.argv[1]))
store.warm_up()
with store.run("name", key="key", params={"k": 3}, tags={}) as run:
    run.text("k: 3", "config.yaml")
    run.metrics({"test_acc_median": 95.0})
print(*{"pandas", "scipy.sparse", "fastapi"} & sys.modules.keys())
import fastapi, pandas, scipy.sparse
print(pandas.DataFrame({"a": [1]}).size, scipy.sparse.csr_matrix([[1]]).nnz, fastapi.Request.__name__)
"""


def test_looking_up_and_reaping_nothing_needs_no_mlflow(store, child):
    with store.run("name", key="key", params={}, tags={}) as run:
        run.metrics({"test_acc_median": 95.0})
    assert child(LOOK, store.state_dir).stdout.split() == [run.id, "0", "False", "False"]


def test_warming_up_imports_mlflow_and_writes_nothing(child, tmp_path):
    assert child(WARM, tmp_path).stdout.split() == ["False", "True"]
    assert list(tmp_path.iterdir()) == []


def test_writing_a_run_imports_nothing_it_does_not_need_and_all_stays_importable(child, tmp_path):
    assert child(LEAN, tmp_path).stdout.splitlines() == ["", "1 1 Request"]
