// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IOrderCommitments} from "interfaces/liquidity/IOrderCommitments.sol";

/// @title Orders that are committed to before they are seen
/// @notice See {IOrderCommitments}. Nobody governs it: its terms never change.
contract OrderCommitments is IOrderCommitments, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    /// @dev A commitment fills one slot.
    struct Commitment {
        address owner;
        uint64 blockNumber;
    }

    ILiquidityAggregator public immutable aggregator;
    /// @notice Bond of a commitment, wei.
    uint256 public immutable bond;
    /// @notice Number of blocks from a commitment to its first reveal, and from there to its last.
    uint256 public immutable delay;
    uint256 public immutable lifetime;
    /// @notice Account that gets forfeited bonds.
    address public immutable beneficiary;

    mapping(bytes32 hash => Commitment) private _commitments;

    constructor(
        ILiquidityAggregator aggregator_,
        uint256 bond_,
        uint256 delay_,
        uint256 lifetime_,
        address beneficiary_
    ) {
        if (bond_ == 0 || delay_ == 0 || lifetime_ == 0) {
            revert OrderCommitments__InvalidTerms(bond_, delay_, lifetime_);
        }
        (aggregator, bond, delay, lifetime, beneficiary) = (aggregator_, bond_, delay_, lifetime_, beneficiary_);
    }

    /// @inheritdoc IOrderCommitments
    function commit(bytes32 commitment) external payable {
        // Checks
        if (msg.value != bond) revert OrderCommitments__WrongBond(msg.value, bond);
        // By sender: nobody can occupy another's hash.
        bytes32 key = _key(msg.sender, commitment);
        if (_commitments[key].owner != address(0)) revert OrderCommitments__Committed(commitment);

        // Effects
        _commitments[key] = Commitment(msg.sender, uint64(block.number));
        emit Committed(msg.sender, key, block.number + delay, block.number + delay + lifetime);
    }

    /// @inheritdoc IOrderCommitments
    function reveal(
        ILiquidityAggregator.Order calldata order,
        ILiquidityAggregator.SwapTerms calldata terms,
        bytes32 salt
    )
        external
        nonReentrant
        returns (uint256 amountOut)
    {
        // Checks
        bytes32 key = _key(msg.sender, commitmentOf(msg.sender, order, terms, salt));
        (uint256 from, uint256 until) = _window(key);
        if (block.number < from) revert OrderCommitments__TooEarly(block.number, from);
        if (block.number > until) revert OrderCommitments__Expired(block.number, until);

        // Effects
        delete _commitments[key];

        // Interactions
        IERC20(order.tokenIn).safeTransferFrom(msg.sender, address(this), order.amountIn);
        IERC20(order.tokenIn).forceApprove(address(aggregator), order.amountIn);
        amountOut = aggregator.swapOnTerms(order, terms);
        msg.sender.safeTransferETH(bond);
        emit Revealed(msg.sender, key, amountOut);
    }

    /// @inheritdoc IOrderCommitments
    function forfeit(bytes32 key) external nonReentrant {
        // Checks
        address owner = _commitments[key].owner;
        (, uint256 until) = _window(key);
        if (block.number <= until) revert OrderCommitments__NotExpired(block.number, until);

        // Effects
        delete _commitments[key];

        // Interactions
        beneficiary.safeTransferETH(bond);
        emit Forfeited(owner, key);
    }

    /// @inheritdoc IOrderCommitments
    function commitmentOf(
        address owner,
        ILiquidityAggregator.Order calldata order,
        ILiquidityAggregator.SwapTerms calldata terms,
        bytes32 salt
    )
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), owner, order, terms, salt));
    }

    function _window(bytes32 key) private view returns (uint256 from, uint256 until) {
        Commitment memory commitment = _commitments[key];
        if (commitment.owner == address(0)) revert OrderCommitments__NotCommitted(key);
        from = commitment.blockNumber + delay;
        until = from + lifetime;
    }

    function _key(address owner, bytes32 commitment) private pure returns (bytes32) {
        return keccak256(abi.encode(owner, commitment));
    }
}
