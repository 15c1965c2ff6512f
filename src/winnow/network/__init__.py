"""What any use of a network needs: a device, batches, predictions."""
