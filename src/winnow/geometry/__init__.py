"""Distances, neighbours and the fast k-means."""
