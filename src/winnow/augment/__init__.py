"""Random distortions of a batch of images: one module per option of `conf/augment`."""
