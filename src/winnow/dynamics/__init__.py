"""How a network learns all rows: one module per option of `conf/dynamics`."""
