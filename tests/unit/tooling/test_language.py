"""The check of doc lines finds fragments where they stand, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.language import doc_lines, main

PYTHON = '''"""Of a pool."""


class Pool:
    """A pool.

    Attributes:
        address: Of the pair.
        fee: Fee in pips.
    """

    async def quote(self) -> int:
        """What it pays."""
        note = "Of nothing."
        return len(note)
'''
SOLIDITY = """/// @title A pool.
contract Pool {
    /// @notice What it pays.
    /// @param token Of the input.
    /// @param amount Smallest units.
    /// @return out Of the output.
    /// @return Smallest units.
    // Of nothing.
    function quote(address token, uint256 amount) external returns (uint256 out, uint256) {}
}
"""


@pytest.mark.parametrize(
    ("name", "text", "fragments"),
    [
        ("pool.py", PYTHON, ["Of a pool.", "Of the pair.", "What it pays."]),
        ("Pool.sol", SOLIDITY, ["What it pays.", "Of the input.", "Of the output."]),
    ],
)
def test_doc_lines__fragments_among_sentences__are_told_apart(
    tmp_path: Path, name: str, text: str, fragments: list[str]
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    lines = doc_lines(file)
    assert [line.text for line in lines if line.is_fragment] == fragments
    assert len(lines) == 6 if name.endswith(".sol") else len(lines) == 5


def test_main__more_fragments_than_allowed__fails_and_lists_them(tmp_path: Path) -> None:
    (tmp_path / "pool.py").write_text(PYTHON, encoding="utf-8")
    done = CliRunner().invoke(main, [str(tmp_path), "--list"])
    assert done.exit_code == 1
    assert f"{tmp_path}/pool.py:12: What it pays." in done.output
    assert "3 of 5 doc lines" in done.output


def test_main__sentences_only__passes(tmp_path: Path) -> None:
    (tmp_path / "pool.py").write_text('"""A pool."""\n', encoding="utf-8")
    done = CliRunner().invoke(main, [str(tmp_path)])
    assert done.exit_code == 0
    assert "0 of 1 doc lines" in done.output
