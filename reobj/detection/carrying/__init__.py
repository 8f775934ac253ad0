"""Masks of a key frame carried along with the images that follow it."""
