"""The commands of ``reobj``, one module each; ``reobj.cli`` puts them together."""
