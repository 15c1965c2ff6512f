"""What a folder, a machine and a cluster can do, tried out, with what to change where it is not enough."""
