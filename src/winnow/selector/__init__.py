"""Which rows to keep: one module per option of `conf/selector`."""
