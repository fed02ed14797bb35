// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";

import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IAsyncVault} from "interfaces/portfolio/IAsyncVault.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";
import {IRedemptionQueue} from "interfaces/portfolio/IRedemptionQueue.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Redemption requests
/// @notice See {IRedemptionQueue}. It holds neither shares nor cash.
contract RedemptionQueue is IRedemptionQueue, ReentrancyGuardTransient {
    /// @param round Round of the owner when it asked: a request of an earlier round has ended.
    /// @param throughVault True if the portfolio's ERC-7540 vault asked, keeps the cash and is told of it.
    struct Entry {
        address owner;
        uint48 round;
        uint48 requestedAt;
        address controller;
        bool throughVault;
        uint256 shares;
    }

    struct Line {
        uint128 first;
        uint128 next;
        mapping(uint256 position => Entry) entries;
    }

    /// @param shares Sum of its requests of this round: the shares that the portfolio has bound, or has set free in an
    /// exit in kind.
    struct Account {
        uint208 shares;
        uint48 round;
    }

    /// @inheritdoc IRedemptionQueue
    uint256 public constant LEAST_VALUE = 10e18;
    /// @dev More gas than any settlement takes: a settlement that fails with it is refused, not short of gas.
    uint256 private constant _SETTLE_GAS = 1_000_000;
    /// @dev Gas that leaves a settlement its part (EIP-150 keeps a 64th back) and lets the queue finish afterwards.
    uint256 private constant _ENOUGH_GAS = _SETTLE_GAS * 64 / 63 + 250_000;
    uint256 private constant _POSITION_BITS = 96;

    /// @inheritdoc IRedemptionQueue
    address public immutable factory;

    /// @inheritdoc IRedemptionQueue
    mapping(address controller => mapping(address operator => bool)) public isOperator;
    mapping(address portfolio => Line) private _lines;
    mapping(address portfolio => mapping(address owner => Account)) private _accounts;

    /// @dev Deployed by the factory.
    constructor() {
        factory = msg.sender;
    }

    // -- Requests ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IRedemptionQueue
    function requestRedeem(
        address portfolio,
        uint256 shares,
        address controller,
        address owner
    )
        external
        nonReentrant
        returns (uint256 requestId)
    {
        // Checks
        if (!IPortfolioFactory(factory).isPortfolio(portfolio)) revert RedemptionQueue__NotAPortfolio(portfolio);
        // The vault has asked whether its caller may.
        bool throughVault = msg.sender == IPortfolioFactory(factory).vaultOf(portfolio);
        if (!throughVault && !_mayActFor(owner)) revert RedemptionQueue__NotAllowed(owner, msg.sender);
        if (controller == address(0)) revert RedemptionQueue__ZeroController();
        uint256 value = _valueOf(IPortfolio(portfolio), shares);
        if (value < LEAST_VALUE) revert RedemptionQueue__TooSmall(value, LEAST_VALUE);

        // Effects
        Account storage account = _synced(portfolio, owner);
        uint208 bound = SafeCastLib.toUint208(account.shares + shares);
        account.shares = bound;
        Line storage line = _lines[portfolio];
        uint256 position = line.next++;
        line.entries[position] = Entry(owner, account.round, uint48(block.timestamp), controller, throughVault, shares);
        requestId = idOf(portfolio, position);
        emit RedeemRequest(controller, owner, requestId, msg.sender, shares);

        // Interactions
        IPortfolio(portfolio).lockForRedemption(owner, bound);
    }

    /// @inheritdoc IRedemptionQueue
    function cancelRedeemRequest(uint256 requestId) external nonReentrant returns (uint256 shares) {
        (address portfolio, Entry storage entry) = _entryOf(requestId);
        (address owner, uint48 round) = (entry.owner, entry.round);
        shares = entry.shares;
        if (shares == 0 || _synced(portfolio, owner).round != round) revert RedemptionQueue__NoRequest(requestId);
        if (!_mayActFor(owner) && !_mayActFor(entry.controller)) revert RedemptionQueue__NotAllowed(owner, msg.sender);
        _delete(portfolio, entry, shares);
        emit RequestCancelled(requestId, msg.sender, shares);
    }

    /// @inheritdoc IRedemptionQueue
    function fulfil(address portfolio, uint256 most) external nonReentrant returns (uint256 filled, uint256 assets) {
        if (!IPortfolioFactory(factory).isPortfolio(portfolio)) revert RedemptionQueue__NotAPortfolio(portfolio);
        if (_isHalted(IPortfolio(portfolio))) revert RedemptionQueue__Halted(portfolio);
        // Nothing below moves a token or a price: it is read once. Reverts while one is stale or frozen.
        uint256 total = IPortfolio(portfolio).totalAssets();
        if (!IFeeManager(IPortfolio(portfolio).feeManager()).isFair(portfolio, total)) {
            revert RedemptionQueue__PriceJumped(portfolio);
        }
        uint256 retiredAt = IPortfolioFactory(factory).heldRetiredAt(portfolio);

        Line storage line = _lines[portfolio];
        (uint256 position, uint256 next) = (line.first, line.next);
        for (; most != 0 && position != next && gasleft() > _ENOUGH_GAS; --most) {
            Entry storage entry = line.entries[position];
            if (entry.shares != 0) {
                (bool done, uint256 paid) = _serve(portfolio, position, entry, total - assets, retiredAt);
                if (paid != 0) ++filled;
                assets += paid;
                if (!done) break;
            }
            ++position;
        }
        line.first = uint128(position);
    }

    /// @inheritdoc IRedemptionQueue
    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IRedemptionQueue
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares) {
        Request memory request = requestOf(requestId);
        return request.controller == controller ? request.shares : 0;
    }

    /// @inheritdoc IRedemptionQueue
    function claimableRedeemRequest(address portfolio, address controller) external view returns (uint256 assets) {
        return IPortfolio(portfolio).claimable(IPortfolio(portfolio).asset(), controller);
    }

    /// @inheritdoc IRedemptionQueue
    function requestOf(uint256 requestId) public view returns (Request memory request) {
        (address portfolio, Entry storage entry) = _entryOf(requestId);
        Entry memory e = entry;
        if (e.shares == 0 || e.round != _accounts[portfolio][e.owner].round || _wasEnded(portfolio, e.owner)) {
            return request;
        }
        request = Request(e.owner, e.controller, e.shares, e.requestedAt, e.throughVault);
    }

    /// @inheritdoc IRedemptionQueue
    function lineOf(address portfolio) external view returns (uint256 first, uint256 next) {
        return (_lines[portfolio].first, _lines[portfolio].next);
    }

    /// @inheritdoc IRedemptionQueue
    function idOf(address portfolio, uint256 position) public pure returns (uint256 requestId) {
        return uint256(uint160(portfolio)) << _POSITION_BITS | position;
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev Serves one request, which is filled, filled in part, returned, or found ended.
    /// @param total Worth of all shares of the portfolio now, smallest units of the settlement token.
    /// @return done True if the line moves on.
    /// @return paid Smallest units of the settlement token.
    function _serve(
        address portfolio,
        uint256 position,
        Entry storage entry,
        uint256 total,
        uint256 retiredAt
    )
        private
        returns (bool done, uint256 paid)
    {
        (address owner, address controller, uint256 shares) = (entry.owner, entry.controller, entry.shares);
        Account storage account = _synced(portfolio, owner);
        uint256 requestId = idOf(portfolio, position);
        if (entry.round != account.round) {
            delete _lines[portfolio].entries[position];
            return (true, 0);
        }
        if (entry.requestedAt <= retiredAt) {
            _return(portfolio, requestId, entry, RedemptionQueue__RetiredSince.selector);
            return (true, 0);
        }
        address vault = entry.throughVault ? IPortfolioFactory(factory).vaultOf(portfolio) : address(0);
        address payee = vault == address(0) ? controller : vault;
        try IPortfolio(portfolio).settle{gas: _SETTLE_GAS}(owner, payee, shares, total) returns (
            uint256 burnt, uint256 assets
        ) {
            if (burnt == 0) return (false, 0);
            paid = assets;
            account.shares -= uint208(burnt);
            emit RequestFilled(requestId, controller, burnt, assets, shares - burnt);
            done = burnt == shares;
            if (done) delete _lines[portfolio].entries[position];
            else entry.shares = shares - burnt;
            if (vault != address(0)) IAsyncVault(vault).onFilled(requestId, controller, burnt, assets);
        } catch (bytes memory reason) {
            _return(portfolio, requestId, entry, bytes4(reason));
            return (true, 0);
        }
    }

    function _return(address portfolio, uint256 requestId, Entry storage entry, bytes4 reason) private {
        (address owner, uint256 shares) = (entry.owner, entry.shares);
        _delete(portfolio, entry, shares);
        emit RequestReturned(requestId, owner, shares, reason);
    }

    function _delete(address portfolio, Entry storage entry, uint256 shares) private {
        address owner = entry.owner;
        Account storage account = _accounts[portfolio][owner];
        uint208 left = account.shares - uint208(shares);
        account.shares = left;
        (entry.owner, entry.round, entry.requestedAt) = (address(0), 0, 0);
        (entry.controller, entry.throughVault, entry.shares) = (address(0), false, 0);
        IPortfolio(portfolio).lockForRedemption(owner, left);
    }

    /// @dev Returns the owner's account, after checking whether an exit in kind has ended its requests.
    function _synced(address portfolio, address owner) private returns (Account storage account) {
        account = _accounts[portfolio][owner];
        if (!_wasEnded(portfolio, owner)) return account;
        (account.shares, account.round) = (0, account.round + 1);
        emit RequestsEnded(portfolio, owner);
    }

    /// @dev Only the queue binds shares, and only an exit in kind sets them free behind its back: all of an owner's.
    function _wasEnded(address portfolio, address owner) private view returns (bool) {
        return _accounts[portfolio][owner].shares != 0 && IPortfolio(portfolio).queuedShares(owner) == 0;
    }

    function _mayActFor(address account) private view returns (bool) {
        return msg.sender == account || isOperator[account][msg.sender];
    }

    function _isHalted(IPortfolio portfolio) private view returns (bool) {
        return IRiskEngine(portfolio.riskEngine()).stateOf(address(portfolio)) == IRiskEngine.State.Halted;
    }

    /// @return WAD USD.
    function _valueOf(IPortfolio portfolio, uint256 shares) private view returns (uint256) {
        address settlement = portfolio.asset();
        uint256 price = IPriceOracle(portfolio.oracle()).price(settlement);
        uint256 unit = 10 ** IERC20Metadata(settlement).decimals();
        return FixedPointMathLib.fullMulDiv(portfolio.previewRedeem(shares), price, unit);
    }

    function _entryOf(uint256 requestId) private view returns (address portfolio, Entry storage entry) {
        portfolio = address(uint160(requestId >> _POSITION_BITS));
        entry = _lines[portfolio].entries[requestId & (1 << _POSITION_BITS) - 1];
    }
}
