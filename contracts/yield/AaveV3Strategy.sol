// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IAavePool, IAaveToken} from "interfaces/yield/IAavePool.sol";
import {IAaveV3Strategy} from "interfaces/yield/IAaveV3Strategy.sol";

/// @title ERC-4626 over one reserve of an Aave V3 pool
/// @notice See {IAaveV3Strategy}.
contract AaveV3Strategy is IAaveV3Strategy, ERC4626, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint256 private constant _RAY = 1e27;
    uint8 private constant _OFFSET = 6;
    uint256 private constant _ACTIVE = 1 << 56;
    uint256 private constant _FROZEN = 1 << 57;
    uint256 private constant _PAUSED = 1 << 60;
    uint256 private constant _CAP_START = 116;
    uint256 private constant _CAP_MASK = (1 << 36) - 1;
    uint256 private constant _DECIMALS_START = 48;
    /// @dev Maximum of one deposit where Aave has no cap, smallest units: arithmetic stays far from overflow.
    uint256 private constant _NO_CAP = type(uint112).max;

    IAavePool private immutable _pool;
    /// @inheritdoc IAaveV3Strategy
    address public immutable aToken;

    /// @inheritdoc IAaveV3Strategy
    uint256 public scaledAssets;

    constructor(
        IAavePool pool_,
        IERC20 asset_,
        string memory name_,
        string memory symbol_
    )
        ERC20(name_, symbol_)
        ERC4626(asset_)
    {
        _pool = pool_;
        aToken = pool_.getReserveData(address(asset_)).aTokenAddress;
        if (aToken == address(0)) revert AaveV3Strategy__NoReserve(address(pool_), address(asset_));
    }

    /// @inheritdoc IAaveV3Strategy
    function pool() external view returns (address) {
        return address(_pool);
    }

    // -- Deposits and withdrawals ------------------------------------------------------------------------------------

    /// @inheritdoc IERC4626
    function deposit(
        uint256 assets,
        address receiver
    )
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256 shares)
    {
        shares = super.deposit(assets, receiver);
        if (shares == 0) revert AaveV3Strategy__ZeroShares();
    }

    /// @inheritdoc IERC4626
    function mint(uint256 shares, address receiver) public override(ERC4626, IERC4626) nonReentrant returns (uint256) {
        if (shares == 0) revert AaveV3Strategy__ZeroShares();
        return super.mint(shares, receiver);
    }

    /// @inheritdoc IERC4626
    function withdraw(
        uint256 assets,
        address receiver,
        address owner
    )
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256)
    {
        if (assets == 0) revert AaveV3Strategy__ZeroAssets();
        return super.withdraw(assets, receiver, owner);
    }

    /// @inheritdoc IERC4626
    function redeem(
        uint256 shares,
        address receiver,
        address owner
    )
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256 assets)
    {
        assets = super.redeem(shares, receiver, owner);
        if (assets == 0) revert AaveV3Strategy__ZeroAssets();
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IERC4626
    function totalAssets() public view override(ERC4626, IERC4626) nonReentrantView returns (uint256) {
        return FixedPointMathLib.fullMulDiv(scaledAssets, _index(), _RAY);
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address) public view override(ERC4626, IERC4626) returns (uint256) {
        IAavePool.ReserveData memory reserve = _pool.getReserveData(asset());
        uint256 map = reserve.configuration;
        if (map & _ACTIVE == 0 || map & (_FROZEN | _PAUSED) != 0) return 0;
        uint256 cap = (map >> _CAP_START & _CAP_MASK) * 10 ** (map >> _DECIMALS_START & 0xff);
        if (cap == 0) return _NO_CAP;
        // Rounded up, a unit beyond Aave's own rounding.
        uint256 supplied = FixedPointMathLib.fullMulDivUp(
            IAaveToken(aToken).scaledTotalSupply() + reserve.accruedToTreasury, _index(), _RAY
        );
        return FixedPointMathLib.min(FixedPointMathLib.zeroFloorSub(cap, supplied), _NO_CAP);
    }

    /// @inheritdoc IERC4626
    function maxMint(address receiver) public view override(ERC4626, IERC4626) returns (uint256) {
        return previewDeposit(maxDeposit(receiver));
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        return FixedPointMathLib.min(previewRedeem(balanceOf(owner)), _cash());
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        uint256 cash = _cash();
        uint256 shares = balanceOf(owner);
        if (previewRedeem(shares) <= cash) return shares;
        return FixedPointMathLib.min(shares, convertToShares(cash));
    }

    /// @inheritdoc IERC4626
    function previewDeposit(uint256 assets) public view override(ERC4626, IERC4626) returns (uint256) {
        return _convertToShares(FixedPointMathLib.zeroFloorSub(assets, _margin()), Math.Rounding.Floor);
    }

    /// @inheritdoc IERC4626
    function previewMint(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256) {
        return _convertToAssets(shares, Math.Rounding.Ceil) + _margin();
    }

    /// @inheritdoc IERC4626
    function previewWithdraw(uint256 assets) public view override(ERC4626, IERC4626) returns (uint256) {
        return _convertToShares(assets + _margin(), Math.Rounding.Ceil);
    }

    /// @inheritdoc IERC4626
    function previewRedeem(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256) {
        return FixedPointMathLib.zeroFloorSub(_convertToAssets(shares, Math.Rounding.Floor), _margin());
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev The base asks `totalAssets`, which is closed while money moves.
    function _convertToShares(uint256 assets, Math.Rounding rounding) internal view override returns (uint256) {
        return Math.mulDiv(assets, totalSupply() + 10 ** _OFFSET, _total() + 1, rounding);
    }

    function _convertToAssets(uint256 shares, Math.Rounding rounding) internal view override returns (uint256) {
        return Math.mulDiv(shares, _total() + 1, totalSupply() + 10 ** _OFFSET, rounding);
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return _OFFSET;
    }

    function _transferIn(address from, uint256 assets) internal override {
        super._transferIn(from, assets);
        uint256 before = IAaveToken(aToken).scaledBalanceOf(address(this));
        IERC20(asset()).forceApprove(address(_pool), assets);
        _pool.supply(asset(), assets, address(this), 0);
        scaledAssets += IAaveToken(aToken).scaledBalanceOf(address(this)) - before;
    }

    function _transferOut(address to, uint256 assets) internal override {
        if (assets == 0) return;
        uint256 before = IAaveToken(aToken).scaledBalanceOf(address(this));
        // It pays exactly what it is asked for, or reverts.
        _pool.withdraw(asset(), assets, to);
        scaledAssets -= before - IAaveToken(aToken).scaledBalanceOf(address(this));
    }

    function _total() private view returns (uint256) {
        return FixedPointMathLib.fullMulDiv(scaledAssets, _index(), _RAY);
    }

    function _index() private view returns (uint256) {
        return _pool.getReserveNormalizedIncome(asset());
    }

    /// @dev Aave has rounded by less than a scaled unit since 3.5, and by at most half of one before: less of the asset
    /// than the index. Whole units of the asset differ by no more than the index rounded up.
    function _margin() private view returns (uint256) {
        return FixedPointMathLib.divUp(_index(), _RAY);
    }

    /// @dev Returns the cash in the reserve, if the reserve pays now. Since 3.1 a pool pays no more than it has counted
    /// in and out itself: amounts that were sent to the aToken cannot be withdrawn.
    function _cash() private view returns (uint256) {
        uint256 map = _pool.getReserveData(asset()).configuration;
        if (map & _ACTIVE == 0 || map & _PAUSED != 0) return 0;
        uint256 held = IERC20(asset()).balanceOf(aToken);
        try _pool.getVirtualUnderlyingBalance(asset()) returns (uint128 counted) {
            return FixedPointMathLib.min(held, counted);
        } catch {
            return held;
        }
    }
}
