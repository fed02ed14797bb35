// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IClaimIssuer, IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title A holder's identity that would say anything
/// @notice Stands in for an ONCHAINID that its holder wrote itself: it claims every topic, names itself as the issuer,
/// and finds itself valid; or it tries to make its caller fail.
contract LyingIdentity is IOnchainId, IClaimIssuer {
    enum Trick {
        None,
        BurnGas,
        ReturnMegabytes,
        ReturnNonsense,
        Revert
    }

    Trick private _trick;

    function setTrick(Trick trick) external {
        _trick = trick;
    }

    function getClaim(bytes32)
        external
        view
        returns (uint256, uint256, address, bytes memory, bytes memory, string memory)
    {
        Trick trick = _trick;
        if (trick == Trick.Revert) revert();
        if (trick == Trick.BurnGas) while (true) {}
        if (trick == Trick.ReturnMegabytes) {
            assembly {
                return(0, 100000)
            }
        }
        if (trick == Trick.ReturnNonsense) {
            assembly {
                mstore(0, not(0))
                return(0, 192)
            }
        }
        bytes memory signature = abi.encodePacked(bytes32(uint256(1)), bytes32(uint256(1)), uint8(27));
        return (1, 1, address(this), signature, abi.encode(type(uint40).max), "");
    }

    function isClaimValid(IOnchainId, uint256, bytes calldata, bytes calldata) external pure returns (bool) {
        return true;
    }

    function keyHasPurpose(bytes32, uint256) external pure returns (bool) {
        return true;
    }
}
