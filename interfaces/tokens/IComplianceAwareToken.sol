// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IERC7943Fungible} from "./IERC7943Fungible.sol";

/// @title Regulated token
/// @notice ERC-3643 and ERC-7943 with ERC-2612 permit, ERC-1404 restriction codes and ERC-1643 documents. Every
/// movement asks the compliance engine once. Clones share the factory's role mapping: "Role" below is the role that the
/// AccessManager maps to the function on the factory, held without a delay; "or agent" also admits accounts that
/// `isAgent` names, for this token alone. Delayed roles act through {ITokenFactory-govern}.
///
/// At worst, an agent can do to this token's holders what a transfer agent can in law: freeze, seize, dilute. It cannot
/// bring the token to an account that the rules refuse.
interface IComplianceAwareToken is IERC20, IERC7943Fungible {
    enum AssetClass {
        Unspecified,
        Equity,
        Debt,
        Fund,
        RealEstate,
        Commodity,
        Cash,
        Derivative
    }

    /// @param assetClass Kind of asset that the token represents.
    /// @param jurisdiction Jurisdiction of the issuer, ISO 3166-1 numeric; 0 if not said.
    /// @param fractional True if less than one whole unit can be held; otherwise decimals have to be 0.
    /// @param minimumInvestment Minimum that a holder has after an issue to it, smallest units.
    /// @param framework Rule under which it is offered, such as "Reg D 506(c)".
    struct TokenInfo {
        AssetClass assetClass;
        uint16 jurisdiction;
        bool fractional;
        uint128 minimumInvestment;
        string framework;
    }

    // -- ERC-3643 events ---------------------------------------------------------------------------------------------

    event UpdatedTokenInformation(
        string indexed newName,
        string indexed newSymbol,
        uint8 newDecimals,
        string newVersion,
        address indexed newOnchainID
    );
    event IdentityRegistryAdded(address indexed identityRegistry);
    event ComplianceAdded(address indexed compliance);
    event RecoverySuccess(address indexed lostWallet, address indexed newWallet, address indexed investorOnchainID);
    event AddressFrozen(address indexed userAddress, bool indexed isFrozen, address indexed owner);
    event TokensFrozen(address indexed userAddress, uint256 amount);
    event TokensUnfrozen(address indexed userAddress, uint256 amount);
    event Paused(address userAddress);
    event Unpaused(address userAddress);
    event AgentAdded(address indexed agent);
    event AgentRemoved(address indexed agent);

    // -- ERC-1643 and ours -------------------------------------------------------------------------------------------

    event DocumentUpdated(bytes32 indexed name, string uri, bytes32 documentHash);
    event DocumentRemoved(bytes32 indexed name, string uri, bytes32 documentHash);
    event TokenInfoSet(TokenInfo info);

    /// @dev It is also raised for a role that is held with a delay: such a role acts through the factory.
    error ComplianceAwareToken__Unauthorized(address caller, bytes4 selector);
    /// @dev T-REX refuses an agent that is one already, address zero, and removing one that is none.
    error ComplianceAwareToken__IsAgent(address agent);
    error ComplianceAwareToken__NotAnAgent(address agent);
    error ComplianceAwareToken__Paused();
    error ComplianceAwareToken__NotPaused();
    /// @dev The wallet is frozen for this token; a freeze for all tokens is the engine's Reason.AccountFrozen.
    error ComplianceAwareToken__WalletFrozen(address account);
    error ComplianceAwareToken__NotFrozen(address account, uint256 frozen, uint256 amount);
    error ComplianceAwareToken__LengthMismatch();
    error ComplianceAwareToken__TooManyLegs(uint256 legs, uint256 most);
    error ComplianceAwareToken__SupplyTooLarge(uint256 supply);
    error ComplianceAwareToken__BelowMinimumInvestment(uint256 balance, uint256 minimum);
    error ComplianceAwareToken__InvalidInfo();
    error ComplianceAwareToken__EmptyName();
    error ComplianceAwareToken__NothingToRecover(address wallet);
    /// @dev The registry serves other tokens too: an officer registers the new wallet under the same ONCHAINID first.
    error ComplianceAwareToken__NotRegistered(address wallet);
    /// @dev Tokens exist, and another engine would know neither their holders nor locks nor volumes. Upgrade the engine
    /// instead.
    error ComplianceAwareToken__EngineInUse(address engine);
    /// @dev The ONCHAINID is not the lost wallet's, or the new wallet is no management key of it.
    error ComplianceAwareToken__NotTheSameInvestor(address lostWallet, address newWallet, address onchainID);
    /// @dev The new compliance has no open rules for this token, or does not know it.
    error ComplianceAwareToken__InvalidCompliance(address compliance);
    error ComplianceAwareToken__UnknownDocument(bytes32 name);
    error ComplianceAwareToken__EmptyDocument();

