"""Masks recovered from boxes."""
