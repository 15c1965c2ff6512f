"""Random distortions of a batch: one module per option of `conf/augment`."""
