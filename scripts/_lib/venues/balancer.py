"""Balancer V2's Vault, weighted and composable stable pools, from Balancer's package of deployments."""

from __future__ import annotations

from typing import Any

from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.logs import DISCARD

from scripts._lib.artifacts import Artifact, contract_at, package_artifact
from scripts._lib.transactions import deploy, send
from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256, token_at

ZERO = "0x" + "00" * 20
WAD = 10**18
_VAULT = "20210418-vault"
_WEIGHTED = "20230206-weighted-pool-v3"
_STABLE = "20230206-composable-stable-pool-v3"
_FEES = "20220725-protocol-fee-percentages-provider"
_INIT = 0


class BalancerV2:
    """The Vault and the factories of two kinds of pools.

    Attributes:
        vault: Contract, after `deploy`.
    """

    vault: Contract
    _weighted: Contract
    _stable: Contract

    def __init__(self, w3: Web3, deployer: str) -> None:
        self._w3 = w3
        self._deployer = deployer

    def deploy(self, weth: str) -> BalancerV2:
        """Puts the venue on the chain; nobody is authorised to change its fees."""
        self.vault = self._new(_VAULT, "Vault", ZERO, weth, 0, 0)
        provider = self._new(_FEES, "ProtocolFeePercentagesProvider", self.vault.address, WAD // 2, WAD // 2)
        self._weighted = self._new(_WEIGHTED, "WeightedPoolFactory", self.vault.address, provider.address, "", "")
        self._stable = self._new(_STABLE, "ComposableStablePoolFactory", self.vault.address, provider.address, "", "")
        return self

    def weighted_pool(self, provider: str, amounts: dict[str, int], weights: dict[str, int], fee: int) -> bytes:
        """A weighted pool with that liquidity.

        Args:
            provider: Holder of the tokens.
            amounts: Token -> smallest units.
            weights: Token -> WAD; they sum to one.
            fee: WAD.

        Returns:
            The pool's id.
        """
        tokens = sorted(amounts, key=lambda token: int(token, 16))
        create = self._weighted.functions.create(
            "Weighted",
            "W",
            tokens,
            [weights[token] for token in tokens],
            [ZERO] * len(tokens),
            fee,
            self._deployer,
        )
        return self._filled(provider, self._created(self._weighted, create, _WEIGHTED, "WeightedPool"), amounts)

    def stable_pool(self, provider: str, amounts: dict[str, int], amplification: int, fee: int) -> bytes:
        """A composable stable pool with that liquidity; it holds its own token too.

        Args:
            provider: Holder of the tokens.
            amounts: Token -> smallest units.
            amplification: 1 to 5000.
            fee: WAD.

        Returns:
            The pool's id.
        """
        tokens = sorted(amounts, key=lambda token: int(token, 16))
        count = len(tokens)
        create = self._stable.functions.create(
            "Stable",
            "S",
            tokens,
            amplification,
            [ZERO] * count,
            [0] * count,
            [False] * count,
            fee,
            self._deployer,
        )
        return self._filled(provider, self._created(self._stable, create, _STABLE, "ComposableStablePool"), amounts)

    def _created(self, factory: Contract, create: ContractFunction, task: str, name: str) -> Contract:
        receipt = send(self._w3, self._deployer, create)
        (event,) = factory.events.PoolCreated().process_receipt(receipt, errors=DISCARD)
        return contract_at(self._w3, event["args"]["pool"], _artifact(task, name).abi)

    def _filled(self, provider: str, pool: Contract, amounts: dict[str, int]) -> bytes:
        pool_id = bytes(pool.functions.getPoolId().call())
        tokens = self.vault.functions.getPoolTokens(pool_id).call()[0]
        given = [amounts.get(token, 0) for token in tokens]
        for token in amounts:
            send(self._w3, provider, token_at(self._w3, token).functions.approve(self.vault.address, MAX_UINT256))
        data = self._w3.codec.encode(["uint256", "uint256[]"], [_INIT, given])
        request = (tokens, [MAX_UINT256] * len(tokens), data, False)
        send(self._w3, provider, self.vault.functions.joinPool(pool_id, provider, provider, request))
        return pool_id

    def single_swap(self, pool_id: bytes, kind: int, token_in: str, token_out: str, amount: int, trader: str) -> object:
        """The Vault's own call: kind 0 gives an input, 1 an output; any limit."""
        funds = (trader, False, trader, False)
        limit = 0 if kind == 0 else MAX_UINT256
        return self.vault.functions.swap((pool_id, kind, token_in, token_out, amount, b""), funds, limit, FAR_FUTURE)

    def _new(self, task: str, name: str, *arguments: object) -> Contract:
        return deploy(self._w3, self._deployer, _artifact(task, name), *arguments)


def vault_abi() -> list[dict[str, Any]]:
    """Returns the ABI of the Vault."""
    return _artifact(_VAULT, "Vault").abi


def _artifact(task: str, name: str) -> Artifact:
    return package_artifact(f"@balancer-labs/v2-deployments/dist/tasks/{task}/artifact/{name}.json")
