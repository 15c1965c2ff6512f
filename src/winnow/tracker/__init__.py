"""Where runs are recorded: one module per option of `conf/tracker`."""
