// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title ERC-3643's ICompliance, for one token
/// @notice The contract that `token.compliance()` returns, so that tools that look for a compliance contract find one.
/// It keeps no state and asks the engine. The token itself calls the engine directly. There are no modules, because
/// rules are the engine's data.
interface ITokenCompliance {
    event TokenBound(address token);
    event TokenUnbound(address token);

    error TokenCompliance__OnlyToken(address caller);
    error TokenCompliance__WrongToken(address token);
    /// @dev T-REX refuses movements from or to address zero, and movements of nothing.
    error TokenCompliance__ZeroAddress();
    error TokenCompliance__ZeroAmount();
    /// @dev Rules are data of the engine, not modules.
    error TokenCompliance__NoModules();

    /// @notice Notes that the calling token takes this contract as its compliance. Only the token may call it.
    function bindToken(address token) external;
    /// @notice Notes that the calling token leaves this contract. Only the token may call it.
    function unbindToken(address token) external;
    function isTokenBound(address token) external view returns (bool);
    function getTokenBound() external view returns (address);

    /// @notice Tells whether the rules admit a transfer that `from` itself makes; address zero as `from` asks about
    /// issuance.
    function canTransfer(address from, address to, uint256 amount) external view returns (bool);

    /// @notice Changes nothing, because the engine has already been told; refuses address zero and an amount of zero, as
    /// T-REX does. Only the token may call it. So it is with {created} and {destroyed}.
    function transferred(address from, address to, uint256 amount) external;
    function created(address to, uint256 amount) external;
    function destroyed(address from, uint256 amount) external;

    /// @notice Always reverts, because there are no modules.
    function addModule(address module) external;
    /// @notice Always reverts, because there are no modules.
    function removeModule(address module) external;
    /// @notice Always reverts, because there are no modules.
    function callModuleFunction(bytes calldata callData, address module) external;
    /// @return An empty list.
    function getModules() external view returns (address[] memory);
    /// @return Always false.
    function isModuleBound(address module) external view returns (bool);

    /// @notice Returns ERC-1404's text for a code: an IAutomatedComplianceEngine.Reason.
    function messageOf(uint8 code) external pure returns (string memory);

    /// @return The engine that decides.
    function engine() external view returns (address);
}
