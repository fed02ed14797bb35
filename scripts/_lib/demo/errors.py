"""The error that stops the demo, in one line."""


class DemoError(Exception):
    """Something that the demo relies on did not happen: what, and where to look."""
