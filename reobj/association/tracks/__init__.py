"""Short-term tracks: DeepSORT, vectorised."""
