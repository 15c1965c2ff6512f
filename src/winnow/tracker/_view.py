"""Say how MLflow's page of an experiment opens: on a table of runs with the columns that answer.

MLflow keeps a view of that table as JSON in a tag of the experiment, and opens it for an address that names
it. Its own page opens on traces, which winnow has none of, or on a table without any number.
"""

import json

NAME = "winnow"
TAG = f"mlflow.sharedViewState.{NAME}"
COLUMNS = {
    "params.`selector`": 120,
    "params.`k`": 65,
    "params.`budget`": 75,
    "metrics.`test_acc_median`": 135,
    "metrics.`delta_uniform`": 115,
    "metrics.`uniform_median`": 130,
    "params.`dataset`": 100,
}
"""Columns from left to right, with their widths in pixels."""
_FIRST = {"attributes.`Run Name`": 215, "runDateAndNestInfo": 140}
# All runs have the same source, so the latest comes first. In the order of their time, MLflow would fold the
# runs of a sweep away below their parent.
_ORDER = "tags.`mlflow.source.name`"


def state() -> str:
    """Return the view as MLflow reads it.

    >>> json.loads(state())["selectedColumns"][:3]
    ['params.`selector`', 'params.`k`', 'params.`budget`']
    """
    return json.dumps(
        {
            "selectedColumns": list(COLUMNS),
            "columnOrder": [*_FIRST, *COLUMNS],
            "columnWidths": _FIRST | COLUMNS,
            "orderByKey": _ORDER,
            "orderByAsc": False,
        }
    )


def page(address: str, experiment_id: str) -> str:
    """Return where a server at `address` shows the runs of an experiment in this view.

    >>> page("http://127.0.0.1:5000", "1")
    'http://127.0.0.1:5000/#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=winnow'
    """
    view = f"workflowType=machine_learning&viewStateShareKey={NAME}"
    return f"{address}/#/experiments/{experiment_id}/runs?{view}"
