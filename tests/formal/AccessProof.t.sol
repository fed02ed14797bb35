// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Portfolio} from "contracts/portfolio/Portfolio.sol";
import {IPaymentCallback} from "interfaces/liquidity/IPaymentCallback.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title I1: no other caller moves or frees assets
/// @notice The proofs run any caller with any arguments against the functions that move or free assets.
contract AccessProof is Test {
    Portfolio private _portfolio;
    address private _rebalancer = address(0x1234);
    address private _queue = address(0x5678);
    address private _aggregator = address(3);

    function setUp() public {
        _portfolio = new Portfolio(address(1), address(2), _aggregator, _rebalancer, address(4), _queue);
    }

    function check_I1_onlyTheRebalancerTrades(address caller) public {
        vm.assume(caller != _rebalancer);
        uint256[] memory orders = new uint256[](0);
        assert(!_try(caller, abi.encodeCall(IPortfolio.execute, (orders, IPortfolio.TradeLimits(0, 0, 0, caller)))));
    }

    function check_I1_onlyTheAggregatorIsPaid(address caller, address token, address to, uint256 amount) public {
        vm.assume(caller != _aggregator);
        assert(!_try(caller, abi.encodeCall(IPaymentCallback.payDue, (token, to, amount))));
    }

    /// @dev The aggregator itself gets nothing while no order runs.
    function check_I1_nothingIsPaidOutsideAnOrder(address token, address to, uint256 amount) public {
        vm.assume(amount != 0);
        assert(!_try(_aggregator, abi.encodeCall(IPaymentCallback.payDue, (token, to, amount))));
    }

    function check_I1_onlyTheFactoryLists(address caller, address asset, uint8 listing) public {
        vm.assume(caller != address(this));
        vm.assume(listing < 3);
        assert(!_try(caller, abi.encodeCall(IPortfolio.setListing, (asset, IPortfolio.Listing(listing)))));
    }

    function check_I1_onlyTheQueueBinds(address caller, address owner, uint256 shares) public {
        vm.assume(caller != _queue);
        assert(!_try(caller, abi.encodeCall(IPortfolio.lockForRedemption, (owner, shares))));
    }

    function check_I1_onlyTheQueueSettles(
        address caller,
        address owner,
        address controller,
        uint256 shares,
        uint256 total
    )
        public
    {
        vm.assume(caller != _queue);
        assert(!_try(caller, abi.encodeCall(IPortfolio.settle, (owner, controller, shares, total))));
    }

    function check_I2_onlyTheFactorySetsTheBudget(address caller, uint16 bps, uint40 window) public {
        vm.assume(caller != address(this));
        assert(!_try(caller, abi.encodeCall(IPortfolio.setLossBudget, (bps, window))));
    }

    function _try(address caller, bytes memory data) private returns (bool passed) {
        vm.prank(caller);
        (passed,) = address(_portfolio).call(data);
    }
}