    /// @notice Sets up a clone. Only the factory may call it, once.
    /// @param decimals_ 0 to 36.
    function initialize(
        string calldata name_,
        string calldata symbol_,
        uint8 decimals_,
        address compliance_,
        address onchainID_,
        TokenInfo calldata info_,
        address[] calldata agents
    )
        external;

    // -- Holders -----------------------------------------------------------------------------------------------------

    /// @notice Transfers to many accounts; the rules see the sum that each receiver gets and the sum that is sent. The
    /// balance has to cover the sum for each receiver, also for the sender itself. At most 256 legs.
    function batchTransfer(address[] calldata toList, uint256[] calldata amounts) external;

    /// @notice Transfers, or leaves the refusal in the token's log and moves nothing.
    /// @return code 0 if it moved, else the ERC-1404 code.
    function tryTransfer(address to, uint256 amount) external returns (uint8 code);

    /// @notice Raises the caller's allowance for `spender` by an amount; a sum above 2^256 - 1 reverts. T-REX's tokens
    /// have it. An allowance moves nothing: the spender and both sides are judged when it is spent.
    /// @return True always.
    function increaseAllowance(address spender, uint256 amount) external returns (bool);

    /// @notice Lowers the caller's allowance for `spender` by an amount; it reverts with `ERC20InsufficientAllowance` if
    /// there is less. An allowance without a limit (2^256 - 1) becomes a limited one.
    /// @return True always.
    function decreaseAllowance(address spender, uint256 amount) external returns (bool);

    /// @notice Transfers from an allowance as {tryTransfer} does. An allowance that is too small reverts, and so does a
    /// missing one, also for an amount of zero: the log holds refusals that the holder or its spenders asked for.
    function tryTransferFrom(address from, address to, uint256 amount) external returns (uint8 code);

    // -- Agents ------------------------------------------------------------------------------------------------------

    /// @notice Issues tokens to an eligible account. Role: ISSUER, or agent.
    function mint(address to, uint256 amount) external;

    /// @notice Cancels tokens; frozen ones are unfrozen if the rest is not enough. Role: ISSUER, or agent.
    function burn(address from, uint256 amount) external;

    /// @notice Moves everything of a lost wallet, with freezes and locks, to another wallet of the same ONCHAINID.
    /// While the registry serves this token alone, the new wallet takes the lost one's place there. Otherwise it has to
    /// be registered already, and the lost wallet stays registered, because it may hold other tokens. Role:
    /// COMPLIANCE_OFFICER, or agent.
    function recoveryAddress(address lostWallet, address newWallet, address investorOnchainID) external returns (bool);

    /// @notice Freezes or unfreezes an account for this token. Role: COMPLIANCE_OFFICER, or agent.
    function setAddressFrozen(address account, bool freeze) external;

    /// @notice Freezes a further amount of an account. Role: COMPLIANCE_OFFICER, or agent.
    function freezePartialTokens(address account, uint256 amount) external;

    /// @notice Unfreezes an amount of an account. Role: COMPLIANCE_OFFICER, or agent.
    function unfreezePartialTokens(address account, uint256 amount) external;

    /// @notice The rules see the sum that each receiver gets; each leg has a `Transfer` event of its own. Role: ISSUER,
    /// or agent.
    function batchMint(address[] calldata toList, uint256[] calldata amounts) external;

    /// @notice Cancels tokens of many accounts. Role: ISSUER, or agent.
    function batchBurn(address[] calldata accounts, uint256[] calldata amounts) external;

    /// @notice Forces many transfers; legs between the same two accounts count as one. Role: COMPLIANCE_OFFICER, or
    /// agent.
    function batchForcedTransfer(
        address[] calldata fromList,
        address[] calldata toList,
        uint256[] calldata amounts
    )
        external;

