// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Regulated token
/// @notice ERC-20 with permit whose every movement asks the compliance engine. Clones share the factory's role mapping:
/// "Role" below is the role that the AccessManager maps to the function on the factory.
interface IComplianceAwareToken is IERC20 {
    /// @dev Also for a role held with a delay: on clones every role acts at once.
    error ComplianceAwareToken__Unauthorized(address caller, bytes4 selector);

    /// @notice Sets up a clone; once, by the factory.
    /// @param decimals_ 0 to 36.
    function initialize(string calldata name_, string calldata symbol_, uint8 decimals_) external;

    /// @notice Issues tokens to an eligible account. Role: ISSUER.
    function mint(address to, uint256 amount) external;

    /// @notice Cancels tokens of an account that is not frozen. Role: ISSUER.
    function burn(address from, uint256 amount) external;

    /// @notice Stops every movement at once. Role: GUARDIAN.
    function pause() external;

    /// @notice Lets movements go on. Role: ISSUER.
    function unpause() external;

    /// @notice The engine that decides on every movement.
    function compliance() external view returns (address);

    /// @notice The AccessManager that knows who holds which role.
    function authority() external view returns (address);

    /// @notice The factory that created this token and whose roles govern it.
    function factory() external view returns (address);
}
