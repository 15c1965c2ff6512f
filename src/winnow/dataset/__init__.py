"""What is learnt from: one module per option of `conf/dataset`."""
