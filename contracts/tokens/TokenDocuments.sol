// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IComplianceAwareToken} from "interfaces/tokens/IComplianceAwareToken.sol";

/// @title ERC-1643 documents and information about the token
/// @notice See {IComplianceAwareToken}.
abstract contract TokenDocuments is IComplianceAwareToken {
    struct Document {
        string uri;
        bytes32 documentHash;
        uint40 lastModified;
        uint32 index;
    }

    mapping(bytes32 name => Document) private _documents;
    bytes32[] private _names;
    TokenInfo private _info;

    /// @inheritdoc IComplianceAwareToken
    function getDocument(bytes32 name_)
        external
        view
        returns (string memory uri, bytes32 documentHash, uint256 lastModified)
    {
        Document storage document = _documents[name_];
        return (document.uri, document.documentHash, document.lastModified);
    }

    /// @inheritdoc IComplianceAwareToken
    function getAllDocuments() external view returns (bytes32[] memory) {
        return _names;
    }

    /// @inheritdoc IComplianceAwareToken
    function tokenInfo() external view returns (TokenInfo memory) {
        return _info;
    }

    function _putDocument(bytes32 name_, string calldata uri, bytes32 documentHash) internal {
        if (name_ == 0 || bytes(uri).length == 0) revert ComplianceAwareToken__EmptyDocument();
        Document storage document = _documents[name_];
        if (document.lastModified == 0) {
            document.index = uint32(_names.length);
            _names.push(name_);
        }
        (document.uri, document.documentHash, document.lastModified) = (uri, documentHash, uint40(block.timestamp));
        emit DocumentUpdated(name_, uri, documentHash);
    }

    function _dropDocument(bytes32 name_) internal {
        Document memory document = _documents[name_];
        if (document.lastModified == 0) revert ComplianceAwareToken__UnknownDocument(name_);
        bytes32 last = _names[_names.length - 1];
        _names[document.index] = last;
        _documents[last].index = document.index;
        _names.pop();
        delete _documents[name_];
        emit DocumentRemoved(name_, document.uri, document.documentHash);
    }

    function _putInfo(TokenInfo calldata info, uint8 decimals_) internal {
        // Without fractions the smallest unit is a whole one.
        if (!info.fractional && decimals_ != 0) revert ComplianceAwareToken__InvalidInfo();
        if (info.jurisdiction > 999) revert ComplianceAwareToken__InvalidInfo();
        _info = info;
        emit TokenInfoSet(info);
    }

    function _minimumInvestment() internal view returns (uint256) {
        return _info.minimumInvestment;
    }
}
