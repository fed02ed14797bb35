// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockFeed} from "./MockFeed.sol";

/// @title Answers many stand-in feeds in one transaction
/// @notice Stand-in for tests and local networks: the closes of a day arrive together.
contract FeedBatch {
    error FeedBatch__LengthMismatch(uint256 feeds, uint256 answers);

    /// @notice Begins a new round of every feed.
    function setAnswers(MockFeed[] calldata feeds, int256[] calldata answers) external {
        if (feeds.length != answers.length) revert FeedBatch__LengthMismatch(feeds.length, answers.length);
        for (uint256 i; i < feeds.length; ++i) {
            feeds[i].setAnswer(answers[i]);
        }
    }
}
