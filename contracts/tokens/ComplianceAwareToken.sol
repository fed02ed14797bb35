// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {
    ERC20PermitUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";
import {PausableUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/PausableUpgradeable.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IComplianceAwareToken} from "interfaces/tokens/IComplianceAwareToken.sol";

/// @title Regulated token
/// @notice See {IComplianceAwareToken}.
contract ComplianceAwareToken is IComplianceAwareToken, ERC20PermitUpgradeable, PausableUpgradeable {
    /// @inheritdoc IComplianceAwareToken
    address public immutable factory;
    /// @inheritdoc IComplianceAwareToken
    address public immutable authority;
    /// @inheritdoc IComplianceAwareToken
    address public immutable compliance;

    uint8 private _decimals;

    /// @dev A clone acts under the role mapping of its factory.
    modifier restricted() {
        // slither-disable-next-line unused-return
        (bool immediate,) = IAccessManager(authority).canCall(msg.sender, factory, msg.sig);
        if (!immediate) revert ComplianceAwareToken__Unauthorized(msg.sender, msg.sig);
        _;
    }

    constructor(address authority_, address compliance_) {
        factory = msg.sender;
        authority = authority_;
        compliance = compliance_;
        _disableInitializers();
    }

    /// @inheritdoc IComplianceAwareToken
    function initialize(string calldata name_, string calldata symbol_, uint8 decimals_) external initializer {
        if (msg.sender != factory) revert ComplianceAwareToken__Unauthorized(msg.sender, msg.sig);
        __ERC20_init(name_, symbol_);
        __ERC20Permit_init(name_);
        _decimals = decimals_;
    }

    /// @inheritdoc IComplianceAwareToken
    function mint(address to, uint256 amount) external restricted {
        _mint(to, amount);
    }

    /// @inheritdoc IComplianceAwareToken
    function burn(address from, uint256 amount) external restricted {
        _burn(from, amount);
    }

    /// @inheritdoc IComplianceAwareToken
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc IComplianceAwareToken
    function unpause() external restricted {
        _unpause();
    }

    /// @notice Decimals of one whole token, 0 to 36.
    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    /// @dev Every movement ends here: mint, burn, transfer, transferFrom.
    function _update(address from, address to, uint256 value) internal override whenNotPaused {
        IAutomatedComplianceEngine(compliance).enforceTransfer(_msgSender(), from, to, value);
        super._update(from, to, value);
    }
}
