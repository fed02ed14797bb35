// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregatorV3Interface} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {FeedWord, FeedWordLib} from "./FeedWord.sol";
import {TradingHours} from "./TradingHours.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";

/// @title Prices of assets in USD
/// @notice See {IPriceOracle}.
contract PriceOracle is IPriceOracle, AccessManagedUpgradeable, UUPSUpgradeable {
    using DynamicArrayLib for uint256[];
    using TradingHours for TradingWindow;

    /// @dev A Feed in storage. Its first slot decides nearly every question.
    struct Source {
        FeedWord word;
        uint128 minPrice;
        uint128 maxPrice;
    }

    struct FrozenPrice {
        uint128 price;
        uint40 since;
    }

    /// @custom:storage-location erc7201:quantera.storage.PriceOracle
    struct Storage {
        mapping(address asset => Source) sources;
        address sequencerFeed;
        uint32 gracePeriod;
        mapping(address asset => Secondary) secondaries;
        mapping(address asset => FrozenPrice) frozen;
        mapping(address asset => TradingWindow) windows;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.PriceOracle")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0xc3b7bdec49c84fa1efa6d677d5e2df096fbbf27c4d8d0282ebc327bd132d6500;

    uint256 private constant _WAD_DECIMALS = 18;
    uint256 private constant _MAX_DECIMALS = 36;
    uint256 private constant _WHOLE_BPS = 10_000;
    uint256 private constant _MAX_DEVIATION_BPS = 5000;
    /// @dev Part of a frozen price at which holders leave.
    uint256 private constant _EXIT_BPS = 9500;
    uint256 private constant _MAX_FREEZE_AGE = 3 days;
    uint256 private constant _MAX_FROZEN_AGE = 7 days;

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

        Source storage source = _storage().sources[asset];
        source.word = source.word.withFeed(aggregator, heartbeat, feedDecimals, tokenDecimals, minPrice, maxPrice)
            .withSureAge(_ageAtAllHours(_storage().windows[asset]));
        (source.minPrice, source.maxPrice) = (minPrice, maxPrice);
        emit FeedSet(asset, aggregator, heartbeat, minPrice, maxPrice);
    }

    /// @inheritdoc IPriceOracle
    function setSecondary(
        address asset,
        address aggregator,
        uint32 heartbeat,
        uint16 maxDeviationBps
    )
        external
        restricted
    {
        Storage storage $ = _storage();
        address primary = _requireFeed(asset).aggregator();
        _flag(asset, FeedWordLib.HAS_SECONDARY, aggregator != address(0));
        if (aggregator == address(0)) {
            delete $.secondaries[asset];
        } else {
            if (aggregator.code.length == 0 || aggregator == primary) {
                revert PriceOracle__InvalidFeed(asset, aggregator);
            }
            if (heartbeat == 0) revert PriceOracle__ZeroHeartbeat(asset);
            if (maxDeviationBps == 0 || maxDeviationBps > _MAX_DEVIATION_BPS) {
                revert PriceOracle__InvalidDeviation(asset, maxDeviationBps);
            }
            uint8 decimals = _supported(aggregator, AggregatorV3Interface(aggregator).decimals());
            $.secondaries[asset] = Secondary(aggregator, heartbeat, decimals, maxDeviationBps);
        }
        emit SecondarySet(asset, aggregator, heartbeat, maxDeviationBps);
    }

    /// @inheritdoc IPriceOracle
    function setTradingWindow(address asset, TradingWindow calldata window) external restricted {
        uint32 heartbeat = _requireFeed(asset).heartbeat();
        bool trades = window.maxAge != 0;
        if (window.maxAge >= heartbeat || !trades && window.closes != 0) {
            revert PriceOracle__InvalidMaxAge(asset, window.maxAge, heartbeat);
        }
        if (!window.valid()) {
            revert PriceOracle__InvalidHours(asset, window.opens, window.closes, window.weekdays);
        }
        Storage storage $ = _storage();
        $.sources[asset].word =
            $.sources[asset].word.with(FeedWordLib.HAS_WINDOW, trades).withSureAge(_ageAtAllHours(window));
        $.windows[asset] = window;
        emit TradingWindowSet(asset, window.maxAge, window.opens, window.closes, window.weekdays);
    }

    /// @inheritdoc IPriceOracle
    function freeze(address asset) external restricted {
        FeedWord word = _requireFeed(asset);
        Storage storage $ = _storage();
        if (word.has(FeedWordLib.FROZEN)) revert PriceOracle__Frozen(asset, $.frozen[asset].since);
        (uint256 wad, uint256 since) = _freezable(asset, word);
        _flag(asset, FeedWordLib.FROZEN, true);
        $.frozen[asset] = FrozenPrice(uint128(wad), uint40(since));
        emit PriceFrozen(asset, wad, since);
    }

    /// @inheritdoc IPriceOracle
    function unfreeze(address asset) external restricted {
        Storage storage $ = _storage();
        if (!$.sources[asset].word.has(FeedWordLib.FROZEN)) revert PriceOracle__NotFrozen(asset);
        _flag(asset, FeedWordLib.FROZEN, false);
        delete $.frozen[asset];
        emit PriceUnfrozen(asset);
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
        Source memory s = _storage().sources[asset];
        FeedWord word = s.word;
        return
            Feed(word.aggregator(), word.heartbeat(), word.feedDecimals(), word.tokenDecimals(), s.minPrice, s.maxPrice);
    }

    /// @inheritdoc IPriceOracle
    function secondaryOf(address asset) external view returns (Secondary memory) {
        return _storage().secondaries[asset];
    }

    /// @inheritdoc IPriceOracle
    function frozenOf(address asset) external view returns (uint256, uint256) {
        FrozenPrice memory f = _storage().frozen[asset];
        return (f.price, f.since);
    }

    /// @inheritdoc IPriceOracle
    function tradingWindowOf(address asset) external view returns (TradingWindow memory) {
        return _storage().windows[asset];
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
        (wad,) = _priceOf(asset, _storage().sources[asset].word);
    }

    /// @inheritdoc IPriceOracle
    function prices(address[] calldata assets) external view returns (uint256[] memory wads) {
        _requireSequencer();
        Storage storage $ = _storage();
        wads = new uint256[](assets.length);
        for (uint256 i; i < assets.length; ++i) {
            address asset = assets[i];
            (uint256 wad,) = _priceOf(asset, $.sources[asset].word);
            wads = wads.set(i, wad);
        }
    }

    /// @inheritdoc IPriceOracle
    function tradingPrices(address[] calldata assets, uint256 traded) external view returns (uint256[] memory wads) {
        _requireSequencer();
        Storage storage $ = _storage();
        wads = new uint256[](assets.length);
        for (uint256 i; i < assets.length; ++i) {
            address asset = assets[i];
            FeedWord word = $.sources[asset].word;
            bool trades = traded >> i & 1 != 0;
            (uint256 wad,) = trades ? _tradingPrice(asset, word) : _priceOf(asset, word);
            wads = wads.set(i, wad);
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
        Storage storage $ = _storage();
        wads = new uint256[](assets.length);
        for (uint256 i; i < assets.length; ++i) {
            FeedWord word = $.sources[assets[i]].word;
            (uint256 wad,) = _priceOf(assets[i], word);
            wads = wads.set(i, FixedPointMathLib.fullMulDiv(amounts[i], wad, 10 ** uint256(word.tokenDecimals())));
        }
    }

    /// @inheritdoc IPriceOracle
    function exitPrices(address[] calldata assets) external view returns (uint256[] memory wads) {
        _requireSequencer();
        Storage storage $ = _storage();
        wads = new uint256[](assets.length);
        for (uint256 i; i < assets.length; ++i) {
            address asset = assets[i];
            FeedWord word = $.sources[asset].word;
            // A discount on the asset that is paid out would pay more of it.
            if (i == 0 || !word.has(FeedWordLib.FROZEN)) {
                (wads[i],) = _priceOf(asset, word);
                continue;
            }
            FrozenPrice memory f = $.frozen[asset];
            if (block.timestamp > f.since + _MAX_FROZEN_AGE) {
                revert PriceOracle__FrozenTooOld(asset, f.since, _MAX_FROZEN_AGE);
            }
            wads[i] = f.price * _EXIT_BPS / _WHOLE_BPS;
        }
    }

    /// @inheritdoc IPriceOracle
    function requireTradable(address[] calldata assets) external view {
        for (uint256 i; i < assets.length; ++i) {
            _tradingPrice(assets[i], _storage().sources[assets[i]].word);
        }
    }

    /// @inheritdoc IPriceOracle
    function primaryPrice(address asset) public view returns (uint256, uint256) {
        return _primary(asset, _storage().sources[asset].word);
    }

    /// @inheritdoc IPriceOracle
    function secondaryPrice(address asset) public view returns (uint256, uint256) {
        Storage storage $ = _storage();
        Secondary memory s = $.secondaries[asset];
        if (s.aggregator == address(0)) revert PriceOracle__NoSecondary(asset);
        return _read(asset, $.sources[asset].word, s.aggregator, s.heartbeat, s.feedDecimals);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev Chainlink's uptime feed: answer 0 means up, `startedAt` is when that began, 0 before its first report.
    function _requireSequencer() private view {
        Storage storage $ = _storage();
        (address feed, uint256 gracePeriod) = ($.sequencerFeed, $.gracePeriod);
        if (feed == address(0)) return;
        (, int256 down, uint256 startedAt,,) = AggregatorV3Interface(feed).latestRoundData();
        if (down != 0 || startedAt == 0) revert PriceOracle__SequencerDown(startedAt);
        if (startedAt > block.timestamp || block.timestamp - startedAt <= gracePeriod) {
            revert PriceOracle__SequencerGracePeriod(startedAt, gracePeriod);
        }
    }

    /// @return wad WAD USD for one whole token.
    /// @return updatedAt Unix seconds of the answer that it comes from.
    function _priceOf(address asset, FeedWord word) private view returns (uint256 wad, uint256 updatedAt) {
        if (word.has(FeedWordLib.FROZEN)) revert PriceOracle__Frozen(asset, _storage().frozen[asset].since);
        return word.has(FeedWordLib.HAS_SECONDARY) ? _crossChecked(asset) : _primary(asset, word);
    }

    function _primary(address asset, FeedWord word) private view returns (uint256 wad, uint256 updatedAt) {
        if (word.aggregator() == address(0)) revert PriceOracle__NoFeed(asset);
        return _read(asset, word, word.aggregator(), word.heartbeat(), word.feedDecimals());
    }

    /// @dev Each feed is asked through a call, so that one that refuses does not take the other down. A caller cannot
    /// starve the first of gas and still pay for the second: one 64th is left.
    function _crossChecked(address asset) private view returns (uint256 wad, uint256 updatedAt) {
        bytes memory why;
        try this.primaryPrice(asset) returns (uint256 primary, uint256 primaryUpdatedAt) {
            (wad, updatedAt) = (primary, primaryUpdatedAt);
        } catch (bytes memory reason) {
            why = reason;
        }
        try this.secondaryPrice(asset) returns (uint256 secondary, uint256 secondaryUpdatedAt) {
            if (wad == 0) return (secondary, secondaryUpdatedAt);
            uint256 most = _storage().secondaries[asset].maxDeviationBps;
            if (FixedPointMathLib.dist(wad, secondary) * _WHOLE_BPS > wad * most) {
                revert PriceOracle__Deviation(asset, wad, secondary, most);
            }
        } catch {
            if (wad != 0) return (wad, updatedAt);
            assembly ("memory-safe") {
                revert(add(why, 32), mload(why))
            }
        }
    }

    /// @dev The hours come first: while a market is closed, its price may be stale, too.
    function _tradingPrice(address asset, FeedWord word) private view returns (uint256 wad, uint256 updatedAt) {
        if (!word.has(FeedWordLib.HAS_WINDOW)) revert PriceOracle__NoTradingWindow(asset);
        uint256 sureAge = word.sureAge();
        if (sureAge == 0) _requireOpen(asset);
        (wad, updatedAt) = _priceOf(asset, word);
        if (block.timestamp <= updatedAt + sureAge) return (wad, updatedAt);
        uint256 maxAge = _storage().windows[asset].maxAge;
        if (block.timestamp > updatedAt + maxAge) {
            revert PriceOracle__TooOldToTrade(asset, updatedAt, maxAge);
        }
    }

    function _requireOpen(address asset) private view {
        TradingWindow memory window = _storage().windows[asset];
        if (!window.isOpen(block.timestamp)) {
            revert PriceOracle__MarketClosed(asset, window.opens, window.closes, window.weekdays);
        }
    }

    /// @return Seconds for which an answer may be traded at, whatever the hour; 0 where the hour counts.
    function _ageAtAllHours(TradingWindow memory window) private pure returns (uint256) {
        return window.closes == 0 ? window.maxAge : 0;
    }

    /// @dev Makes all checks that turn an answer into a price.
    /// @param word The asset's, whose bounds hold for both of its feeds.
    function _read(
        address asset,
        FeedWord word,
        address aggregator,
        uint256 heartbeat,
        uint256 feedDecimals
    )
        private
        view
        returns (uint256 wad, uint256 updatedAt)
    {
        uint80 roundId;
        int256 answer;
        uint80 answeredInRound;
        (roundId, answer,, updatedAt, answeredInRound) = AggregatorV3Interface(aggregator).latestRoundData();
        if (updatedAt == 0 || answeredInRound < roundId) {
            revert PriceOracle__IncompleteRound(asset, roundId, answeredInRound);
        }
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > heartbeat) {
            revert PriceOracle__StalePrice(asset, updatedAt, heartbeat);
        }
        if (answer <= 0) revert PriceOracle__InvalidAnswer(asset, answer);

        wad = _toWad(uint256(answer), feedDecimals);
        if (word.surelyBounds(wad)) return (wad, updatedAt);
        Source storage exact = _storage().sources[asset];
        (uint256 minPrice, uint256 maxPrice) = (exact.minPrice, exact.maxPrice);
        if (wad < minPrice || wad > maxPrice) revert PriceOracle__PriceOutOfBounds(asset, wad, minPrice, maxPrice);
    }

    /// @return wad A price to freeze: the present one, or the primary's last.
    /// @return since Unix seconds of the answer.
    function _freezable(address asset, FeedWord word) private view returns (uint256 wad, uint256 since) {
        (,,, since,) = AggregatorV3Interface(word.aggregator()).latestRoundData();
        if (block.timestamp > since + _MAX_FREEZE_AGE) {
            revert PriceOracle__FrozenTooOld(asset, since, _MAX_FREEZE_AGE);
        }
        if (word.has(FeedWordLib.HAS_SECONDARY)) {
            try this.price(asset) returns (uint256 live) {
                return (live, block.timestamp);
            } catch {}
        }
        (wad,) = _read(asset, word, word.aggregator(), _MAX_FREEZE_AGE, word.feedDecimals());
    }

    function _requireFeed(address asset) private view returns (FeedWord word) {
        word = _storage().sources[asset].word;
        if (word.aggregator() == address(0)) revert PriceOracle__NoFeed(asset);
    }

    function _flag(address asset, uint256 flag, bool on) private {
        Source storage source = _storage().sources[asset];
        source.word = source.word.with(flag, on);
    }

    /// @dev Converts to WAD and saturates: an answer that overflows is out of any bounds.
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
