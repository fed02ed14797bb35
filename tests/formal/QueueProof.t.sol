// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {RedemptionQueue} from "contracts/portfolio/RedemptionQueue.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @notice Stands in for a portfolio and for everything that the queue asks about it: its oracle, book, engine and
/// asset. It binds as it is told and burns as much of an owner's shares as was set.
contract MockPortfolio {
    RedemptionQueue private immutable _queue;
    mapping(address owner => uint256) public queuedShares;
    mapping(address owner => uint256) public burntOf;
    mapping(address owner => uint256) private _burns;
    bool private _refuses;

    constructor(RedemptionQueue queue) {
        _queue = queue;
    }

    /// @param shares Number of shares that there is cash for.
    function set(address owner, uint256 shares) external {
        _burns[owner] = shares;
    }

    function refuse() external {
        _refuses = true;
    }

    /// @dev Frees shares as an exit in kind that needs them does.
    function free(address owner) external {
        queuedShares[owner] = 0;
    }

    function lockForRedemption(address owner, uint256 shares) external {
        require(msg.sender == address(_queue));
        queuedShares[owner] = shares;
    }

    /// @dev Burns as Portfolio does: no more than asked, nothing where there is no cash.
    function settle(address owner, address, uint256 shares, uint256) external returns (uint256 burnt, uint256 assets_) {
        require(msg.sender == address(_queue) && !_refuses);
        burnt = _burns[owner];
        if (burnt > shares) burnt = shares;
        if (burnt == 0) return (0, 0);
        queuedShares[owner] -= burnt;
        burntOf[owner] += burnt;
        assets_ = 1;
    }

    function asset() external view returns (address) {
        return address(this);
    }

    function oracle() external view returns (address) {
        return address(this);
    }

    function feeManager() external view returns (address) {
        return address(this);
    }

    function riskEngine() external view returns (address) {
        return address(this);
    }

    function price(address) external pure returns (uint256) {
        return 1e18;
    }

    function decimals() external pure returns (uint8) {
        return 6;
    }

    function previewRedeem(uint256) external pure returns (uint256) {
        return 10e6;
    }

    function totalAssets() external pure returns (uint256) {
        return 100e6;
    }

    function isFair(address, uint256) external pure returns (bool) {
        return true;
    }

    function stateOf(address) external pure returns (IRiskEngine.State) {
        return IRiskEngine.State.Normal;
    }
}

