"""Training losses, one per file, on the base classes of pytorch-metric-learning."""
