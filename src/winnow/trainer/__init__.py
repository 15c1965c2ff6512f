"""How a network is trained on the kept rows: one module per option of `conf/trainer`."""
