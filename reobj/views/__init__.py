"""Views: what is stored of every instance in every frame, for training and retrieval."""
