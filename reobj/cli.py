"""The command ``reobj``."""


def main() -> None:
    """Runs the command line."""
