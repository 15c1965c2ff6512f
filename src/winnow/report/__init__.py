"""Results for people: rows, paired comparisons, tables and figures."""