    /// @notice Freezes or unfreezes many accounts for this token. Role: COMPLIANCE_OFFICER, or agent.
    function batchSetAddressFrozen(address[] calldata accounts, bool[] calldata freeze) external;

    /// @notice Freezes further amounts of many accounts. Role: COMPLIANCE_OFFICER, or agent.
    function batchFreezePartialTokens(address[] calldata accounts, uint256[] calldata amounts) external;

    /// @notice Unfreezes amounts of many accounts. Role: COMPLIANCE_OFFICER, or agent.
    function batchUnfreezePartialTokens(address[] calldata accounts, uint256[] calldata amounts) external;

    /// @notice Stops holders' transfers at once; agents can still act. Role: GUARDIAN, or agent.
    function pause() external;

    /// @notice Lets holders transfer again. Role: ISSUER, or agent.
    function unpause() external;

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @notice Changes the name of the token. Role: ISSUER.
    function setName(string calldata name_) external;

    /// @notice Changes the symbol of the token. Role: ISSUER.
    function setSymbol(string calldata symbol_) external;

    /// @notice Changes the ONCHAINID of the token. Role: ISSUER.
    function setOnchainID(address onchainID_) external;

    /// @notice Changes the information about the token. Role: ISSUER.
    function setTokenInfo(TokenInfo calldata info_) external;

    /// @notice Sets a document (ERC-1643). Role: ISSUER.
    function setDocument(bytes32 name_, string calldata uri, bytes32 documentHash) external;

    /// @notice Removes a document (ERC-1643). Role: ISSUER.
    function removeDocument(bytes32 name_) external;

    /// @notice Takes another registry, in which receivers have to be registered. While there are holders, freezes and
    /// sanctions of the former registry keep binding. Through the factory the token becomes an agent of a registry that
    /// the factory made. Role: COMPLIANCE_OFFICER_DELAYED, or the factory.
    function setIdentityRegistry(address registry) external;

    /// @notice Takes another compliance, bound to an engine where this token's rules are open; the engine stays the
    /// same once tokens exist. Role: COMPLIANCE_OFFICER_DELAYED, or the factory.
    function setCompliance(address compliance_) external;

    /// @notice Makes an account an agent of this token. Role: COMPLIANCE_OFFICER_DELAYED, or the factory. At worst: see
    /// the top of this interface.
    function addAgent(address agent) external;

    /// @notice Ends that an account is an agent of this token. Role: COMPLIANCE_OFFICER, or the factory.
    function removeAgent(address agent) external;

    // -- Reading -----------------------------------------------------------------------------------------------------

    /// @notice Returns the code (ERC-1404) of the first restriction on `from` itself sending `amount` to `to` now; 0 if
    /// there is none. Codes are IAutomatedComplianceEngine.Reason.
    function detectTransferRestriction(address from, address to, uint256 amount) external view returns (uint8);

    /// @notice Returns the text of a restriction code (ERC-1404).
    function messageForTransferRestriction(uint8 code) external view returns (string memory);

    function isFrozen(address account) external view returns (bool);
    function isAgent(address agent) external view returns (bool);
    function paused() external view returns (bool);
    function onchainID() external view returns (address);
    function version() external pure returns (string memory);

    /// @return Identity registry of this token, as the engine has it.
    function identityRegistry() external view returns (address);

    /// @notice Returns this token's ITokenCompliance.
    function compliance() external view returns (address);

    /// @notice Returns the engine that decides on every movement.
    function engine() external view returns (address);
    function tokenInfo() external view returns (TokenInfo memory);

    /// @notice Returns a document (ERC-1643).
    /// @return uri Location of the document.
    /// @return documentHash Hash of its content.
    /// @return lastModified Unix seconds; 0 if there is none.
    function getDocument(bytes32 name_)
        external
        view
        returns (string memory uri, bytes32 documentHash, uint256 lastModified);
    function getAllDocuments() external view returns (bytes32[] memory);

    /// @notice Returns the AccessManager that holds the roles.
    function authority() external view returns (address);

    /// @notice Returns the factory that created this token and whose roles govern it.
    function factory() external view returns (address);

    /// @return The factory: it governs.
    function owner() external view returns (address);
}
