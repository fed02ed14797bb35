// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

/// @title PancakeSwap V3's pool deployer
/// @notice Stand-in for tests: it takes the place of PancakeV3PoolDeployer, which the package leaves out. It follows
/// IPancakeV3PoolDeployer and deploys the package's own pool code, with its salt, so that pools have their published
/// init code hash.
contract MockPancakeDeployer {
    struct Parameters {
        address factory;
        address token0;
        address token1;
        uint24 fee;
        int24 tickSpacing;
    }

    Parameters public parameters;
    address private immutable _code;

    constructor(bytes memory poolCode) {
        _code = SSTORE2.write(poolCode);
    }

    function deploy(
        address factory,
        address token0,
        address token1,
        uint24 fee,
        int24 tickSpacing
    )
        external
        returns (address pool)
    {
        parameters = Parameters(factory, token0, token1, fee, tickSpacing);
        bytes memory code = SSTORE2.read(_code);
        bytes32 salt = keccak256(abi.encode(token0, token1, fee));
        assembly ("memory-safe") {
            pool := create2(0, add(code, 32), mload(code), salt)
        }
        require(pool != address(0), "not deployed");
        delete parameters;
    }
}
