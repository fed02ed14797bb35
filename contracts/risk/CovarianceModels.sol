// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";

import {Roles} from "../access/Roles.sol";
import {PackedCovariance} from "../math/PackedCovariance.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {ICovarianceModels} from "interfaces/risk/ICovarianceModels.sol";

/// @title Covariance models of universes of assets
/// @notice See {ICovarianceModels}.
contract CovarianceModels is ICovarianceModels, AccessManagedUpgradeable, UUPSUpgradeable, EIP712 {
    struct Universe {
        ModelInfo model;
        address[] assets;
        mapping(address asset => uint256) indexPlusOne;
        uint128[] prices;
    }

    /// @custom:storage-location erc7201:quantera.storage.CovarianceModels
    struct Storage {
        mapping(bytes32 universe => Universe) universes;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.CovarianceModels")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0x278edf75ce543060d5de384aae44acb7184720072ce0cc634b04ade3c9d90400;

    bytes32 private constant _MODEL_TYPEHASH = keccak256(
        "CovarianceModel(bytes32 universe,uint64 nonce,uint40 asOf,uint40 expiry,uint64 z95,uint64 z99,uint64 es975,int64[] covariance)"
    );
    uint256 private constant _WAD = 1e18;
    uint256 private constant _WHOLE_BPS = 10_000;
    uint256 private constant _CASH = 0xff;
    /// @dev Divisor of the square of a price's move: a variance may rise by the quotient.
    uint256 private constant _MOVE_PARTS = 10;
    /// @dev Gas for a price: two feeds behind proxies take less than a third of it.
    uint256 private constant _PRICE_GAS = 300_000;

    // Floors of tail multipliers, WAD: a little below a Student t of three degrees (1.359), and the normal's own.
    uint256 private constant _LEAST_Z95 = 1.3e18;
    uint256 private constant _LEAST_Z99 = 2.326347874040841101e18;
    uint256 private constant _LEAST_ES975 = 2.337802792201414e18;
    // Cantelli: no quantile or mean tail loss at confidence a is more than sqrt(a / (1 - a)) sigmas from the mean.
    uint256 private constant _MOST_Z95 = 4.358898943540673553e18;
    uint256 private constant _MOST_Z99 = 9.949874371066199547e18;
    uint256 private constant _MOST_ES975 = 6.244997998398398206e18;

    /// @notice The quorums that sign models.
    ISignerSets public immutable signerSets;
    uint40 private immutable _minDelay;
    uint40 private immutable _maxLifetime;
    uint16 private immutable _maxFallBps;
    uint16 private immutable _maxUnseenRiseBps;
    IPriceOracle private immutable _oracle;

    constructor(
        ISignerSets signerSets_,
        IPriceOracle oracle,
        StepBounds memory bounds
    )
        EIP712("Quantera CovarianceModels", "1")
    {
        if (bounds.maxLifetime == 0 || bounds.maxFallBps > _WHOLE_BPS) {
            revert CovarianceModels__InvalidBounds(bounds);
        }
        signerSets = signerSets_;
        (_minDelay, _maxLifetime) = (bounds.minDelay, bounds.maxLifetime);
        (_maxFallBps, _maxUnseenRiseBps) = (bounds.maxFallBps, bounds.maxUnseenRiseBps);
        _oracle = oracle;
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    // -- Universes ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ICovarianceModels
    function createUniverse(bytes32 universe, address[] calldata assets) external restricted {
        Universe storage u = _storage().universes[universe];
        if (u.assets.length != 0) revert CovarianceModels__UniverseExists(universe);
        if (assets.length == 0 || assets.length > PackedCovariance.MAX_SIZE) {
            revert CovarianceModels__TooManyAssets(assets.length, PackedCovariance.MAX_SIZE);
        }
        for (uint256 i; i < assets.length; ++i) {
            if (u.indexPlusOne[assets[i]] != 0) revert CovarianceModels__DuplicateAsset(assets[i]);
            u.indexPlusOne[assets[i]] = i + 1;
        }
        u.assets = assets;
        emit UniverseCreated(universe, assets);
    }

    /// @inheritdoc ICovarianceModels
    function universeAssets(bytes32 universe) external view returns (address[] memory) {
        return _storage().universes[universe].assets;
    }

    /// @inheritdoc ICovarianceModels
    function indicesOf(bytes32 universe, address[] calldata assets) external view returns (bytes32) {
        Universe storage u = _existing(universe);
        uint256 packed = _CASH << 248;
        for (uint256 k = 1; k < assets.length; ++k) {
            uint256 indexPlusOne = u.indexPlusOne[assets[k]];
            if (indexPlusOne == 0) revert CovarianceModels__AssetNotInUniverse(universe, assets[k]);
            packed |= (indexPlusOne - 1) << (248 - 8 * k);
        }
        return bytes32(packed);
    }

    // -- Models ------------------------------------------------------------------------------------------------------

    /// @inheritdoc ICovarianceModels
    function postModel(CovarianceModel calldata model, ISignerSets.Signature[] calldata signatures) external {
        Universe storage u = _requireAcceptable(model, signatures);
        uint128[] memory prices = _prices(u);
        _requireSmallStep(u, model, prices);
        _keep(u, model, prices);
    }

    /// @inheritdoc ICovarianceModels
    function postModelCoSigned(
        CovarianceModel calldata model,
        ISignerSets.Signature[] calldata signatures,
        ISignerSets.Signature calldata guardian
    )
        external
    {
        Universe storage u = _requireAcceptable(model, signatures);
        (bool member, uint32 delay) = IAccessManager(authority()).hasRole(Roles.GUARDIAN, guardian.signer);
        if (
            !member || delay != 0
                || !SignatureChecker.isValidSignatureNowCalldata(guardian.signer, hashModel(model), guardian.data)
        ) revert CovarianceModels__NotGuardian(guardian.signer);
        emit StepCoSigned(model.universe, model.nonce, guardian.signer);
        _keep(u, model, _prices(u));
    }

    /// @inheritdoc ICovarianceModels
    function hashModel(CovarianceModel calldata model) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    _MODEL_TYPEHASH,
                    model.universe,
                    model.nonce,
                    model.asOf,
                    model.expiry,
                    model.z95,
                    model.z99,
                    model.es975,
                    keccak256(abi.encodePacked(model.covariance))
                )
            )
        );
    }

    /// @inheritdoc ICovarianceModels
    function modelOf(bytes32 universe) external view returns (ModelInfo memory) {
        return _storage().universes[universe].model;
    }

    /// @inheritdoc ICovarianceModels
    function currentModel(bytes32 universe) external view returns (LiveModel memory) {
        ModelInfo storage info = _storage().universes[universe].model;
        if (info.pointer == address(0)) revert CovarianceModels__NoModel(universe);
        if (block.timestamp >= info.expiry) revert CovarianceModels__ModelExpired(universe, info.expiry);
        return LiveModel(info.pointer, info.size, info.nonce, info.z95, info.z99, info.es975);
    }

    /// @inheritdoc ICovarianceModels
    function stepBounds() external view returns (StepBounds memory) {
        return StepBounds(_minDelay, _maxLifetime, _maxFallBps, _maxUnseenRiseBps);
    }

    /// @inheritdoc ICovarianceModels
    function entryBounds(bytes32 universe) external view returns (int256[] memory least, int256[] memory most) {
        Universe storage u = _existing(universe);
        if (u.model.pointer == address(0)) revert CovarianceModels__NoModel(universe);
        return _entryBounds(u, _prices(u));
    }

    /// @inheritdoc ICovarianceModels
    function pricesAtLastModel(bytes32 universe) external view returns (uint128[] memory) {
        return _existing(universe).prices;
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev Makes the checks that hold for every model, co-signed or not.
    function _requireAcceptable(
        CovarianceModel calldata model,
        ISignerSets.Signature[] calldata signatures
    )
        private
        view
        returns (Universe storage u)
    {
        u = _existing(model.universe);
        (uint64 nonce, uint40 asOf) = (u.model.nonce, u.model.asOf);
        if (model.nonce != nonce + 1) revert CovarianceModels__WrongNonce(model.nonce, nonce + 1);
        if (model.asOf <= asOf) revert CovarianceModels__StaleModel(model.asOf, asOf);
        if (model.asOf > block.timestamp) revert CovarianceModels__ModelFromFuture(model.asOf, block.timestamp);
        if (model.expiry <= block.timestamp) revert CovarianceModels__ModelExpired(model.universe, model.expiry);
        if (model.expiry - model.asOf > _maxLifetime) {
            revert CovarianceModels__ModelLifetime(model.asOf, model.expiry, _maxLifetime);
        }
        _requireTail(9500, model.z95, _LEAST_Z95, _MOST_Z95);
        _requireTail(9900, model.z99, FixedPointMathLib.max(_LEAST_Z99, model.z95), _MOST_Z99);
        _requireTail(9750, model.es975, FixedPointMathLib.max(_LEAST_ES975, model.z95), _MOST_ES975);
        _requireCovariance(model.covariance, u.assets.length);
        signerSets.requireQuorum(model.universe, hashModel(model), signatures);
    }

    function _keep(Universe storage u, CovarianceModel calldata model, uint128[] memory prices) private {
        u.prices = prices;
        address pointer = SSTORE2.write(PackedCovariance.pack(model.covariance));
        u.model = ModelInfo(
            pointer,
            model.asOf,
            model.expiry,
            uint8(u.assets.length),
            model.nonce,
            model.z95,
            model.z99,
            model.es975,
            uint40(block.timestamp)
        );
        emit ModelPosted(model.universe, model.nonce, model.asOf, model.expiry, pointer);
    }

    function _requireTail(uint256 confidenceBps, uint256 multiplier, uint256 least, uint256 most) private pure {
        if (multiplier < least || multiplier > most) {
            revert CovarianceModels__ImpossibleTail(confidenceBps, multiplier, least, most);
        }
    }

    /// @dev Checks entries of a covariance matrix: positive variances, Cauchy-Schwarz for every pair.
    function _requireCovariance(int64[] calldata covariance, uint256 n) private pure {
        if (covariance.length != PackedCovariance.entries(n)) {
            revert CovarianceModels__WrongModelSize(covariance.length, PackedCovariance.entries(n));
        }
        uint256[] memory variances = new uint256[](n);
        uint256 index;
        for (uint256 i; i < n; ++i) {
            int64 entry = covariance[index];
            if (entry <= 0) revert CovarianceModels__InvalidCovariance(i, i, entry);
            variances[i] = uint64(entry);
            index += n - i;
        }
        index = 0;
        for (uint256 i; i < n; ++i) {
            ++index;
            for (uint256 j = i + 1; j < n; ++j) {
                int256 entry = covariance[index++];
                if (uint256(entry * entry) > variances[i] * variances[j]) {
                    revert CovarianceModels__InvalidCovariance(i, j, int64(entry));
                }
            }
        }
    }

    /// @dev Checks R1. The first model has nothing to step from.
    function _requireSmallStep(
        Universe storage u,
        CovarianceModel calldata model,
        uint128[] memory prices
    )
        private
        view
    {
        ModelInfo memory last = u.model;
        if (last.pointer == address(0)) return;
        uint256 next = last.postedAt + _minDelay;
        if (block.timestamp < next) revert CovarianceModels__TooSoon(block.timestamp, next);
        _requireTailStep(model.z95, last.z95);
        _requireTailStep(model.z99, last.z99);
        _requireTailStep(model.es975, last.es975);

        (int256[] memory least, int256[] memory most) = _entryBounds(u, prices);
        uint256 index;
        for (uint256 i; i < last.size; ++i) {
            for (uint256 j = i; j < last.size; ++j) {
                int256 entry = model.covariance[index];
                if (entry < least[index]) revert CovarianceModels__FallTooLarge(i, j, entry, least[index]);
                if (entry > most[index]) revert CovarianceModels__RiseTooLarge(i, j, entry, most[index]);
                ++index;
            }
        }
    }

    function _requireTailStep(uint256 multiplier, uint256 last) private view {
        uint256 least = last * (2 * _WHOLE_BPS - _maxFallBps) / (2 * _WHOLE_BPS);
        uint256 most = last * (2 * _WHOLE_BPS + _maxUnseenRiseBps) / (2 * _WHOLE_BPS);
        if (multiplier < least || multiplier > most) {
            revert CovarianceModels__TailStepTooLarge(multiplier, least, most);
        }
    }

    function _entryBounds(
        Universe storage u,
        uint128[] memory prices
    )
        private
        view
        returns (int256[] memory least, int256[] memory most)
    {
        uint256 n = u.model.size;
        bytes memory before = SSTORE2.read(u.model.pointer);
        uint256[] memory sigmas = _sigmas(before, n);
        uint256[] memory moves = _moves(u.prices, prices);
        (least, most) = (new int256[](PackedCovariance.entries(n)), new int256[](PackedCovariance.entries(n)));
        uint256 index;
        for (uint256 i; i < n; ++i) {
            for (uint256 j = i; j < n; ++j) {
                int256 entry = PackedCovariance.load(before, index);
                uint256 unit = sigmas[i] * sigmas[j];
                least[index] = entry - int256(unit * _maxFallBps / (_WAD * _WHOLE_BPS));
                uint256 seen = moves[i] * moves[j] / (_WAD * _MOVE_PARTS);
                most[index++] = entry + int256(unit * _maxUnseenRiseBps / (_WAD * _WHOLE_BPS) + seen);
            }
        }
    }

    /// @return moves Distance of each price from the one before, as a part of that, WAD, at most 1.
    function _moves(uint128[] memory before, uint128[] memory prices) private pure returns (uint256[] memory moves) {
        moves = new uint256[](prices.length);
        for (uint256 i; i < before.length; ++i) {
            if (before[i] == 0) continue;
            moves[i] = FixedPointMathLib.min(FixedPointMathLib.dist(prices[i], before[i]) * _WAD / before[i], _WAD);
        }
    }

    /// @return prices WAD USD of a whole token of each asset: the oracle's, or where it has none, the one before.
    function _prices(Universe storage u) private view returns (uint128[] memory prices) {
        prices = new uint128[](u.assets.length);
        bool remembers = u.prices.length != 0;
        for (uint256 i; i < prices.length; ++i) {
            if (gasleft() < _PRICE_GAS) revert CovarianceModels__TooLittleGas(gasleft(), _PRICE_GAS);
            try _oracle.price(u.assets[i]) returns (uint256 price) {
                prices[i] = SafeCastLib.toUint128(price);
            } catch {
                prices[i] = remembers ? u.prices[i] : 0;
            }
        }
    }

    /// @return sigmas Daily volatilities, WAD.
    function _sigmas(bytes memory matrix, uint256 n) private pure returns (uint256[] memory sigmas) {
        sigmas = new uint256[](n);
        uint256 index;
        for (uint256 i; i < n; ++i) {
            sigmas[i] = FixedPointMathLib.sqrt(uint256(PackedCovariance.load(matrix, index)) * _WAD);
            index += n - i;
        }
    }

    function _existing(bytes32 universe) private view returns (Universe storage u) {
        u = _storage().universes[universe];
        if (u.assets.length == 0) revert CovarianceModels__NoSuchUniverse(universe);
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
