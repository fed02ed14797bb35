// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A board of notes that a keeper is to answer, for tests of keepers
/// @notice It refuses no second answer, so that a keeper which answers twice is found out.
contract NoteBoard {
    event Posted(uint256 indexed id, uint256 postedAt);
    event Answered(uint256 indexed id, address by);

    /// @notice Number of times that a note was answered.
    mapping(uint256 id => uint256 count) public answers;

    /// @notice Posts notes with consecutive ids.
    function post(uint256 first, uint256 count) external {
        for (uint256 id = first; id < first + count; ++id) {
            emit Posted(id, block.timestamp);
        }
    }

    /// @notice Answers a note.
    function answer(uint256 id) external {
        answers[id] += 1;
        emit Answered(id, msg.sender);
    }
}
