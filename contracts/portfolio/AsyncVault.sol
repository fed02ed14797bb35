// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IAsyncVault} from "interfaces/portfolio/IAsyncVault.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IRedemptionQueue} from "interfaces/portfolio/IRedemptionQueue.sol";

/// @title A portfolio as an ERC-7540 vault
/// @notice See {IAsyncVault}. A clone per portfolio, whose address is its one immutable argument.
contract AsyncVault is IAsyncVault, ReentrancyGuardTransient {
    using FixedPointMathLib for uint256;
    using SafeERC20 for IERC20;

    /// @param filled Shares of all the controller's requests that were filled so far.
    /// @param claimed Shares of these that were claimed.
    /// @param assets Smallest units of the settlement token set aside for the rest.
    struct Account {
        uint256 filled;
        uint256 claimed;
        uint256 assets;
    }

    /// @dev The part of one request that was filled. The queue fills in order, so its parts follow each other.
    /// @param start The shares of the controller's requests that were filled before.
    struct Fill {
        uint256 start;
        uint256 shares;
    }

    uint256 private constant _POSITION_BITS = 96;

    /// @inheritdoc IAsyncVault
    mapping(address controller => mapping(address operator => bool)) public isOperator;
    mapping(address controller => Account) private _accounts;
    mapping(address controller => mapping(uint256 requestId => Fill)) private _fills;

    // -- Redemption requests -----------------------------------------------------------------------------------------

    /// @inheritdoc IAsyncVault
    function requestRedeem(
        uint256 shares,
        address controller,
        address owner
    )
        external
        nonReentrant
        returns (uint256 requestId)
    {
        _requireMayActFor(owner);
        requestId = _queue().requestRedeem(share(), shares, controller, owner);
        emit RedeemRequest(controller, owner, requestId, msg.sender, shares);
    }

    /// @inheritdoc IAsyncVault
    function redeem(
        uint256 shares,
        address receiver,
        address controller
    )
        external
        nonReentrant
        returns (uint256 assets)
    {
        if (shares == 0) revert AsyncVault__ZeroShares();
        uint256 most = maxRedeem(controller);
        if (shares > most) revert AsyncVault__ExceedsClaimable(controller, shares, most);
        assets = _accounts[controller].assets.fullMulDiv(shares, most);
        if (assets == 0) revert AsyncVault__ZeroAssets();
        _pay(assets, shares, receiver, controller);
    }

    /// @inheritdoc IAsyncVault
    function withdraw(
        uint256 assets,
        address receiver,
        address controller
    )
        external
        nonReentrant
        returns (uint256 shares)
    {
        if (assets == 0) revert AsyncVault__ZeroAssets();
        uint256 most = _accounts[controller].assets;
        if (assets > most) revert AsyncVault__ExceedsClaimable(controller, assets, most);
        shares = maxRedeem(controller).fullMulDivUp(assets, most);
        _pay(assets, shares, receiver, controller);
    }

    /// @inheritdoc IAsyncVault
    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    /// @inheritdoc IAsyncVault
    function onFilled(uint256 requestId, address controller, uint256 shares, uint256 assets) external {
        if (msg.sender != address(_queue())) revert AsyncVault__OnlyQueue(msg.sender);
        Account storage account = _accounts[controller];
        Fill storage fill = _fills[controller][requestId];
        if (fill.shares == 0) fill.start = account.filled;
        fill.shares += shares;
        account.filled += shares;
        account.assets += assets;
    }

    // -- Deposits ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IAsyncVault
    function deposit(uint256 assets, address receiver) external nonReentrant returns (uint256 shares) {
        _take(assets, receiver);
        shares = _portfolio().deposit(assets, receiver);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    /// @inheritdoc IAsyncVault
    function mint(uint256 shares, address receiver) external nonReentrant returns (uint256 assets) {
        assets = _portfolio().previewMint(shares);
        _take(assets, receiver);
        uint256 needed = _portfolio().mint(shares, receiver);
        if (needed != assets) revert AsyncVault__PriceMoved(assets, needed);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IAsyncVault
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        if (requestId >> _POSITION_BITS != uint160(share())) return 0;
        IRedemptionQueue.Request memory request = _queue().requestOf(requestId);
        return request.throughVault && request.controller == controller ? request.shares : 0;
    }

    /// @inheritdoc IAsyncVault
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        Fill memory fill = _fills[controller][requestId];
        return (fill.start + fill.shares).zeroFloorSub(fill.start.max(_accounts[controller].claimed));
    }

    /// @inheritdoc IAsyncVault
    function share() public view returns (address) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (address));
    }

    /// @inheritdoc IAsyncVault
    function asset() public view returns (address) {
        return _portfolio().asset();
    }

    /// @inheritdoc IAsyncVault
    function totalAssets() external view returns (uint256) {
        return _portfolio().totalAssets();
    }

    /// @inheritdoc IAsyncVault
    function convertToShares(uint256 assets) external view returns (uint256) {
        return _portfolio().convertToShares(assets);
    }

    /// @inheritdoc IAsyncVault
    function convertToAssets(uint256 shares) external view returns (uint256) {
        return _portfolio().convertToAssets(shares);
    }

    /// @inheritdoc IAsyncVault
    function maxDeposit(address receiver) external view returns (uint256) {
        return _portfolio().maxDeposit(receiver);
    }

    /// @inheritdoc IAsyncVault
    function maxMint(address receiver) external view returns (uint256) {
        return _portfolio().maxMint(receiver);
    }

    /// @inheritdoc IAsyncVault
    function previewDeposit(uint256 assets) external view returns (uint256) {
        return _portfolio().previewDeposit(assets);
    }

    /// @inheritdoc IAsyncVault
    function previewMint(uint256 shares) external view returns (uint256) {
        return _portfolio().previewMint(shares);
    }

    /// @inheritdoc IAsyncVault
    function maxWithdraw(address controller) external view returns (uint256) {
        return _accounts[controller].assets;
    }

    /// @inheritdoc IAsyncVault
    function maxRedeem(address controller) public view returns (uint256) {
        return _accounts[controller].filled - _accounts[controller].claimed;
    }

    /// @inheritdoc IAsyncVault
    function previewWithdraw(uint256) external pure returns (uint256) {
        revert AsyncVault__NoPreview();
    }

    /// @inheritdoc IAsyncVault
    function previewRedeem(uint256) external pure returns (uint256) {
        revert AsyncVault__NoPreview();
    }

    /// @dev ERC-165, operators, ERC-7575, asynchronous redemption.
    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == 0xe3bc4e65 || id == 0x2f0a18c5 || id == 0x620ee8e4;
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _pay(uint256 assets, uint256 shares, address receiver, address controller) private {
        _requireMayActFor(controller);
        _requireNotStopped(controller);
        if (msg.sender != controller) _requireNotStopped(msg.sender);
        Account storage account = _accounts[controller];
        account.claimed += shares;
        account.assets -= assets;
        emit Withdraw(msg.sender, receiver, controller, assets, shares);
        _portfolio().claimPart(asset(), receiver, assets);
    }

    /// @dev An account that may not prolong the receiver's lock at the portfolio may not do it through here.
    function _take(uint256 assets, address receiver) private {
        IPortfolio portfolio = _portfolio();
        _requireNotStopped(msg.sender);
        if (msg.sender != receiver) {
            IFeeManager manager = IFeeManager(portfolio.feeManager());
            (, uint40 until) = manager.lockedShares(address(portfolio), receiver);
            if (until > block.timestamp && !manager.isDepositor(address(portfolio), receiver, msg.sender)) {
                revert IFeeManager.FeeManager__ReceiverLocked(receiver, msg.sender, until);
            }
        }
        IERC20 token = IERC20(portfolio.asset());
        token.safeTransferFrom(msg.sender, address(this), assets);
        token.forceApprove(address(portfolio), assets);
    }

    /// @dev Judges the account here, because the portfolio sees this vault as its caller.
    function _requireNotStopped(address account) private view {
        address engine = _portfolio().compliance();
        if (engine != address(0)) IAutomatedComplianceEngine(engine).requireNotStopped(share(), account);
    }

    function _requireMayActFor(address account) private view {
        if (msg.sender != account && !isOperator[account][msg.sender]) {
            revert AsyncVault__NotAllowed(account, msg.sender);
        }
    }

    function _portfolio() private view returns (IPortfolio) {
        return IPortfolio(share());
    }

    function _queue() private view returns (IRedemptionQueue) {
        return IRedemptionQueue(_portfolio().queue());
    }
}
