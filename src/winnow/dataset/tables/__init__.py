"""Tables: their cells, what each column is, and the matrix that comes of them."""
