// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {SignerSets} from "contracts/access/SignerSets.sol";
import {AutoRebalancer} from "contracts/rebalance/AutoRebalancer.sol";
import {TurnoverPolicy} from "contracts/rebalance/TurnoverPolicy.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";
import {IModelRegistry} from "interfaces/rebalance/IModelRegistry.sol";

/// @notice Stands in for the signer sets, the model registry and a portfolio: every caller gets the answers that were
/// set.
contract Oracle {
    bool public signed = true;
    bool public live = true;

    function set(bool signed_, bool live_) external {
        (signed, live) = (signed_, live_);
    }

    function requireQuorum(bytes32, bytes32, ISignerSets.Signature[] calldata) external view {
        require(signed);
    }

    function requireLive(bytes32) external view {
        require(live);
    }

    /// @dev Moves from all cash to half and half, without a loss.
    function execute(
        uint256[] calldata,
        IPortfolio.TradeLimits calldata
    )
        external
        pure
        returns (IPortfolio.Execution memory execution)
    {
        execution.valuesBefore = new uint256[](2);
        execution.valuesAfter = new uint256[](2);
        execution.valuesBefore[0] = 2e18;
        (execution.valuesAfter[0], execution.valuesAfter[1]) = (1e18, 1e18);
    }
}

/// @title I6: conditions under which signals run
contract SignalProof is Test {
    Oracle private _oracle;
    AutoRebalancer private _rebalancer;
    TurnoverPolicy.State private _pace;

    function setUp() public {
        _oracle = new Oracle();
        _rebalancer = new AutoRebalancer(
            ISignerSets(address(_oracle)),
            IModelRegistry(address(_oracle)),
            IAutoRebalancer.Policy(50_000, 1 hours, 0, 0)
        );
    }

    /// @dev Once a signal has run to its end, no signal with its nonce runs, for any sender and any time.
    function check_I6_aNonceRunsOnce(uint256 nonce, address again, uint40 later) public {
        vm.warp(1000);
        IAutoRebalancer.RebalanceSignal memory signal = _signal(nonce, 0, type(uint40).max);
        assert(_try(address(this), signal));
        vm.assume(later >= 1000);
        vm.warp(later);
        assert(!_try(again, signal));
    }

    function check_I6_aCancelledNonceNeverRuns(uint256 nonce, uint256 other) public {
        vm.warp(1000);
        ISignerSets.Signature[] memory none = new ISignerSets.Signature[](0);
        _rebalancer.cancelSigned(address(_oracle), other, none);
        assert(_try(address(this), _signal(nonce, 0, type(uint40).max)) == (nonce != other));
    }

    /// @dev A signal runs neither before the first nor after the last second that were signed.
    function check_I6_nothingRunsOutsideItsTime(uint40 from, uint40 until, uint40 now_, address caller) public {
        vm.assume(now_ < from || now_ > until);
        vm.warp(now_);
        assert(!_try(caller, _signal(1, from, until)));
    }

    function check_I6_nothingRunsUnsigned(uint256 nonce, address caller, bool live) public {
        vm.warp(1000);
        _oracle.set(false, live);
        assert(!_try(caller, _signal(nonce, 0, type(uint40).max)));
    }

    function check_I6_noModelRunsThatIsNotLive(uint256 nonce, address caller, bool signed) public {
        vm.warp(1000);
        _oracle.set(signed, false);
        assert(!_try(caller, _signal(nonce, 0, type(uint40).max)));
    }

    /// @dev No signal begins sooner after the last one than the policy allows.
    function check_paceKeepsItsInterval(uint32 interval, uint40 first, uint40 second) public {
        vm.assume(first > 0 && second >= first && second < uint256(first) + interval);
        vm.warp(second);
        IAutoRebalancer.Policy memory policy = IAutoRebalancer.Policy(10_000, 1 days, interval, 0);
        (bool passed,) = address(this).call(abi.encodeCall(this.charge, (policy, first)));
        assert(!passed);
    }

    function charge(IAutoRebalancer.Policy memory policy, uint40 first) external {
        (_pace.updatedAt, _pace.startedAt) = (first, first);
        TurnoverPolicy.charge(_pace, policy, address(this), 0, true);
    }

    function _signal(
        uint256 nonce,
        uint40 from,
        uint40 until
    )
        private
        view
        returns (IAutoRebalancer.RebalanceSignal memory signal)
    {
        signal.portfolio = address(_oracle);
        signal.targets = new uint256[](2);
        (signal.targets[0], signal.targets[1]) = (0.5e18, 0.5e18);
        (signal.bandBps, signal.maxTurnoverBps, signal.maxParts) = (100, 10_000, 1);
        (signal.validFrom, signal.validUntil, signal.nonce) = (from, until, nonce);
    }

    function _try(address caller, IAutoRebalancer.RebalanceSignal memory signal) private returns (bool passed) {
        uint256[] memory orders = new uint256[](1);
        ISignerSets.Signature[] memory none = new ISignerSets.Signature[](0);
        vm.prank(caller);
        (passed,) = address(_rebalancer).call(abi.encodeCall(IAutoRebalancer.rebalance, (signal, orders, none)));
    }
}

/// @title I6: conditions of a quorum
contract QuorumProof is Test {
    bytes32 private constant _SET = "set";
    SignerSets private _sets;

    /// @dev The initialisers of an implementation are off, so its authority is set where it is stored (ERC-7201 of
    /// OpenZeppelin's AccessManaged); this contract then lets itself in.
    function setUp() public {
        _sets = new SignerSets();
        bytes32 slot = 0xf3177357ab46d8af007ab3fdb9af81da189e1068fefdc0073dca88a2cab40a00;
        vm.store(address(_sets), slot, bytes32(uint256(uint160(address(this)))));
    }

    function canCall(address, address, bytes4) external pure returns (bool, uint32) {
        return (true, 0);
    }

    /// @dev An empty list of signatures is no quorum, for any threshold and any weight.
    function check_I6_nobodyIsNoQuorum(uint16 weight, bytes32 digest) public {
        _create(1);
        vm.assume(weight > 0);
        _sets.setWeight(_SET, address(1), weight);
        assert(!_passes(digest, new ISignerSets.Signature[](0)));
    }

    /// @dev No change of weight lifts a threshold above the sum of all signers' weights.
    function check_I6_aChangeOfWeightLeavesAQuorum(uint16 weight, address signer) public {
        _create(2);
        (bool passed,) = address(_sets).call(abi.encodeCall(ISignerSets.setWeight, (_SET, signer, weight)));
        (, uint256 threshold) = _sets.quorumOf(_SET);
        assert(threshold <= _sets.totalWeight(_SET));
        if (passed) assert(_sets.weightOf(_SET, signer) == weight && weight > 0);
    }

    function _create(uint256 threshold) private {
        address[] memory signers = new address[](2);
        (signers[0], signers[1]) = (address(1), address(2));
        _sets.createSet(_SET, signers, threshold);
    }

    function _passes(bytes32 digest, ISignerSets.Signature[] memory signatures) private view returns (bool passed) {
        (passed,) = address(_sets).staticcall(abi.encodeCall(ISignerSets.requireQuorum, (_SET, digest, signatures)));
    }
}
