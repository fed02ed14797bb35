// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title Recognises tokens whose holders are under rules
/// @notice See {IPortfolioFactory}. A token is asked by four standards. It may burn gas or return megabytes: each
/// question costs a bounded amount.
library RegulatedAsset {
    /// @dev Enough for a view of a few slots behind two proxies. A caller who starves a question of it has less than a
    /// sixtieth left when it fails, with which nothing can be listed.
    uint256 private constant _GAS = 60_000;
    bytes4 private constant _ERC7943 = 0x3edbb4c4;

    /// @return True if the token says that it is an ERC-7943 token, names the contracts of ERC-3643, as the restricted
    /// shares of a portfolio do too, or answers ERC-1404.
    function isRegulated(address token) internal view returns (bool) {
        (bool answered, uint256 word) = _ask(token, abi.encodeCall(IERC165.supportsInterface, (_ERC7943)));
        if (answered && word == 1) return true;
        (, word) = _ask(token, abi.encodeWithSignature("compliance()"));
        if (word != 0) return true;
        (, word) = _ask(token, abi.encodeWithSignature("identityRegistry()"));
        if (word != 0) return true;
        // Whatever the code is, a token that judges transfers has one.
        (answered,) = _ask(
            token,
            abi.encodeWithSignature("detectTransferRestriction(address,address,uint256)", address(this), token, 1)
        );
        return answered;
    }

    /// @return answered True if at least a word was returned.
    /// @return word The first word; 0 if there is none.
    function _ask(address token, bytes memory data) private view returns (bool answered, uint256 word) {
        assembly ("memory-safe") {
            mstore(0, 0)
            answered := staticcall(_GAS, token, add(data, 32), mload(data), 0, 32)
            answered := and(answered, gt(returndatasize(), 31))
            if answered { word := mload(0) }
        }
    }
}
