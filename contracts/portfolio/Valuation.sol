// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC4626Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC4626Upgradeable.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {Asset, AssetLib} from "./Asset.sol";
import {ShareMath} from "./ShareMath.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Worth of a portfolio
/// @notice See {IPortfolio}. The first of four files that follow the money: {Valuation} counts what is there,
/// {Redemptions} pays holders who leave without a price or wait for cash, {Trading} runs a rebalance, and {Portfolio}
/// is the ERC-4626 vault.
///
/// LIST
/// - An asset is one word, {Asset}. The settlement token is the first; its word also has the number of all assets.
/// - The listed assets come first, the retired ones after them. Retired assets have no price here: they count for
///   nothing but exits in kind.
///
/// BALANCES
/// - A balance is what the token says, less what is set aside for accounts that have left already.
///
/// PRICES
/// - Everything of a call is appraised at prices that are read once, and the array of prices goes with the result.
/// - `PriceBasis.Live` refuses a frozen price. `PriceBasis.Exit` counts it with its discount: holders may leave at it.
///
/// SHARES
/// - {ShareMath} turns assets into shares and back. The supply that it takes comes from the fee manager, because it
///   counts shares that are owed but do not exist yet.
abstract contract Valuation is IPortfolio, ERC4626Upgradeable, ReentrancyGuardTransient {
    using AssetLib for Asset[];
    using DynamicArrayLib for uint256[];

    /// @dev Prices at which holdings are appraised: those that may be dealt at, or those at which holders may leave.
    enum PriceBasis {
        Live,
        Exit
    }

    /// @param list The listed assets.
    /// @param prices WAD USD.
    /// @param balances Smallest units.
    /// @param values WAD USD.
    /// @param nav Sum of the values, WAD USD.
    /// @param totalAssets The sum in smallest units of the settlement token.
    struct Appraisal {
        Asset[] list;
        uint256[] prices;
        uint256[] balances;
        uint256[] values;
        uint256 nav;
        uint256 totalAssets;
    }

    uint256 private constant _WAD = 1e18;
    uint256 private constant _MAX_ASSETS = 32;

    /// @inheritdoc IPortfolio
    address public immutable oracle;
    /// @inheritdoc IPortfolio
    address public immutable feeManager;

    /// @dev The listed assets, then the retired ones; the first one's word has their number.
    Asset[_MAX_ASSETS] internal _assets;
    mapping(address asset => uint256) internal _indexPlusOne;
    mapping(address asset => uint256) internal _totalClaimable;

    /// @dev Guards as `nonReentrantView` does, but lets the portfolio's own questions to itself through.
    modifier whileStill() {
        if (_reentrancyGuardEntered() && msg.sender != address(this)) revert ReentrancyGuardReentrantCall();
        _;
    }

    constructor(address oracle_, address feeManager_) {
        (oracle, feeManager) = (oracle_, feeManager_);
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function assets() external view returns (address[] memory) {
        return _tokens(_listed());
    }

    /// @inheritdoc IPortfolio
    function allAssets() external view returns (address[] memory) {
        return _tokens(_all());
    }

    /// @inheritdoc IPortfolio
    function isAsset(address asset_) external view returns (bool) {
        uint256 indexPlusOne = _indexPlusOne[asset_];
        return indexPlusOne != 0 && !_assets[indexPlusOne - 1].retired();
    }

    /// @inheritdoc IPortfolio
    function totalClaimable(address asset_) external view returns (uint256) {
        return _totalClaimable[asset_];
    }

    /// @inheritdoc IPortfolio
    function positions()
        external
        view
        nonReentrantView
        returns (address[] memory assets_, uint256[] memory balances, uint256[] memory values, uint256 sharePrice_)
    {
        Appraisal memory a = _appraise(PriceBasis.Live);
        return (_tokens(a.list), a.balances, a.values, _sharePrice(a.totalAssets));
    }

    /// @inheritdoc IPortfolio
    function nav() external view nonReentrantView returns (uint256) {
        return _appraise(PriceBasis.Live).nav;
    }

    /// @inheritdoc IPortfolio
    function sharePrice() external view nonReentrantView returns (uint256) {
        return _sharePrice(_appraise(PriceBasis.Live).totalAssets);
    }

    /// @inheritdoc IERC4626
    function totalAssets() public view override(ERC4626Upgradeable, IERC4626) whileStill returns (uint256) {
        return _appraise(PriceBasis.Live).totalAssets;
    }

    /// @inheritdoc IPortfolio
    function exitAssets() external view nonReentrantView returns (uint256) {
        return _appraise(PriceBasis.Exit).totalAssets;
    }

    // -- The list ----------------------------------------------------------------------------------------------------

    function _all() internal view returns (Asset[] memory list) {
        list = new Asset[](_assets[0].count());
        for (uint256 k; k < list.length; ++k) {
            list[k] = _assets[k];
        }
    }

    /// @return list The listed assets, the settlement token first; the retired ones at the end of the list are left
    /// out.
    function _listed() internal view returns (Asset[] memory list) {
        list = _all();
        uint256 count = list.length;
        while (count != 0 && list[count - 1].retired()) --count;
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    /// @dev Lists an asset that is new or retired, behind the listed ones.
    function _list(address asset_) internal {
        // One without a price would stop everything that needs NAV.
        IPriceOracle(oracle).price(asset_);
        if (asset_ == address(this)) revert Portfolio__InvalidAsset(asset_);
        uint256 indexPlusOne = _indexPlusOne[asset_];
        uint256 listed = _listed().length;
        uint256 count = _assets[0].count();
        if (indexPlusOne == 0) {
            indexPlusOne = ++count;
            if (count > _MAX_ASSETS) revert Portfolio__TooManyAssets(count, _MAX_ASSETS);
            _assets[count - 1] = AssetLib.pack(asset_, 0, false);
        } else if (indexPlusOne <= listed) {
            revert Portfolio__AssetExists(asset_);
        }
        _swap(indexPlusOne - 1, listed);
        _assets[listed] = AssetLib.pack(asset_, IERC20Metadata(asset_).decimals(), _totalClaimable[asset_] != 0);
        _assets[0] = _assets[0].withCount(count);
        emit ListingChanged(asset_, Listing.Listed);
    }

    /// @dev Retires a listed asset, or drops a listed or retired one. The last listed asset takes its place.
    function _unlist(address asset_, Listing listing) internal {
        uint256 index = _indexPlusOne[asset_];
        uint256 listed = _listed().length;
        if (index < 2 || listing == Listing.Retired && index > listed) revert Portfolio__AssetNotListed(asset_);
        --index;
        if (index < listed) {
            _swap(index, listed - 1);
            index = listed - 1;
        }
        if (listing == Listing.Retired) {
            _assets[index] = _assets[index].with(AssetLib.RETIRED);
        } else {
            uint256 last = _assets[0].count() - 1;
            _swap(index, last);
            _assets[last] = Asset.wrap(0);
            _assets[0] = _assets[0].withCount(last);
            _indexPlusOne[asset_] = 0;
        }
        emit ListingChanged(asset_, listing);
    }

    function _swap(uint256 i, uint256 j) private {
        (Asset a, Asset b) = (_assets[i], _assets[j]);
        (_indexPlusOne[a.token()], _indexPlusOne[b.token()]) = (j + 1, i + 1);
        (_assets[i], _assets[j]) = (b, a);
    }

    // -- Appraisal ---------------------------------------------------------------------------------------------------

    function _appraise(PriceBasis basis) internal view returns (Appraisal memory a) {
        a.list = _listed();
        address[] memory tokens = _tokens(a.list);
        a.prices =
            basis == PriceBasis.Exit ? IPriceOracle(oracle).exitPrices(tokens) : IPriceOracle(oracle).prices(tokens);
        (a.balances, a.values, a.nav) = _valued(a.list, a.prices);
        a.totalAssets = _inSettlement(a.nav, a.prices[0], a.list[0].unit());
    }

    function _tokens(Asset[] memory list) internal pure returns (address[] memory tokens) {
        tokens = new address[](list.length);
        for (uint256 k; k < list.length; ++k) {
            tokens[k] = list.get(k).token();
        }
    }

    /// @param unit Smallest units of one whole token.
    /// @return WAD USD.
    function _valueOf(uint256 amount, uint256 price, uint256 unit) internal pure returns (uint256) {
        return FixedPointMathLib.fullMulDiv(amount, price, unit);
    }

    function _balanceOf(Asset info) internal view returns (uint256 balance) {
        bool readable;
        (readable, balance) = SafeTransferLib.checkBalanceOf(info.token(), address(this));
        if (!readable) revert Portfolio__BalanceUnreadable(info.token());
        if (info.hasClaims()) balance = FixedPointMathLib.zeroFloorSub(balance, _totalClaimable[info.token()]);
    }

    function _valued(
        Asset[] memory list,
        uint256[] memory prices
    )
        internal
        view
        returns (uint256[] memory balances, uint256[] memory values, uint256 total)
    {
        balances = new uint256[](list.length);
        values = new uint256[](list.length);
        for (uint256 k; k < list.length; ++k) {
            Asset info = list.get(k);
            uint256 balance = _balanceOf(info);
            uint256 value = _valueOf(balance, prices[k], info.unit());
            (balances, values) = (balances.set(k, balance), values.set(k, value));
            total += value;
        }
    }

    /// @dev Converts WAD USD to smallest units of the settlement token, rounded down.
    function _inSettlement(uint256 value, uint256 settlementPrice, uint256 unit) internal pure returns (uint256) {
        return FixedPointMathLib.fullMulDiv(value, unit, settlementPrice);
    }

    // -- Shares ------------------------------------------------------------------------------------------------------

    function _sharePrice(uint256 totalAssets_) private view returns (uint256) {
        (uint256 supply,) = IFeeManager(feeManager).supplyOf(address(this), totalAssets_, totalSupply());
        return _sharePriceAt(totalAssets_, supply);
    }

    /// @dev A share has six decimals more than the settlement token, so the ratio of raw amounts is too small by that.
    /// @return WAD settlement tokens per share.
    function _sharePriceAt(uint256 totalAssets_, uint256 supply) internal pure returns (uint256) {
        return ShareMath.assetsFor(_WAD * ShareMath.VIRTUAL_SHARES, totalAssets_, supply, Math.Rounding.Floor);
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return ShareMath.OFFSET;
    }
}
