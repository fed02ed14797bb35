"""Gas and timing tables: `python -m tests.bench`.

A group is a module here with `rows(bench) -> list[Row]`; adding the file adds the group.
"""
