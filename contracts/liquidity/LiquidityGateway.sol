// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {ILiquidityGateway} from "interfaces/liquidity/ILiquidityGateway.sol";
import {IPermit2} from "interfaces/liquidity/venues/IPermit2.sol";
import {IWrappedCoin} from "interfaces/liquidity/venues/IWrappedCoin.sol";

/// @title Other ways to pay the aggregator
/// @notice See {ILiquidityGateway}.
contract LiquidityGateway is ILiquidityGateway, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    bytes32 private constant _WITNESS_TYPEHASH = keccak256("SwapIntent(bytes32 order,address to,bool unwrap)");
    string private constant _WITNESS_TYPE =
        "SwapIntent witness)SwapIntent(bytes32 order,address to,bool unwrap)TokenPermissions(address token,uint256 amount)";

    ILiquidityAggregator public immutable aggregator;
    IPermit2 public immutable permit2;
    address public immutable wrappedCoin;

    constructor(ILiquidityAggregator aggregator_, IPermit2 permit2_, address wrappedCoin_) {
        (aggregator, permit2, wrappedCoin) = (aggregator_, permit2_, wrappedCoin_);
    }

    receive() external payable {
        if (msg.sender != wrappedCoin) revert LiquidityGateway__UnexpectedCoin(msg.sender);
    }

    /// @inheritdoc ILiquidityGateway
    function swap(
        ILiquidityAggregator.Order calldata order,
        ILiquidityAggregator.SwapTerms calldata terms,
        Delivery calldata delivery,
        Funding calldata funding
    )
        external
        payable
        nonReentrant
        returns (uint256 amountOut)
    {
        // Checks
        _checkDelivery(order.tokenOut, order.recipient, delivery);

        // Interactions
        _pull(order.tokenIn, order.amountIn, keccak256(abi.encode(order, terms)), delivery, funding);
        IERC20(order.tokenIn).forceApprove(address(aggregator), order.amountIn);
        amountOut = aggregator.swapOnTerms(order, terms);
        if (delivery.unwrap) _payCoin(delivery.to, amountOut);
    }

    /// @inheritdoc ILiquidityGateway
    function swapExactOut(
        ILiquidityAggregator.ExactOutOrder calldata order,
        ILiquidityAggregator.SwapTerms calldata terms,
        Delivery calldata delivery,
        Funding calldata funding
    )
        external
        payable
        nonReentrant
        returns (uint256 amountIn)
    {
        // Checks
        _checkDelivery(order.tokenOut, order.recipient, delivery);

        // Interactions
        uint256 held = order.tokenOut.balanceOf(address(this));
        _pull(order.tokenIn, order.maxAmountIn, keccak256(abi.encode(order, terms)), delivery, funding);
        IERC20(order.tokenIn).forceApprove(address(aggregator), order.maxAmountIn);
        amountIn = aggregator.swapExactOut(order, terms);
        if (delivery.unwrap) {
            _payCoin(delivery.to, order.tokenOut.balanceOf(address(this)) - held);
            _sendSurplus(order, delivery.to);
        }
        uint256 unused = order.maxAmountIn - amountIn;
        if (unused == 0) return amountIn;
        IERC20(order.tokenIn).forceApprove(address(aggregator), 0);
        if (funding.payment == Payment.Coin) _payCoin(msg.sender, unused);
        else IERC20(order.tokenIn).safeTransfer(funding.owner, unused);
    }

    /// @inheritdoc ILiquidityGateway
    function witnessOf(bytes32 order, Delivery calldata delivery) public pure returns (bytes32) {
        return keccak256(abi.encode(_WITNESS_TYPEHASH, order, delivery.to, delivery.unwrap));
    }

    /// @dev An order pays its own recipient, or this contract where coin is to be paid on.
    function _checkDelivery(address tokenOut, address recipient, Delivery calldata delivery) private view {
        address expected = delivery.unwrap ? address(this) : delivery.to;
        if (recipient != expected) revert LiquidityGateway__WrongRecipient(recipient, expected);
        if (delivery.unwrap && tokenOut != wrappedCoin) revert LiquidityGateway__WrongToken(tokenOut, wrappedCoin);
    }

    function _pull(
        address token,
        uint256 amount,
        bytes32 order,
        Delivery calldata delivery,
        Funding calldata funding
    )
        private
    {
        // Checks
        Payment payment = funding.payment;
        uint256 expected = payment == Payment.Coin ? amount : 0;
        if (msg.value != expected) revert LiquidityGateway__WrongValue(msg.value, expected);
        if (payment != Payment.Permit2 && funding.owner != msg.sender) {
            revert LiquidityGateway__NotTheOwner(funding.owner, msg.sender);
        }

        // Interactions
        if (payment == Payment.Coin) {
            if (token != wrappedCoin) revert LiquidityGateway__WrongToken(token, wrappedCoin);
            IWrappedCoin(wrappedCoin).deposit{value: amount}();
            return;
        }
        uint256 before = token.balanceOf(address(this));
        if (payment == Payment.Permit2) {
            permit2.permitWitnessTransferFrom(
                IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(token, amount), funding.nonce, funding.deadline),
                IPermit2.SignatureTransferDetails(address(this), amount),
                funding.owner,
                witnessOf(order, delivery),
                _WITNESS_TYPE,
                funding.signature
            );
        } else {
            if (payment == Payment.Permit) _permit(token, amount, funding);
            // The owner is the caller.
            IERC20(token).safeTransferFrom(funding.owner, address(this), amount);
        }
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert LiquidityGateway__BalanceMismatch(token, amount, received);
    }

    /// @dev A permit that somebody else has sent already is no reason to fail: the allowance decides.
    function _permit(address token, uint256 amount, Funding calldata funding) private {
        (bytes32 r, bytes32 s, uint8 v) =
            (bytes32(funding.signature[:32]), bytes32(funding.signature[32:64]), uint8(funding.signature[64]));
        try IERC20Permit(token).permit(funding.owner, address(this), amount, funding.deadline, v, r, s) {} catch {}
    }

    /// @dev A venue in the middle of a route may pay more than the next one asks for. The aggregator sends that surplus
    /// to the order's recipient, which is this contract where coin is paid on.
    function _sendSurplus(ILiquidityAggregator.ExactOutOrder calldata order, address to) private {
        for (uint256 i; i < order.paths.length; ++i) {
            ILiquidityAggregator.Hop[] calldata hops = order.paths[i].hops;
            // The last hop leads to the order's own token.
            for (uint256 k; k + 1 < hops.length; ++k) {
                ILiquidityAggregator.Market memory market = aggregator.marketOf(hops[k].pool);
                address token = hops[k].zeroForOne ? market.token1 : market.token0;
                if (token == order.tokenIn) continue;
                uint256 surplus = token.balanceOf(address(this));
                if (surplus != 0) IERC20(token).safeTransfer(to, surplus);
            }
        }
    }

    function _payCoin(address to, uint256 amount) private {
        IWrappedCoin(wrappedCoin).withdraw(amount);
        to.safeTransferETH(amount);
    }
}
