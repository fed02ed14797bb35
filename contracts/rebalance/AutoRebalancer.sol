// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";

/// @title Executes signed rebalances
/// @notice See {IAutoRebalancer}.
contract AutoRebalancer is IAutoRebalancer, AccessManagedUpgradeable, UUPSUpgradeable, EIP712 {
    using BitMaps for BitMaps.BitMap;

    /// @custom:storage-location erc7201:quantera.storage.AutoRebalancer
    struct Storage {
        mapping(address portfolio => BitMaps.BitMap) usedNonces;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.AutoRebalancer")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0xc81c81c8ca60f1ee9bd1138c9f6c9cd361ba645f13d239cbdf1ad0caddc76700;

    bytes32 private constant _SIGNAL_TYPEHASH = keccak256(
        "Signal(address portfolio,uint256[] targets,uint16 bandBps,uint40 validFrom,uint40 validUntil,uint256 nonce,bytes32 ordersHash)"
    );
    uint256 private constant _WAD = 1e18;
    uint256 private constant _BPS_TO_WAD = 1e14;

    /// @notice The quorums that sign signals.
    ISignerSets public immutable signerSets;

    constructor(ISignerSets signerSets_) EIP712("Quantera AutoRebalancer", "1") {
        signerSets = signerSets_;
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc IAutoRebalancer
    function rebalance(
        Signal calldata signal,
        ILiquidityAggregator.Order[] calldata orders,
        ISignerSets.Signature[] calldata signatures
    )
        external
    {
        // Checks
        if (block.timestamp < signal.validFrom) {
            revert AutoRebalancer__NotYetValid(signal.validFrom, block.timestamp);
        }
        if (block.timestamp > signal.validUntil) revert AutoRebalancer__Expired(signal.validUntil, block.timestamp);
        if (orders.length == 0) revert AutoRebalancer__NoOrders();
        bytes32 ordersHash = keccak256(abi.encode(orders));
        if (ordersHash != signal.ordersHash) revert AutoRebalancer__WrongOrders(ordersHash, signal.ordersHash);
        BitMaps.BitMap storage used = _storage().usedNonces[signal.portfolio];
        if (used.get(signal.nonce)) revert AutoRebalancer__NonceUsed(signal.portfolio, signal.nonce);
        signerSets.requireQuorum(bytes32(uint256(uint160(signal.portfolio))), hashSignal(signal), signatures);

        // Effects
        used.set(signal.nonce);

        // Interactions; their outcome decides
        IPortfolio.Execution memory execution = IPortfolio(signal.portfolio).execute(orders);
        (uint256 distanceBefore, uint256 distanceAfter) = _requireCloser(signal, execution);
        emit Rebalanced(signal.portfolio, signal.nonce, msg.sender, distanceBefore, distanceAfter);
    }

    /// @inheritdoc IAutoRebalancer
    function cancelNonce(address portfolio, uint256 nonce) external restricted {
        _storage().usedNonces[portfolio].set(nonce);
        emit NonceCancelled(portfolio, nonce);
    }

    /// @inheritdoc IAutoRebalancer
    function isNonceUsed(address portfolio, uint256 nonce) external view returns (bool) {
        return _storage().usedNonces[portfolio].get(nonce);
    }

    /// @inheritdoc IAutoRebalancer
    function hashSignal(Signal calldata signal) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    _SIGNAL_TYPEHASH,
                    signal.portfolio,
                    keccak256(abi.encodePacked(signal.targets)),
                    signal.bandBps,
                    signal.validFrom,
                    signal.validUntil,
                    signal.nonce,
                    signal.ordersHash
                )
            )
        );
    }

    /// @dev Distances are the sums of |weight - target|, WAD.
    function _requireCloser(
        Signal calldata signal,
        IPortfolio.Execution memory execution
    )
        private
        view
        returns (uint256 distanceBefore, uint256 distanceAfter)
    {
        uint256 count = execution.valuesAfter.length;
        if (signal.targets.length != count) revert AutoRebalancer__WrongTargetCount(signal.targets.length, count);
        (uint256 navBefore, uint256 navAfter, uint256 sum) = (0, 0, 0);
        for (uint256 k; k < count; ++k) {
            navBefore += execution.valuesBefore[k];
            navAfter += execution.valuesAfter[k];
            sum += signal.targets[k];
        }
        if (sum != _WAD) revert AutoRebalancer__TargetsDoNotSum(sum);
        for (uint256 k; k < count; ++k) {
            uint256 target = signal.targets[k];
            uint256 weight = FixedPointMathLib.fullMulDiv(execution.valuesAfter[k], _WAD, navAfter);
            uint256 off = FixedPointMathLib.dist(weight, target);
            if (off > signal.bandBps * _BPS_TO_WAD) {
                address asset = IPortfolio(signal.portfolio).assets()[k];
                revert AutoRebalancer__OutsideBand(asset, weight, target, signal.bandBps);
            }
            distanceAfter += off;
            distanceBefore += FixedPointMathLib.dist(
                FixedPointMathLib.fullMulDiv(execution.valuesBefore[k], _WAD, navBefore), target
            );
        }
        if (distanceAfter >= distanceBefore) revert AutoRebalancer__NotCloser(distanceBefore, distanceAfter);
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
