"""What the launch files have in common."""
