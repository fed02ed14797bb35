// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {AutomatedComplianceEngine} from "contracts/compliance/AutomatedComplianceEngine.sol";
import {HolderRecords} from "contracts/compliance/HolderRecords.sol";
import {RuleBook} from "contracts/compliance/RuleBook.sol";
import {TransferTerms} from "contracts/compliance/TransferTerms.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";

/// @title The engine with words put in by hand
contract OpenEngine is AutomatedComplianceEngine {
    constructor(
        IIdentityRegistry registry,
        RuleBook ruleBook,
        HolderRecords records,
        TransferTerms terms
    )
        AutomatedComplianceEngine(registry, ruleBook, records, terms)
    {}

    function put(address token, uint256 word, uint256 country, uint256 hold) external {
        _storage().tokens[token] = word;
        _storage().rules[token][country].hold = hold;
    }
}

/// @title A registry that knows what it is told
contract ToldRegistry {
    uint256 private _sender;
    uint256 private _receiver;
    uint256 private _operator;

    function tell(uint256 sender, uint256 receiver, uint256 operator) external {
        (_sender, _receiver, _operator) = (sender, receiver, operator);
    }

    function counterparties(address from, address to) external view returns (uint256, uint256) {
        return (from == address(0) ? 0 : _sender, to == address(0) ? 0 : _receiver);
    }

    function packedIdentityOf(address) external view returns (uint256) {
        return _operator;
    }
}

