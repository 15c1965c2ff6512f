"""Where the images come from: one module per option of `conf/dataset`."""
