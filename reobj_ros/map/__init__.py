"""The object map on topics and services."""
