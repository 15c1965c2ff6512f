"""Networks: one module per option of `conf/model`."""
