// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregatorV3Interface} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IVaultFeed} from "interfaces/oracle/IVaultFeed.sol";

/// @title Price feed of an ERC-4626 share
/// @notice See {IVaultFeed}.
contract VaultFeed is IVaultFeed {
    uint256 private constant _WAD = 1e18;
    /// @dev Number of shares that the vault is asked about: with one, an asset of few decimals would round the rate
    /// away.
    uint256 private constant _PRECISION = 1e12;
    /// @dev Maximum growth, a hundredfold per year: above it the bound bounds nothing.
    uint256 private constant _MAX_GROWTH = 100 * _WAD / uint256(365 days);

    /// @inheritdoc AggregatorV3Interface
    uint8 public constant decimals = 18;
    /// @inheritdoc AggregatorV3Interface
    uint256 public constant version = 1;

    /// @inheritdoc IVaultFeed
    address public immutable vault;
    /// @inheritdoc IVaultFeed
    address public immutable assetFeed;
    /// @inheritdoc IVaultFeed
    uint256 public immutable growthPerSecond;
    /// @inheritdoc IVaultFeed
    uint256 public immutable interval;
    uint256 private immutable _wholeShare;
    uint256 private immutable _wholeAsset;
    uint256 private immutable _wholePrice;

    /// @inheritdoc AggregatorV3Interface
    string public description;
    uint128 private _base;
    uint40 private _since;

    constructor(
        IERC4626 vault_,
        AggregatorV3Interface assetFeed_,
        uint256 growthPerSecond_,
        uint256 interval_,
        string memory description_
    ) {
        if (growthPerSecond_ > _MAX_GROWTH || interval_ == 0) {
            revert VaultFeed__InvalidBound(growthPerSecond_, interval_);
        }
        (vault, assetFeed) = (address(vault_), address(assetFeed_));
        (growthPerSecond, interval) = (growthPerSecond_, interval_);
        _wholeShare = 10 ** vault_.decimals();
        _wholeAsset = 10 ** IERC20Metadata(vault_.asset()).decimals();
        _wholePrice = 10 ** assetFeed_.decimals();
        description = description_;
        _keep(_rateOf(vault_, _wholeShare, _wholeAsset));
    }

    /// @inheritdoc IVaultFeed
    function checkpoint() external {
        uint256 nextAt = _since + interval;
        if (block.timestamp < nextAt) revert VaultFeed__TooSoon(nextAt, block.timestamp);
        _keep(rate());
    }

    /// @inheritdoc IVaultFeed
    function rate() public view returns (uint256) {
        uint256 grown = FixedPointMathLib.fullMulDiv(_base, growthPerSecond * (block.timestamp - _since), _WAD);
        return FixedPointMathLib.min(liveRate(), _base + grown);
    }

    /// @inheritdoc IVaultFeed
    function liveRate() public view returns (uint256) {
        return _rateOf(IERC4626(vault), _wholeShare, _wholeAsset);
    }

    /// @inheritdoc IVaultFeed
    function lastCheckpoint() external view returns (uint256 base, uint256 timestamp) {
        return (_base, _since);
    }

    /// @inheritdoc AggregatorV3Interface
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        (roundId, answer, startedAt, updatedAt, answeredInRound) = AggregatorV3Interface(assetFeed).latestRoundData();
        // An answer that is no price passes unchanged, and PriceOracle refuses it.
        if (answer > 0) answer = int256(FixedPointMathLib.fullMulDiv(uint256(answer), rate(), _wholePrice));
    }

    /// @inheritdoc AggregatorV3Interface
    function getRoundData(uint80 roundId) external pure returns (uint80, int256, uint256, uint256, uint80) {
        revert VaultFeed__NoHistory(roundId);
    }

    function _rateOf(IERC4626 vault_, uint256 wholeShare, uint256 wholeAsset) private view returns (uint256) {
        return
            FixedPointMathLib.fullMulDiv(vault_.convertToAssets(wholeShare * _PRECISION), _WAD, wholeAsset * _PRECISION);
    }

    function _keep(uint256 base) private {
        if (base == 0 || base > type(uint128).max) revert VaultFeed__NoRate(vault);
        (_base, _since) = (uint128(base), uint40(block.timestamp));
        emit Checkpointed(base, block.timestamp);
    }
}
