"""Instances from depth alone."""
