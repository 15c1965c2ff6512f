"""Rows that need not fit into memory: how they are asked for, read in chunks and checked."""
