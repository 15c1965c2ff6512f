"""Images to vectors: one module per option of `conf/embedding`."""
