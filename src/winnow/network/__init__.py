"""What several groups need of a network: a device, normalised inputs, a plain training loop, predictions."""
