// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The models that may sign
/// @notice A signal names the model that it came from: its weights, its training data and its code, each by a hash. An
/// auditor of a decision compares the artefacts with the hashes. A signal of a model that is not live executes nothing.
interface IModelRegistry {
    /// @param Unknown The model is not registered.
    /// @param Shadow The model runs beside the others; its signals are recorded off chain and never executed.
    /// @param Live Its signals may execute.
    /// @param Retired The model has ended for good.
    enum Status {
        Unknown,
        Shadow,
        Live,
        Retired
    }

    /// @param weightsHash keccak256 of the file of weights, or of the parameters of a model that has none.
    /// @param dataHash keccak256 of the training data; zero for a model that was not trained.
    /// @param codeHash keccak256 of the code that runs it, such as a package's archive.
    /// @param status Status that decides whether its signals may execute.
    /// @param changedAt Unix seconds of the last change of status.
    struct Model {
        bytes32 weightsHash;
        bytes32 dataHash;
        bytes32 codeHash;
        Status status;
        uint40 changedAt;
    }

    event ModelRegistered(bytes32 indexed modelId, bytes32 weightsHash, bytes32 dataHash, bytes32 codeHash);
    event ModelStatusChanged(bytes32 indexed modelId, Status oldStatus, Status newStatus);

    error ModelRegistry__ModelExists(bytes32 modelId);
    error ModelRegistry__NoSuchModel(bytes32 modelId);
    /// @dev A model without code cannot be audited.
    error ModelRegistry__NoCode(bytes32 modelId);
    error ModelRegistry__WrongStatus(bytes32 modelId, Status status, Status wanted);
    error ModelRegistry__NotLive(bytes32 modelId, Status status);

    /// @notice Registers a model, in the shadow; its hashes never change. Role: MANAGER. At worst: a name is taken.
    /// @param modelId Any that is not taken, such as keccak256 of name and version.
    function register(bytes32 modelId, bytes32 weightsHash, bytes32 dataHash, bytes32 codeHash) external;

    /// @notice Lets a model out of the shadow. Role: MANAGER_DELAYED. At worst, after its delay: the damage that a
    /// stolen signer of a portfolio can do (I1-I3), because a model signs nothing itself.
    function promote(bytes32 modelId) external;

    /// @notice Puts a live model back into the shadow, at once. Role: MANAGER. At worst: nothing is traded.
    function demote(bytes32 modelId) external;

    /// @notice Ends a model for good, at once. Role: GUARDIAN. At worst: nothing is traded until another is promoted.
    function retire(bytes32 modelId) external;

    /// @notice Reverts unless the model is live.
    function requireLive(bytes32 modelId) external view;

    function modelOf(bytes32 modelId) external view returns (Model memory);
}
