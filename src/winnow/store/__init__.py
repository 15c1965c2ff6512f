"""What is kept on disk: cached results, their keys and locks, files of kept rows."""
