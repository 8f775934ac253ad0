"""What people ask of a map and do to it, with answers that say what happened."""
