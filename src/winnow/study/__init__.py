"""What a job shows instead of training: one module per option of `conf/study`."""
