// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {Asset, AssetLib} from "./Asset.sol";
import {SafeCallToken} from "./SafeCallToken.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Assets that a portfolio holds
/// @notice See {IPortfolio}. The list of assets, their worth, and legs that could not be sent.
abstract contract Holdings is IPortfolio {
    using AssetLib for Asset[];
    using DynamicArrayLib for uint256[];
    using SafeERC20 for IERC20;

    uint256 private constant _MAX_ASSETS = 32;

    /// @inheritdoc IPortfolio
    address public immutable oracle;

    /// @dev The listed assets, then the retired ones; the first one's word has their number.
    Asset[_MAX_ASSETS] internal _assets;
    mapping(address asset => uint256) private _indexPlusOne;
    mapping(address asset => uint256) private _setAside;
    mapping(address owner => mapping(address asset => uint256)) private _claimable;

    constructor(address oracle_) {
        oracle = oracle_;
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
    function claimable(address asset_, address owner) public view returns (uint256) {
        return _claimable[owner][asset_];
    }

    /// @inheritdoc IPortfolio
    function setAside(address asset_) external view returns (uint256) {
        return _setAside[asset_];
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
        // slither-disable-next-line unused-return (that it answers is what counts)
        IPriceOracle(oracle).price(asset_);
        if (asset_ == address(this)) revert Portfolio__InvalidAsset(asset_);
        uint256 indexPlusOne = _indexPlusOne[asset_];
        uint256 listed = _listed().length;
        // slither-disable-next-line incorrect-equality (not there yet)
        uint256 count = _assets[0].count();
        if (indexPlusOne == 0) {
            indexPlusOne = ++count;
            if (count > _MAX_ASSETS) revert Portfolio__TooManyAssets(count, _MAX_ASSETS);
            _assets[count - 1] = AssetLib.pack(asset_, 0, false);
        } else if (indexPlusOne <= listed) {
            revert Portfolio__AssetExists(asset_);
        }
        _swap(indexPlusOne - 1, listed);
        _assets[listed] = AssetLib.pack(asset_, IERC20Metadata(asset_).decimals(), _setAside[asset_] != 0);
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

    // -- Legs of exits -----------------------------------------------------------------------------------------------

    /// @dev Sends one leg of a redemption, or sets its amount aside if the token refuses.
    function _sendLeg(
        uint256 index,
        Asset info,
        uint256 shares,
        uint256 supply,
        address receiver,
        address owner
    )
        internal
        returns (uint256 amount)
    {
        address asset_ = info.token();
        (bool readable, uint256 balance) = SafeCallToken.balanceOf(asset_, address(this));
        if (!readable || balance > type(uint128).max) {
            emit LegUnreadable(asset_, owner);
            return 0;
        }
        if (info.reserved()) balance = FixedPointMathLib.zeroFloorSub(balance, _setAside[asset_]);
        amount = FixedPointMathLib.fullMulDiv(balance, shares, supply);
        // slither-disable-next-line incorrect-equality (nothing to send)
        if (amount == 0 || SafeCallToken.transfer(asset_, receiver, amount)) return amount;
        _setAsideFor(index, info, owner, amount);
    }

    /// @dev Keeps a part of a balance for an account.
    function _setAsideFor(uint256 index, Asset info, address owner, uint256 amount) internal {
        address asset_ = info.token();
        if (!info.reserved()) _assets[index] = _assets[index].with(AssetLib.RESERVED);
        _setAside[asset_] += amount;
        _claimable[owner][asset_] += amount;
        emit LegSetAside(asset_, owner, amount);
    }

    function _claim(address asset_, address receiver, uint256 amount) internal {
        uint256 most = _claimable[msg.sender][asset_];
        if (amount == 0 || amount > most) revert Portfolio__NothingToClaim(asset_, msg.sender);
        _claimable[msg.sender][asset_] = most - amount;
        uint256 left = _setAside[asset_] - amount;
        _setAside[asset_] = left;
        // What was set aside outlives the listing.
        uint256 indexPlusOne = _indexPlusOne[asset_];
        // slither-disable-next-line incorrect-equality (nothing is left of it, or it is not listed)
        if (left == 0 && indexPlusOne != 0) {
            _assets[indexPlusOne - 1] = _assets[indexPlusOne - 1].without(AssetLib.RESERVED);
        }
        IERC20(asset_).safeTransfer(receiver, amount);
        emit LegClaimed(asset_, msg.sender, receiver, amount);
    }

    // -- Values ------------------------------------------------------------------------------------------------------

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
        if (info.reserved()) balance = FixedPointMathLib.zeroFloorSub(balance, _setAside[info.token()]);
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
}
