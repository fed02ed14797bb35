// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";

import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";

/// @title Properties that every ERC-4626 vault promises
/// @notice The properties of a16z's public suite (erc4626-tests: functional, rounding, round trips, previews), and that
/// an amount which `max*` names passes. A subclass names the vault, and brings it into some state. Amounts are drawn
/// over all orders of magnitude up to `most`.
abstract contract VaultProperties is Test {
    address internal immutable holder = makeAddr("holder");
    address internal immutable other = makeAddr("other");
    address internal immutable spender = makeAddr("spender");

    /// @notice The vault under test.
    function vault() internal view virtual returns (IERC4626);

    /// @notice Gives an account so much of the vault's asset, which is a stand-in that anyone mints.
    function fund(address account, uint256 amount) internal {
        SettlementToken(vault().asset()).mint(account, amount);
    }

    /// @notice Gains, losses, other holders: anything that can happen to the vault before. `holder` has shares
    /// afterwards.
    function disturb(uint256 seed) internal virtual;

    /// @notice Largest amount of the asset that tests move.
    function most() internal view virtual returns (uint256) {
        return 1e24;
    }

    /// @notice Smallest amount of the asset that leaves the vault: what it is built on may refuse less.
    function least() internal view virtual returns (uint256) {
        return 1;
    }

    /// @notice Shares that a round trip may gain, or that another holder may lose beyond the rounding of a unit.
    function slack() internal view virtual returns (uint256) {
        return 0;
    }

    /// @notice Amount that is tried where `maxDeposit` or `maxMint` report no limit. The suite cannot choose it: the
    /// vault says.
    function endless() internal view virtual returns (uint256) {
        return type(uint256).max;
    }

    // -- Functions that must not revert

    function test_views__any_state__answer(uint256 seed, uint256 amount) public {
        disturb(seed);
        amount = _amount(amount);
        IERC4626 v = vault();
        v.totalAssets();
        v.convertToShares(amount);
        v.convertToAssets(amount);
        v.maxDeposit(holder);
        v.maxMint(holder);
        v.maxWithdraw(holder);
        v.maxRedeem(holder);
        assertTrue(v.asset() != address(0));
    }

    // -- Rounding: conversions and previews never favour the caller

    function test_conversions__any_state__round_down(uint256 seed, uint256 amount) public {
        disturb(seed);
        amount = _amount(amount);
        IERC4626 v = vault();
        assertLe(v.convertToAssets(v.convertToShares(amount)), amount, "assets to shares and back");
        assertLe(v.convertToShares(v.convertToAssets(amount)), amount, "shares to assets and back");
        assertLe(v.previewDeposit(amount), v.convertToShares(amount), "a deposit is worth no more than it converts to");
        assertGe(v.previewMint(amount), v.convertToAssets(amount), "a mint costs no less than it converts to");
        assertGe(v.previewWithdraw(amount), v.convertToShares(amount), "a withdrawal burns no less");
        assertLe(v.previewRedeem(amount), v.convertToAssets(amount), "a redemption pays no more");
    }

    // -- Previews

    function test_deposit__any_amount__no_fewer_shares_than_previewed(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, _least(v.maxDeposit(holder), most()));
        uint256 previewed = v.previewDeposit(amount);
        vm.assume(amount != 0 && previewed != 0);
        uint256 shares = v.balanceOf(holder);
        uint256 spent = _deposit(amount);
        assertGe(v.balanceOf(holder) - shares, previewed);
        assertEq(spent, amount);
    }

    function test_mint__any_amount__no_dearer_than_previewed(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, _least(v.maxMint(holder), v.convertToShares(most())));
        vm.assume(amount != 0);
        uint256 previewed = v.previewMint(amount);
        uint256 shares = v.balanceOf(holder);
        uint256 spent = _mint(amount);
        assertEq(v.balanceOf(holder) - shares, amount);
        assertLe(spent, previewed);
    }

    function test_withdraw__any_amount__no_more_shares_than_previewed(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, v.maxWithdraw(holder));
        vm.assume(amount >= least());
        uint256 previewed = v.previewWithdraw(amount);
        uint256 shares = v.balanceOf(holder);
        uint256 received = _withdraw(amount);
        assertEq(received, amount);
        assertLe(shares - v.balanceOf(holder), previewed);
    }

    function test_redeem__any_amount__no_less_than_previewed(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, v.maxRedeem(holder));
        uint256 previewed = v.previewRedeem(amount);
        vm.assume(amount != 0 && previewed >= least());
        uint256 shares = v.balanceOf(holder);
        uint256 received = _redeem(amount);
        assertEq(shares - v.balanceOf(holder), amount);
        assertGe(received, previewed);
    }

    // -- What max* say passes

    function test_maxWithdraw__any_state__passes(uint256 seed) public {
        disturb(seed);
        uint256 amount = vault().maxWithdraw(holder);
        vm.assume(amount >= least());
        assertEq(_withdraw(amount), amount);
    }

    function test_maxRedeem__any_state__passes(uint256 seed) public {
        disturb(seed);
        IERC4626 v = vault();
        uint256 amount = v.maxRedeem(holder);
        vm.assume(v.previewRedeem(amount) >= least());
        uint256 shares = v.balanceOf(holder);
        _redeem(amount);
        assertEq(shares - v.balanceOf(holder), amount);
    }

    function test_maxDeposit__any_state__passes(uint256 seed) public {
        disturb(seed);
        IERC4626 v = vault();
        uint256 amount = v.maxDeposit(holder);
        if (amount == type(uint256).max) amount = endless();
        vm.assume(amount != 0 && amount <= type(uint128).max && v.previewDeposit(amount) != 0);
        assertEq(_deposit(amount), amount);
    }

    function test_maxMint__any_state__passes(uint256 seed) public {
        disturb(seed);
        IERC4626 v = vault();
        uint256 amount = v.maxMint(holder);
        if (amount == type(uint256).max) amount = endless();
        vm.assume(amount != 0 && amount <= type(uint192).max);
        uint256 shares = v.balanceOf(holder);
        _mint(amount);
        assertEq(v.balanceOf(holder) - shares, amount);
    }

    function test_exits__more_than_max__revert(uint256 seed, uint256 more) public {
        disturb(seed);
        IERC4626 v = vault();
        more = bound(more, 1, most());
        uint256 assets = v.maxWithdraw(holder) + more;
        uint256 shares = v.maxRedeem(holder);
        vm.startPrank(holder);
        (bool ok,) = address(v).call(abi.encodeCall(IERC4626.withdraw, (assets, holder, holder)));
        assertFalse(ok, "withdraw");
        (ok,) = address(v).call(abi.encodeCall(IERC4626.redeem, (v.balanceOf(holder) + more, holder, holder)));
        assertFalse(ok, "redeem");
        vm.stopPrank();
        assertLe(shares, v.balanceOf(holder));
    }

    // -- Round trips never gain

    function test_roundTrip__deposit_redeem(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, _least(v.maxDeposit(holder), most()));
        vm.assume(amount != 0 && v.previewDeposit(amount) != 0);
        uint256 before = v.balanceOf(holder);
        _deposit(amount);
        uint256 shares = _least(v.balanceOf(holder) - before, v.maxRedeem(holder));
        vm.assume(v.previewRedeem(shares) >= least());
        assertLe(_redeem(shares), amount + _slackAssets());
    }

    function test_roundTrip__deposit_withdraw(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, _least(v.maxDeposit(holder), most()));
        vm.assume(amount != 0 && v.previewDeposit(amount) != 0);
        uint256 before = v.balanceOf(holder);
        _deposit(amount);
        vm.assume(amount >= least() && v.maxWithdraw(holder) >= amount);
        _withdraw(amount);
        assertLe(v.balanceOf(holder), before + slack());
    }

    function test_roundTrip__mint_redeem(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, _least(v.maxMint(holder), v.convertToShares(most())));
        vm.assume(amount != 0);
        uint256 spent = _mint(amount);
        vm.assume(v.maxRedeem(holder) >= amount && v.previewRedeem(amount) >= least());
        assertLe(_redeem(amount), spent + _slackAssets());
    }

    function test_roundTrip__mint_withdraw(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, _least(v.maxMint(holder), v.convertToShares(most())));
        vm.assume(amount != 0);
        uint256 before = v.balanceOf(holder);
        uint256 spent = _mint(amount);
        vm.assume(spent >= least() && v.maxWithdraw(holder) >= spent);
        _withdraw(spent);
        assertLe(v.balanceOf(holder), before + slack());
    }

    function test_roundTrip__redeem_deposit(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, v.maxRedeem(holder));
        vm.assume(amount != 0 && v.previewRedeem(amount) >= least());
        uint256 before = v.balanceOf(holder);
        uint256 received = _redeem(amount);
        vm.assume(v.previewDeposit(received) != 0 && v.maxDeposit(holder) >= received);
        _deposit(received);
        assertLe(v.balanceOf(holder), before + slack());
    }

    function test_roundTrip__redeem_mint(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, v.maxRedeem(holder));
        vm.assume(amount != 0 && v.previewRedeem(amount) >= least());
        uint256 received = _redeem(amount);
        vm.assume(v.maxMint(holder) >= amount);
        assertGe(_mint(amount) + _slackAssets(), received);
    }

    function test_roundTrip__withdraw_deposit(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, v.maxWithdraw(holder));
        vm.assume(amount >= least());
        uint256 before = v.balanceOf(holder);
        _withdraw(amount);
        vm.assume(v.previewDeposit(amount) != 0 && v.maxDeposit(holder) >= amount);
        _deposit(amount);
        assertLe(v.balanceOf(holder), before + slack());
    }

    function test_roundTrip__withdraw_mint(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, v.maxWithdraw(holder));
        vm.assume(amount >= least());
        uint256 before = v.balanceOf(holder);
        _withdraw(amount);
        uint256 burnt = before - v.balanceOf(holder);
        vm.assume(burnt != 0 && v.maxMint(holder) >= burnt);
        assertGe(_mint(burnt) + _slackAssets(), amount);
    }

    // -- Others

    /// @dev A deposit or exit of one holder costs no other holder anything, but the rounding of a unit.
    function test_others__any_deposit_and_exit__lose_nothing(uint256 seed, uint256 amount, uint256 part) public {
        disturb(seed);
        IERC4626 v = vault();
        uint256 theirs = v.convertToAssets(v.balanceOf(other));
        amount = _upTo(amount, _least(v.maxDeposit(holder), most()));
        vm.assume(amount != 0 && v.previewDeposit(amount) != 0);
        _deposit(amount);
        assertGe(v.convertToAssets(v.balanceOf(other)) + 1 + _slackAssets(), theirs, "deposit");
        uint256 shares = _upTo(part, v.maxRedeem(holder));
        vm.assume(shares != 0 && v.previewRedeem(shares) >= least());
        _redeem(shares);
        assertGe(v.convertToAssets(v.balanceOf(other)) + 1 + _slackAssets(), theirs, "exit");
    }

    function test_exits__without_allowance__revert(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, v.maxRedeem(holder));
        vm.assume(amount != 0 && v.previewRedeem(amount) >= least());
        uint256 assets = v.previewRedeem(amount);
        vm.startPrank(spender);
        (bool ok,) = address(v).call(abi.encodeCall(IERC4626.redeem, (amount, spender, holder)));
        assertFalse(ok, "redeem");
        (ok,) = address(v).call(abi.encodeCall(IERC4626.withdraw, (assets, spender, holder)));
        assertFalse(ok, "withdraw");
        vm.stopPrank();
    }

    function test_exits__with_allowance__spend_it(uint256 seed, uint256 amount) public {
        disturb(seed);
        IERC4626 v = vault();
        amount = _upTo(amount, v.maxRedeem(holder));
        vm.assume(amount != 0 && v.previewRedeem(amount) >= least());
        vm.prank(holder);
        IERC20(address(v)).approve(spender, amount);
        vm.prank(spender);
        uint256 received = v.redeem(amount, spender, holder);
        assertEq(v.allowance(holder, spender), 0);
        assertEq(IERC20(v.asset()).balanceOf(spender), received);
    }

    // -- Internals

    /// @dev A deposit by whom it is for, of money made for it.
    function enter(address account, uint256 amount) internal {
        fund(account, amount);
        IERC4626 v = vault();
        IERC20 token = IERC20(v.asset());
        vm.startPrank(account);
        token.approve(address(v), amount);
        v.deposit(amount, account);
        vm.stopPrank();
    }

    /// @return Spent.
    function _deposit(uint256 amount) internal returns (uint256) {
        uint256 before = _fund(amount);
        vm.prank(holder);
        vault().deposit(amount, holder);
        return before - _cash();
    }

    /// @return Spent.
    function _mint(uint256 shares) internal returns (uint256) {
        uint256 before = _fund(vault().previewMint(shares));
        vm.prank(holder);
        vault().mint(shares, holder);
        return before - _cash();
    }

    /// @return Received.
    function _withdraw(uint256 amount) internal returns (uint256) {
        uint256 before = _cash();
        vm.prank(holder);
        vault().withdraw(amount, holder, holder);
        return _cash() - before;
    }

    /// @return Received.
    function _redeem(uint256 shares) internal returns (uint256) {
        uint256 before = _cash();
        vm.prank(holder);
        vault().redeem(shares, holder, holder);
        return _cash() - before;
    }

    function _fund(uint256 amount) private returns (uint256) {
        fund(holder, amount);
        IERC20 token = IERC20(vault().asset());
        vm.prank(holder);
        token.approve(address(vault()), type(uint256).max);
        return _cash();
    }

    function _cash() private view returns (uint256) {
        return IERC20(vault().asset()).balanceOf(holder);
    }

    /// @dev Rounded up.
    function _slackAssets() private view returns (uint256) {
        return slack() == 0 ? 0 : vault().convertToAssets(slack()) + 1;
    }

    /// @dev Returns an amount of any order of magnitude.
    function _amount(uint256 seed) internal view returns (uint256) {
        return _upTo(seed, most());
    }

    function _upTo(uint256 seed, uint256 high) internal pure returns (uint256) {
        if (high == 0) return 0;
        uint256 scale = uint256(1) << (seed % 256);
        uint256 top = scale < high ? scale : high;
        return uint256(keccak256(abi.encode(seed))) % top + 1;
    }

    function _least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
