// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that says by one standard, or in no way, that its holders are under rules
/// @notice Stands in for regulated tokens of others, and for tokens that answer every question with an attack.
contract RuledToken is ERC20("Ruled", "RULED") {
    enum Standard {
        None,
        ERC7943,
        Compliance,
        IdentityRegistry,
        ERC1404,
        BurnsGas,
        ReturnsMegabytes,
        Reverts
    }

    bytes32 private constant _ERC7943 = bytes4(0x3edbb4c4);

    Standard private immutable _standard;

    constructor(Standard standard) {
        _standard = standard;
    }

    /// @dev Whatever ERC-20 does not answer. A token without rules has ERC-165 and denies what it is asked for.
    fallback(bytes calldata question) external returns (bytes memory) {
        if (_standard == Standard.BurnsGas) {
            while (true) {}
        }
        if (_standard == Standard.ReturnsMegabytes) {
            assembly {
                return(0, 1000000)
            }
        }
        bytes4 selector = bytes4(question);
        if (selector == bytes4(keccak256("supportsInterface(bytes4)")) && _standard != Standard.Reverts) {
            return abi.encode(_standard == Standard.ERC7943 && bytes32(question[4:]) == _ERC7943);
        }
        bool answers = _standard == Standard.Compliance && selector == bytes4(keccak256("compliance()"))
            || _standard == Standard.IdentityRegistry && selector == bytes4(keccak256("identityRegistry()"));
        if (answers) return abi.encode(address(this));
        answers = _standard == Standard.ERC1404
            && selector == bytes4(keccak256("detectTransferRestriction(address,address,uint256)"));
        if (answers) return abi.encode(uint8(0));
        revert("no such function");
    }
}
