"""Vectors to clusters: one module per option of `conf/clusterer`."""
