// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ISignerSets} from "interfaces/access/ISignerSets.sol";

/// @title Covariance models of universes of assets
/// @notice There is one model per universe, shared by all portfolios in it: daily covariances of simple returns and the
/// tails that Monte Carlo finds, in units of sigma. A quorum signs; the chain checks that each model is possible, new,
/// unexpired and a small step away from the last (R1). Falls hide risk, so they are bounded tightly. Rises force
/// portfolios to sell, so they are bounded by the moves of the oracle's prices since the last model, and some slack. A
/// larger step, or an earlier one, needs a guardian's signature beside the quorum's.
interface ICovarianceModels {
    /// @notice The message that signers sign.
    /// @param universe The universe's id, which also names its signer set.
    /// @param nonce One more than the last accepted model's.
    /// @param asOf Unix seconds of the last price used; newer than the last accepted model's, not in the future.
    /// @param expiry Unix seconds from which the model no longer counts.
    /// @param z95 One-day 95% quantile of losses in sigmas, WAD; 1.3 to sqrt(0.95/0.05).
    /// @param z99 One-day 99% quantile, WAD; the normal's 2.3263 to sqrt(0.99/0.01).
    /// @param es975 Mean loss beyond the 97.5% quantile, WAD; the normal's 2.3378 to sqrt(0.975/0.025).
    /// @param covariance Daily covariances, 1e18 = 1, upper triangle by rows (00, 01, .., 0n, 11, ..), n(n+1)/2 entries
    /// for the n assets of the universe. int64: |entry| < 9.22, which is a daily volatility of 303%.
    struct CovarianceModel {
        bytes32 universe;
        uint64 nonce;
        uint40 asOf;
        uint40 expiry;
        uint64 z95;
        uint64 z99;
        uint64 es975;
        int64[] covariance;
    }

    /// @param pointer SSTORE2 pointer of the packed entries; zero before the first model.
    /// @param size Number of assets.
    /// @param postedAt Unix seconds of its acceptance.
    struct ModelInfo {
        address pointer;
        uint40 asOf;
        uint40 expiry;
        uint8 size;
        uint64 nonce;
        uint64 z95;
        uint64 z99;
        uint64 es975;
        uint40 postedAt;
    }

    /// @notice The part of a {ModelInfo} that risk numbers are computed from; every rebalance reads it.
    struct LiveModel {
        address pointer;
        uint8 size;
        uint64 nonce;
        uint64 z95;
        uint64 z99;
        uint64 es975;
    }

    /// @notice Bounds on the step from the last model to the next, without a guardian.
    /// @param minDelay Seconds between two acceptances.
    /// @param maxLifetime Maximum number of seconds between a model's `asOf` and its `expiry`.
    /// @param maxFallBps k: each covariance may fall by k sigma_i sigma_j, so each variance to 1 - k of itself, each
    /// tail multiplier to 1 - k/2 of itself.
    /// @param maxUnseenRiseBps u: each covariance may rise by u sigma_i sigma_j + m_i m_j / 10, each tail multiplier to
    /// 1 + u/2 of itself. m is how far an asset's price has moved since the last model, as a part of its price then, at
    /// most 1; zero while the oracle has no price. A tenth is more than an exponentially weighted estimate gives to its
    /// last day (RiskMetrics 1996: 6%).
    struct StepBounds {
        uint40 minDelay;
        uint40 maxLifetime;
        uint16 maxFallBps;
        uint16 maxUnseenRiseBps;
    }

    event UniverseCreated(bytes32 indexed universe, address[] assets);
    event ModelPosted(bytes32 indexed universe, uint64 nonce, uint40 asOf, uint40 expiry, address pointer);
    event StepCoSigned(bytes32 indexed universe, uint64 nonce, address indexed guardian);