/// @title Q1, Q2: requests keep their shares, their order and their owners
/// @notice The queue's own code runs over a portfolio with two requests, which may run out of gas between them; shares
/// are any number of 128 bits, callers any account. `QueueInvariant.t.sol` has more requests than two.
contract QueueProof is Test {
    /// @notice The portfolio's ERC-7540 vault, which asks whether its own caller may.
    address public constant VAULT = address(0x7540);

    RedemptionQueue private _queue;
    MockPortfolio private _portfolio;
    address private _first = address(0xA11CE);
    address private _second = address(0xB0B);
    address private _controller = address(0xC0FFEE);
    uint256 private _retiredAt;

    function setUp() public {
        vm.warp(1000);
        _queue = new RedemptionQueue();
        _portfolio = new MockPortfolio(_queue);
    }

    // Answers to what the queue asks its factory.
    function isPortfolio(address account) external view returns (bool) {
        return account == address(_portfolio);
    }

    function vaultOf(address) external pure returns (address) {
        return VAULT;
    }

    function heldRetiredAt(address) external view returns (uint256) {
        return _retiredAt;
    }

    // -- Shares are conserved

    /// @dev After any fill, in part or whole, the shares that wait are the requested ones less the burnt ones, and they
    /// are the bound ones.
    function check_Q1_fillingBurnsWhatWaited(uint128 a, uint128 b, uint128 burnA, uint128 burnB) public {
        (uint256 first, uint256 second) = _ask(a, b);
        _fill(burnA, burnB, 2);
        assert(_pending(first, _first) == a - _portfolio.burntOf(_first));
        assert(_pending(second, _second) == b - _portfolio.burntOf(_second));
        assert(_portfolio.queuedShares(_first) == _pending(first, _first));
        assert(_portfolio.queuedShares(_second) == _pending(second, _second));
    }

    /// @dev A request that is refused, or is older than a retirement, waits on or is free again, and nothing is paid.
    function check_Q1_whatIsReturnedIsFree(uint128 a, uint128 b, bool retired) public {
        (uint256 first, uint256 second) = _ask(a, b);
        if (retired) _retiredAt = block.timestamp;
        else _portfolio.refuse();
        _fill(a, b, 2);
        (uint256 leftA, uint256 leftB) = (_pending(first, _first), _pending(second, _second));
        assert(_portfolio.burntOf(_first) == 0 && _portfolio.burntOf(_second) == 0);
        assert((leftA == 0 || leftA == a) && (leftB == 0 || leftB == b));
        // The second is looked at after the first.
        if (leftB == 0) assert(leftA == 0);
        assert(_portfolio.queuedShares(_first) == leftA && _portfolio.queuedShares(_second) == leftB);
    }

    /// @dev One owner has two requests: the one that is cancelled frees its own shares, and cannot be cancelled twice.
    function check_Q1_cancellingFreesItsOwn(uint128 a, uint128 b) public {
        vm.assume(a != 0 && b != 0);
        uint256 id = _request(_first, _first, a);
        uint256 other = _request(_first, _first, b);
        vm.prank(_first);
        assert(_queue.cancelRedeemRequest(id) == a);
        assert(_portfolio.queuedShares(_first) == b && _pending(other, _first) == b && _pending(id, _first) == 0);
        assert(!_cancels(_first, id));
    }

    /// @dev An exit in kind ends all of an owner's requests: none is filled nor binds anything again, and the next one
    /// counts by itself.
    function check_Q1_whatAnExitEndedStaysEnded(uint128 a, uint128 again, uint128 burn) public {
        vm.assume(a != 0 && again != 0);
        uint256 ended = _request(_first, _first, a);
        _portfolio.free(_first);
        assert(_pending(ended, _first) == 0);
        uint256 id = _request(_first, _first, again);
        assert(_portfolio.queuedShares(_first) == again && _pending(ended, _first) == 0);
        assert(!_cancels(_first, ended));
        _fill(burn, 0, 2);
        assert(_pending(id, _first) == again - _portfolio.burntOf(_first));
        assert(_portfolio.queuedShares(_first) == _pending(id, _first));
    }

    // -- Order

    /// @dev The second request gets something only once the first has all; the number of requests to look at changes
    /// nothing of that.
    function check_Q2_theFirstIsPaidFirst(uint128 a, uint128 b, uint128 burnA, uint128 burnB, uint8 most) public {
        vm.assume(most < 4);
        _ask(a, b);
        _fill(burnA, burnB, most);
        if (_portfolio.burntOf(_second) != 0) assert(_portfolio.burntOf(_first) == a);
    }

    // -- Who may

    /// @dev No account may request but the owner, its operators, and the portfolio's vault, which has asked the same of
    /// its caller.
    function check_Q1_nobodyElseAsks(address caller, address owner, address controller, uint128 shares) public {
        vm.assume(caller != owner && caller != VAULT);
        vm.prank(caller);
        (bool passed,) =
            address(_queue).call(abi.encodeCall(_queue.requestRedeem, (address(_portfolio), shares, controller, owner)));
        assert(!passed);
    }

    function check_Q1_nobodyElseCancels(address caller, uint128 shares, address operator) public {
        vm.assume(shares != 0 && caller != _first && caller != _controller && caller != operator);
        vm.prank(_first);
        _queue.setOperator(operator, true);
        uint256 id = _request(_first, _controller, shares);
        assert(!_cancels(caller, id));
        assert(_pending(id, _controller) == shares && _portfolio.queuedShares(_first) == shares);
    }

    /// @dev An operator that the owner named, and named no more, does nothing.
    function check_Q1_aFormerOperatorDoesNothing(address operator, uint128 shares) public {
        vm.assume(shares != 0 && operator != _first);
        vm.startPrank(_first);
        _queue.setOperator(operator, true);
        _queue.setOperator(operator, false);
        vm.stopPrank();
        uint256 id = _request(_first, _first, shares);
        assert(!_cancels(operator, id));
    }

    /// @dev Only the factory's portfolios have a line, for any account that a caller names.
    function check_Q1_onlyPortfoliosHaveALine(address account, address caller, uint256 shares) public {
        vm.assume(account != address(_portfolio));
        // Another that answers as a portfolio does: what the factory does not know is refused, not just what is no
        // portfolio.
        new MockPortfolio(_queue);
        vm.startPrank(caller);
        (bool passed,) = address(_queue).call(abi.encodeCall(_queue.requestRedeem, (account, shares, caller, caller)));
        assert(!passed);
        (passed,) = address(_queue).call(abi.encodeCall(_queue.fulfil, (account, shares)));
        assert(!passed);
        vm.stopPrank();
    }

    /// @dev No two requests of any portfolios share an id.
    function check_Q1_idsAreOnesOwn(address a, uint96 i, address b, uint96 j) public view {
        if (_queue.idOf(a, i) == _queue.idOf(b, j)) assert(a == b && i == j);
    }

    function _fill(uint256 burnA, uint256 burnB, uint256 most) private {
        _portfolio.set(_first, burnA);
        _portfolio.set(_second, burnB);
        _queue.fulfil(address(_portfolio), most);
    }

    function _ask(uint128 a, uint128 b) private returns (uint256 first, uint256 second) {
        vm.assume(a != 0 && b != 0);
        return (_request(_first, _first, a), _request(_second, _second, b));
    }

    function _request(address owner, address controller, uint256 shares) private returns (uint256) {
        vm.prank(owner);
        return _queue.requestRedeem(address(_portfolio), shares, controller, owner);
    }

    function _cancels(address caller, uint256 id) private returns (bool passed) {
        vm.prank(caller);
        (passed,) = address(_queue).call(abi.encodeCall(_queue.cancelRedeemRequest, (id)));
    }

    function _pending(uint256 id, address controller) private view returns (uint256) {
        return _queue.pendingRedeemRequest(id, controller);
    }
}
