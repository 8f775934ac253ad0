"""Masks and boxes that another program found."""
