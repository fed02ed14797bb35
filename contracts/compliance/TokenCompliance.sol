// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ReasonText} from "./ReasonText.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {ITokenCompliance} from "interfaces/compliance/ITokenCompliance.sol";
import {IComplianceAwareToken} from "interfaces/tokens/IComplianceAwareToken.sol";

/// @title ERC-3643's ICompliance, for one token
/// @notice See {ITokenCompliance}. A clone whose immutable arguments are abi.encode(engine, token).
contract TokenCompliance is ITokenCompliance {
    modifier onlyToken() {
        (, address token) = _arguments();
        if (msg.sender != token) revert TokenCompliance__OnlyToken(msg.sender);
        _;
    }

    /// @inheritdoc ITokenCompliance
    function bindToken(address token) external onlyToken {
        if (token != msg.sender) revert TokenCompliance__WrongToken(token);
        emit TokenBound(token);
    }

    /// @inheritdoc ITokenCompliance
    function unbindToken(address token) external onlyToken {
        if (token != msg.sender) revert TokenCompliance__WrongToken(token);
        emit TokenUnbound(token);
    }

    /// @inheritdoc ITokenCompliance
    function isTokenBound(address token) external view returns (bool) {
        return token == getTokenBound() && token != address(0);
    }

    /// @inheritdoc ITokenCompliance
    function getTokenBound() public view returns (address) {
        (, address token) = _arguments();
        return IComplianceAwareToken(token).compliance() == address(this) ? token : address(0);
    }

    /// @inheritdoc ITokenCompliance
    function canTransfer(address from, address to, uint256 amount) external view returns (bool) {
        (address engine_, address token) = _arguments();
        (, IAutomatedComplianceEngine.Reason reason) =
            IAutomatedComplianceEngine(engine_).checkTransfer(token, from, from, to, amount);
        if (reason != IAutomatedComplianceEngine.Reason.None) return false;
        // The token itself refuses an issue that leaves its receiver below the minimum investment.
        return from != address(0)
            || IERC20(token).balanceOf(to) + amount >= IComplianceAwareToken(token).tokenInfo().minimumInvestment;
    }

    /// @inheritdoc ITokenCompliance
    function transferred(address from, address to, uint256 amount) external onlyToken {
        _requireMovement(from != address(0) && to != address(0), amount);
    }

    /// @inheritdoc ITokenCompliance
    function created(address to, uint256 amount) external onlyToken {
        _requireMovement(to != address(0), amount);
    }

    /// @inheritdoc ITokenCompliance
    function destroyed(address from, uint256 amount) external onlyToken {
        _requireMovement(from != address(0), amount);
    }

    /// @inheritdoc ITokenCompliance
    function addModule(address) external pure {
        revert TokenCompliance__NoModules();
    }

    /// @inheritdoc ITokenCompliance
    function removeModule(address) external pure {
        revert TokenCompliance__NoModules();
    }

    /// @inheritdoc ITokenCompliance
    function callModuleFunction(bytes calldata, address) external pure {
        revert TokenCompliance__NoModules();
    }

    /// @inheritdoc ITokenCompliance
    function getModules() external pure returns (address[] memory modules) {
        return modules;
    }

    /// @inheritdoc ITokenCompliance
    function isModuleBound(address) external pure returns (bool) {
        return false;
    }

    /// @inheritdoc ITokenCompliance
    function messageOf(uint8 code) external pure returns (string memory) {
        return ReasonText.textOf(code);
    }

    /// @inheritdoc ITokenCompliance
    function engine() external view returns (address engine_) {
        (engine_,) = _arguments();
    }

    function _requireMovement(bool named, uint256 amount) private pure {
        if (!named) revert TokenCompliance__ZeroAddress();
        if (amount == 0) revert TokenCompliance__ZeroAmount();
    }

    function _arguments() private view returns (address engine_, address token) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (address, address));
    }
}