    error CovarianceModels__InvalidBounds(StepBounds bounds);
    error CovarianceModels__UniverseExists(bytes32 universe);
    error CovarianceModels__NoSuchUniverse(bytes32 universe);
    error CovarianceModels__TooManyAssets(uint256 assets, uint256 max);
    error CovarianceModels__DuplicateAsset(address asset);
    error CovarianceModels__AssetNotInUniverse(bytes32 universe, address asset);
    error CovarianceModels__NoModel(bytes32 universe);
    error CovarianceModels__ModelExpired(bytes32 universe, uint256 expiry);
    error CovarianceModels__WrongNonce(uint64 nonce, uint64 expected);
    error CovarianceModels__StaleModel(uint40 asOf, uint40 lastAsOf);
    error CovarianceModels__ModelFromFuture(uint40 asOf, uint256 timestamp);
    error CovarianceModels__ModelLifetime(uint40 asOf, uint40 expiry, uint256 maxLifetime);
    error CovarianceModels__WrongModelSize(uint256 entries, uint256 expected);
    /// @dev A variance has to be positive and |cov(i,j)|^2 at most var(i) var(j).
    error CovarianceModels__InvalidCovariance(uint256 row, uint256 column, int64 entry);
    /// @dev The multiplier is below its floor, or above that of any distribution of that variance (Cantelli's
    /// inequality).
    error CovarianceModels__ImpossibleTail(uint256 confidenceBps, uint256 multiplier, uint256 least, uint256 most);
    /// @dev A guardian's signature lifts this error and the next three; until then the last model stands.
    error CovarianceModels__TooSoon(uint256 timestamp, uint256 next);
    error CovarianceModels__FallTooLarge(uint256 row, uint256 column, int256 entry, int256 least);
    error CovarianceModels__RiseTooLarge(uint256 row, uint256 column, int256 entry, int256 most);
    error CovarianceModels__TailStepTooLarge(uint256 multiplier, uint256 least, uint256 most);
    error CovarianceModels__NotGuardian(address signer);
    /// @dev The call has less gas than the oracle may need for a price, which would then count as missing.
    error CovarianceModels__TooLittleGas(uint256 gas, uint256 needed);

    /// @notice Creates a universe, whose assets and order never change. Role: MANAGER_DELAYED. At worst: a universe
    /// that nobody uses.
    /// @param assets 1 to 32 distinct tokens.
    function createUniverse(bytes32 universe, address[] calldata assets) external;

    /// @notice Accepts a model signed by the quorum of the universe's signer set; anyone may send it.
    function postModel(CovarianceModel calldata model, ISignerSets.Signature[] calldata signatures) external;

    /// @notice Accepts a model whose step is beyond the bounds, which a guardian has signed too. Everything else is
    /// checked as in {postModel}.
    /// @param guardian Signature of the same digest by an account that holds GUARDIAN.
    function postModelCoSigned(
        CovarianceModel calldata model,
        ISignerSets.Signature[] calldata signatures,
        ISignerSets.Signature calldata guardian
    )
        external;

    /// @return EIP-712 digest that signers of this model sign.
    function hashModel(CovarianceModel calldata model) external view returns (bytes32);

    function modelOf(bytes32 universe) external view returns (ModelInfo memory);

    /// @notice Returns the part of `modelOf` that risk numbers need; reverts if there is no model, or it has expired.
    function currentModel(bytes32 universe) external view returns (LiveModel memory);

    function universeAssets(bytes32 universe) external view returns (address[] memory);

    /// @notice Returns one byte per asset, the first in the highest: its index in the universe. Asset 0 is cash and
    /// reads 0xff. Reverts if another is not in the universe.
    function indicesOf(bytes32 universe, address[] calldata assets) external view returns (bytes32);

    function stepBounds() external view returns (StepBounds memory);

    /// @notice Returns the bounds of the next model's entries now, without a guardian, in a model's order. Reverts
    /// before the first model, which nothing bounds.
    function entryBounds(bytes32 universe) external view returns (int256[] memory least, int256[] memory most);

    /// @return WAD USD for one whole token of each asset of a universe when the last model came; 0 where the oracle
    /// never had one.
    function pricesAtLastModel(bytes32 universe) external view returns (uint128[] memory);
}
