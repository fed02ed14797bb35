// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregatorV3Interface} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";

/// @title Stand-in for a Chainlink feed
/// @notice Stand-in for tests and local networks: anyone sets any round. Chainlink's own MockV3Aggregator cannot answer
/// a round late (`answeredInRound` below `roundId`), which a feed that has to be refused does.
contract MockFeed is AggregatorV3Interface {
    struct Round {
        int256 answer;
        uint256 startedAt;
        uint256 updatedAt;
        uint80 answeredInRound;
    }

    error MockFeed__NoData(uint80 roundId);

    /// @inheritdoc AggregatorV3Interface
    uint8 public immutable decimals;
    /// @inheritdoc AggregatorV3Interface
    string public description;
    /// @inheritdoc AggregatorV3Interface
    uint256 public constant version = 1;

    uint80 private _latest;
    mapping(uint80 roundId => Round) private _rounds;

    constructor(uint8 decimals_, string memory description_, int256 answer) {
        decimals = decimals_;
        description = description_;
        setAnswer(answer);
    }

    /// @notice Begins a new round that was answered now.
    function setAnswer(int256 answer) public {
        setRound(_latest + 1, answer, block.timestamp, block.timestamp, _latest + 1);
    }

    /// @notice Makes this round the latest, whatever is wrong with it.
    function setRound(
        uint80 roundId,
        int256 answer,
        uint256 startedAt,
        uint256 updatedAt,
        uint80 answeredInRound
    )
        public
    {
        _latest = roundId;
        _rounds[roundId] = Round(answer, startedAt, updatedAt, answeredInRound);
    }

    /// @inheritdoc AggregatorV3Interface
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return _data(_latest);
    }

    /// @inheritdoc AggregatorV3Interface
    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        if (_rounds[roundId].updatedAt == 0) revert MockFeed__NoData(roundId);
        return _data(roundId);
    }

    function _data(uint80 roundId) private view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory round = _rounds[roundId];
        return (roundId, round.answer, round.startedAt, round.updatedAt, round.answeredInRound);
    }
}
