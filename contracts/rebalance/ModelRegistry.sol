// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {IModelRegistry} from "interfaces/rebalance/IModelRegistry.sol";

/// @title The models that may sign
/// @notice See {IModelRegistry}.
contract ModelRegistry is IModelRegistry, AccessManagedUpgradeable, UUPSUpgradeable {
    /// @custom:storage-location erc7201:quantera.storage.ModelRegistry
    struct Storage {
        mapping(bytes32 modelId => Model) models;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.ModelRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0xae8b7ec5b29d0edbe709fa7c813f1b74dbe6685d82b14775c55fb479d1d04c00;

    constructor() {
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc IModelRegistry
    function register(bytes32 modelId, bytes32 weightsHash, bytes32 dataHash, bytes32 codeHash) external restricted {
        if (_storage().models[modelId].status != Status.Unknown) revert ModelRegistry__ModelExists(modelId);
        if (codeHash == 0) revert ModelRegistry__NoCode(modelId);
        _storage().models[modelId] = Model(weightsHash, dataHash, codeHash, Status.Shadow, uint40(block.timestamp));
        emit ModelRegistered(modelId, weightsHash, dataHash, codeHash);
    }

    /// @inheritdoc IModelRegistry
    function promote(bytes32 modelId) external restricted {
        _change(modelId, Status.Shadow, Status.Live);
    }

    /// @inheritdoc IModelRegistry
    function demote(bytes32 modelId) external restricted {
        _change(modelId, Status.Live, Status.Shadow);
    }

    /// @inheritdoc IModelRegistry
    function retire(bytes32 modelId) external restricted {
        Status status = _storage().models[modelId].status;
        if (status == Status.Unknown) revert ModelRegistry__NoSuchModel(modelId);
        if (status == Status.Retired) revert ModelRegistry__WrongStatus(modelId, status, Status.Live);
        _change(modelId, status, Status.Retired);
    }

    /// @inheritdoc IModelRegistry
    function requireLive(bytes32 modelId) external view {
        Status status = _storage().models[modelId].status;
        if (status != Status.Live) revert ModelRegistry__NotLive(modelId, status);
    }

    /// @inheritdoc IModelRegistry
    function modelOf(bytes32 modelId) external view returns (Model memory) {
        return _storage().models[modelId];
    }

    function _change(bytes32 modelId, Status wanted, Status next) private {
        Model storage model = _storage().models[modelId];
        if (model.status == Status.Unknown) revert ModelRegistry__NoSuchModel(modelId);
        if (model.status != wanted) revert ModelRegistry__WrongStatus(modelId, model.status, wanted);
        (model.status, model.changedAt) = (next, uint40(block.timestamp));
        emit ModelStatusChanged(modelId, wanted, next);
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
