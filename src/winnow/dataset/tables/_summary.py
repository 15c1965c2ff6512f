"""Say in one line what was taken how of a table."""

from winnow.dataset._wording import listed, named, quoted
from winnow.dataset.tables._numbers import NumberFormat
from winnow.dataset.tables._opened import OpenedTable
from winnow.dataset.tables._roles import Roles


def summary(opened: OpenedTable, roles: Roles, numbers: NumberFormat | None = None) -> str:
    """Say in one line what was taken how; `numbers` only of a table of features."""
    table, label, labels = opened.table, opened.declared.label, opened.labels
    merged = [
        f"{listed(map(quoted, category.merged))} in {category.column.title} read as numbers"
        for category in roles.categories
        if category.merged
    ]
    numeric = [column.title for column in roles.numbers]
    categories = [f"{each.column.title} ({len(each.values)})" for each in roles.categories]
    parts = [
        f"{named(opened.path.name)}: {len(table):,} rows, {table}" + (f", {numbers}" if numbers else ""),
        f"label {named(label)}, {labels}" if label else "no labels",
        f"numbers ({len(numeric)}): {listed(numeric)}" * bool(numeric),
        f"categories (values): {listed(categories)}" * bool(categories),
        f"left out: {listed(roles.left_out)}" * bool(roles.left_out),
        *labels.notes,
        *merged,
        *roles.notes,
    ]
    return "; ".join(filter(None, parts))
