"""Topics in: messages joined by stamp, watched, and made into frames."""
