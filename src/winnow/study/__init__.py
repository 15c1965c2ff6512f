"""Figures and tables of how a method works: one module per option of `conf/study`."""
