"""Files of images: which there are, what their headers say, and their pixels at one size."""
