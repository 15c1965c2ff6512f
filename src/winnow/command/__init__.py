"""From a typed line to finished jobs: the checked configuration, a sweep, its jobs, how a command ends."""
