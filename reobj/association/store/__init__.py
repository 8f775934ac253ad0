"""The long-term map on disk: one SQLite file, written while the robot drives."""
