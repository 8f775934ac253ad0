"""Furniture and things, built procedurally: each function makes one product out of random numbers."""
