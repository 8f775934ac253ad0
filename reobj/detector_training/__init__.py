"""Training of detectors: ``reobj train-detector``."""
