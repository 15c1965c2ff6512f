"""What winnow is measured by: one module for each row of the table that `scripts/benchmark.py` makes."""
