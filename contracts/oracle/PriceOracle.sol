// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregatorV3Interface} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";

/// @title Prices of assets in USD
/// @notice See {IPriceOracle}.
contract PriceOracle is IPriceOracle, AccessManagedUpgradeable, UUPSUpgradeable {
    /// @custom:storage-location erc7201:quantera.storage.PriceOracle
    struct Storage {
        mapping(address asset => Feed) feeds;
        address sequencerFeed;
        uint32 gracePeriod;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.PriceOracle")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0xc3b7bdec49c84fa1efa6d677d5e2df096fbbf27c4d8d0282ebc327bd132d6500;

    uint256 private constant _WAD_DECIMALS = 18;
    uint256 private constant _MAX_DECIMALS = 36;

    constructor() {
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    // -- Feeds -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IPriceOracle
    function setFeed(
        address asset,
        address aggregator,
        uint32 heartbeat,
        uint128 minPrice,
        uint128 maxPrice
    )
        external
        restricted
    {
        if (asset.code.length == 0 || aggregator.code.length == 0) revert PriceOracle__InvalidFeed(asset, aggregator);
        if (heartbeat == 0) revert PriceOracle__ZeroHeartbeat(asset);
        if (minPrice == 0 || maxPrice <= minPrice) revert PriceOracle__InvalidBounds(asset, minPrice, maxPrice);
        uint8 feedDecimals = _supported(aggregator, AggregatorV3Interface(aggregator).decimals());
        uint8 tokenDecimals = _supported(asset, IERC20Metadata(asset).decimals());

        _storage().feeds[asset] = Feed(aggregator, heartbeat, feedDecimals, tokenDecimals, minPrice, maxPrice);
        emit FeedSet(asset, aggregator, heartbeat, minPrice, maxPrice);
    }

    /// @inheritdoc IPriceOracle
    function setSequencerFeed(address feed, uint32 gracePeriod) external restricted {
        if (feed != address(0) && feed.code.length == 0) revert PriceOracle__InvalidFeed(address(0), feed);
        Storage storage $ = _storage();
        ($.sequencerFeed, $.gracePeriod) = (feed, gracePeriod);
        emit SequencerFeedSet(feed, gracePeriod);
    }

    /// @inheritdoc IPriceOracle
    function feedOf(address asset) external view returns (Feed memory) {
        return _storage().feeds[asset];
    }

    /// @inheritdoc IPriceOracle
    function sequencerFeed() external view returns (address feed, uint32 gracePeriod) {
        Storage storage $ = _storage();
        return ($.sequencerFeed, $.gracePeriod);
    }

    // -- Prices ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IPriceOracle
    function price(address asset) external view returns (uint256 wad) {
        _requireSequencer();
        (wad,) = _price(asset);
    }

    /// @inheritdoc IPriceOracle
    function prices(address[] calldata assets) external view returns (uint256[] memory wads) {
        _requireSequencer();
        wads = new uint256[](assets.length);
        for (uint256 i; i < assets.length; ++i) {
            (wads[i],) = _price(assets[i]);
        }
    }

    /// @inheritdoc IPriceOracle
    function values(
        address[] calldata assets,
        uint256[] calldata amounts
    )
        external
        view
        returns (uint256[] memory wads)
    {
        if (assets.length != amounts.length) revert PriceOracle__LengthMismatch(assets.length, amounts.length);
        _requireSequencer();
        wads = new uint256[](assets.length);
        for (uint256 i; i < assets.length; ++i) {
            (uint256 wad, uint256 decimals) = _price(assets[i]);
            wads[i] = FixedPointMathLib.fullMulDiv(amounts[i], wad, 10 ** decimals);
        }
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev Chainlink's uptime feed: answer 0 means up, `startedAt` is when that began, 0 before its first report.
    function _requireSequencer() private view {
        Storage storage $ = _storage();
        (address feed, uint256 gracePeriod) = ($.sequencerFeed, $.gracePeriod);
        if (feed == address(0)) return;
        // slither-disable-next-line unused-return
        (, int256 down, uint256 startedAt,,) = AggregatorV3Interface(feed).latestRoundData();
        if (down != 0 || startedAt == 0) revert PriceOracle__SequencerDown(startedAt);
        if (startedAt > block.timestamp || block.timestamp - startedAt <= gracePeriod) {
            revert PriceOracle__SequencerGracePeriod(startedAt, gracePeriod);
        }
    }

    /// @return wad USD for one whole token.
    /// @return tokenDecimals Of the asset.
    function _price(address asset) private view returns (uint256 wad, uint256 tokenDecimals) {
        Feed storage feed = _storage().feeds[asset];
        (address aggregator, uint256 heartbeat, uint256 feedDecimals) =
            (feed.aggregator, feed.heartbeat, feed.feedDecimals);
        tokenDecimals = feed.tokenDecimals;
        if (aggregator == address(0)) revert PriceOracle__NoFeed(asset);

        // slither-disable-next-line unused-return
        (uint80 roundId, int256 answer,, uint256 updatedAt, uint80 answeredInRound) =
            AggregatorV3Interface(aggregator).latestRoundData();
        if (updatedAt == 0 || answeredInRound < roundId) {
            revert PriceOracle__IncompleteRound(asset, roundId, answeredInRound);
        }
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > heartbeat) {
            revert PriceOracle__StalePrice(asset, updatedAt, heartbeat);
        }
        if (answer <= 0) revert PriceOracle__InvalidAnswer(asset, answer);

        wad = _toWad(uint256(answer), feedDecimals);
        (uint256 minPrice, uint256 maxPrice) = (feed.minPrice, feed.maxPrice);
        if (wad < minPrice || wad > maxPrice) revert PriceOracle__PriceOutOfBounds(asset, wad, minPrice, maxPrice);
    }

    /// @dev Saturates: an answer that overflows is out of any bounds.
    function _toWad(uint256 answer, uint256 decimals) private pure returns (uint256) {
        unchecked {
            return decimals <= _WAD_DECIMALS
                ? FixedPointMathLib.saturatingMul(answer, 10 ** (_WAD_DECIMALS - decimals))
                : answer / 10 ** (decimals - _WAD_DECIMALS);
        }
    }

    function _supported(address source, uint8 decimals) private pure returns (uint8) {
        if (decimals > _MAX_DECIMALS) revert PriceOracle__UnsupportedDecimals(source, decimals);
        return decimals;
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