/// @title I4: no path into a refused account
/// @notice The proofs hold for any identities, any rule, any amounts and any time: a movement that the engine lets pass
/// reaches only accounts that the specification, written here once more from single bits, admits. This contract is the
/// token.
contract ComplianceProof is Test {
    uint256 private constant _COUNTRY = 756;
    uint256 private constant _HOLDERS_LIMITED = 1 << 245;

    OpenEngine private _engine;
    ToldRegistry private _registry;

    function setUp() public {
        _registry = new ToldRegistry();
        _engine = new OpenEngine(
            IIdentityRegistry(address(_registry)),
            new RuleBook(address(_registry)),
            new HolderRecords(),
            new TransferTerms()
        );
    }

    /// @dev A transfer by its sender passes only if the receiver may hold, or is a venue opposite a sender that may;
    /// neither is stopped. So it is where the number of holders is limited, and both sides are looked up.
    function check_I4_transferReachesNobodyRefused(
        uint256 sender,
        uint256 receiver,
        uint256 hold,
        uint16 topics,
        uint128 amount,
        uint128 kept,
        uint128 held,
        bool limited
    )
        public
    {
        hold = _world(sender, receiver, 0, hold, topics);
        if (limited) _engine.put(address(this), _word(topics) | _HOLDERS_LIMITED, _COUNTRY, hold);
        vm.assume(amount <= held);
        (bool passed,) = address(_engine)
            .call(
                abi.encodeCall(
                    IAutomatedComplianceEngine.admitTransfer, (address(1), address(1), address(2), amount, kept, held)
                )
            );
        if (!passed) return;
        assert(!_stopped(sender) && !_stopped(receiver));
        // The token has admitted no venue whose ledger anyone can hold.
        assert(!_venue(receiver) || uint8(receiver >> 224) == 0);
        assert(_may(receiver, hold, topics) || (_venue(receiver) && _may(sender, hold, topics)));
    }

    /// @dev A mint reaches an account that may hold, and no venue.
    function check_I4_mintReachesNobodyRefused(
        uint256 receiver,
        uint256 hold,
        uint16 topics,
        uint128 amount,
        uint128 held
    )
        public
    {
        hold = _world(0, receiver, 0, hold, topics);
        vm.assume(amount <= held);
        (bool passed,) = address(_engine)
            .call(
                abi.encodeCall(
                    IAutomatedComplianceEngine.admitTransfer, (address(1), address(0), address(2), amount, 0, held)
                )
            );
        if (passed) assert(_may(receiver, hold, topics));
    }

    /// @dev A forced transfer, from any account, reaches an account that may hold, and no venue.
    function check_I4_forcedTransferReachesNobodyRefused(
        uint256 sender,
        uint256 receiver,
        uint256 hold,
        uint16 topics,
        uint128 amount,
        uint128 kept,
        uint128 held
    )
        public
    {
        hold = _world(sender, receiver, 0, hold, topics);
        vm.assume(amount <= held);
        (bool passed,) = address(_engine)
            .call(
                abi.encodeCall(
                    IAutomatedComplianceEngine.admitForcedTransfer,
                    (address(3), address(1), address(2), amount, kept, held)
                )
            );
        if (passed) assert(_may(receiver, hold, topics));
    }

    /// @dev A spender may hold, or is a venue; and is not stopped.
    function check_I4_noRefusedSpender(
        uint256 sender,
        uint256 receiver,
        uint256 operator,
        uint256 hold,
        uint128 amount,
        uint128 kept,
        uint128 held
    )
        public
    {
        hold = _world(sender, receiver, operator, hold, 0);
        vm.assume(amount <= held);
        (bool passed,) = address(_engine)
            .call(
                abi.encodeCall(
                    IAutomatedComplianceEngine.admitTransfer, (address(3), address(1), address(2), amount, kept, held)
                )
            );
        if (!passed) return;
        assert(!_stopped(operator) && (_venue(operator) || _may(operator, hold, 0)));
    }

    /// @dev A burn passes for every account that is not stopped, and for no stopped one.
    function check_burnPassesUnlessStopped(uint256 sender, uint256 hold, uint128 amount, uint128 kept) public {
        _world(sender, 0, 0, hold, 0);
        vm.assume(kept != 0);
        (bool passed,) = address(_engine)
            .call(
                abi.encodeCall(
                    IAutomatedComplianceEngine.admitTransfer, (address(3), address(1), address(0), amount, kept, 0)
                )
            );
        assert(passed == !_stopped(sender));
    }

    /// @dev Everyone lives in one country or in none; nobody is linked; no volume and no thresholds (they only refuse
    /// more).
    function _world(
        uint256 sender,
        uint256 receiver,
        uint256 operator,
        uint256 hold,
        uint16 topics
    )
        private
        returns (uint256)
    {
        _livesHere(sender);
        _livesHere(receiver);
        _livesHere(operator);
        // Without flow (bit 11), counted holders (96-127) and amounts in floating point (128-239).
        hold &= (2 ** 96 - 1) & ~uint256(1 << 11);
        _engine.put(address(this), _word(topics), _COUNTRY, hold);
        _registry.tell(sender, receiver, operator);
        return hold;
    }

    function _word(uint16 topics) private view returns (uint256) {
        return uint160(address(_registry)) | (uint256(topics) << 160);
    }

    function _livesHere(uint256 identity) private pure {
        uint256 country = uint16(identity);
        vm.assume(country == _COUNTRY || country == 0);
        vm.assume((identity >> 200) & 0xff == 0);
        // Invariants of the registry: a class needs a country.
        vm.assume(country != 0 || uint8(identity >> 16) == 0);
        vm.assume(uint8(identity >> 16) < 4);
    }

    function _stopped(uint256 identity) private pure returns (bool) {
        return uint8(identity >> 24) != 0 || uint8(identity >> 192) != 0;
    }

    function _venue(uint256 identity) private pure returns (bool) {
        return uint8(identity >> 32) != 0;
    }

    function _may(uint256 identity, uint256 hold, uint16 topics) private view returns (bool) {
        uint256 class = uint8(identity >> 16);
        if (_stopped(identity) || _venue(identity) || class == 0) return false;
        if (block.timestamp >= uint40(identity >> 40) || block.timestamp >= uint40(identity >> 80)) return false;
        if (class > 1 && block.timestamp >= uint40(identity >> 120)) class = 1;
        bool documents = uint16(hold >> 16) & ~uint16(identity >> 176) == 0;
        return (hold >> class) & 1 == 1 && topics & ~uint16(identity >> 160) == 0 && documents;
    }
}
