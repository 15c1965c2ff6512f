"""The command `winnow`, one module for each of its subcommands."""
