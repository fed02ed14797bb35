"""The whole deployment on a fork of the network first: how many transactions, how much gas, and whether they pass."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from web3 import Web3
from web3.types import RPCEndpoint

from scripts._lib.anvil import anvil
from scripts._lib.deployment.chain import Artifact, Chain, DeploymentError
from scripts._lib.deployment.config import Config
from scripts._lib.deployment.local import UnlockedSender
from scripts._lib.deployment.protocol import ProtocolDeployment

_PLENTY = 10**24
"""Wei of the fork's deployer: a deployer that cannot pay is told so with what it takes."""


@dataclass(frozen=True)
class Estimate:
    """The cost of a deployment to its deployer, at the gas price of that moment."""

    transactions: int
    gas: int
    gas_price: int
    """Wei for a unit of gas."""
    value: int
    """Wei that leave beside the gas: for the CREATE2 factory, where a chain lacks it."""

    @property
    def cost(self) -> int:
        """Wei."""
        return self.gas * self.gas_price + self.value

    def __str__(self) -> str:
        price = f"{self.gas_price / 10**9:,.3f} gwei"
        return f"{self.transactions} transactions, {self.gas:,} gas, {self.cost / 10**18:,.6f} coin at {price}"


def rehearse(url: str, config: Config, artifacts: Mapping[str, Artifact], deployer: str, gas_price: int) -> Estimate:
    """Deploys on a fork of the network's last block, which ends with this call; nothing is sent to the network.

    Args:
        url: A node of the network.
        config: The protocol as it should be on the network.
        artifacts: The protocol's artifacts, by name.
        deployer: Address that would sign.
        gas_price: Wei per unit of gas, for the estimate's cost.

    Raises:
        DeploymentError: If the deployment itself would fail, with its reason, or if no fork starts.
    """
    with tempfile.TemporaryDirectory(prefix="quantera-") as folder:
        # A node's address may hold a key, and arguments of a process are anybody's to read.
        (Path(folder) / "foundry.toml").write_text(f"[rpc_endpoints]\nnetwork = {json.dumps(url)}\n")
        try:
            with anvil("--fork-url", "network", cwd=Path(folder)) as w3:
                return _deploy(w3, config, artifacts, deployer, gas_price)
        except RuntimeError as error:
            raise DeploymentError(f"cannot rehearse on a fork of the network: {error}; nothing was sent") from None


def _deploy(w3: Web3, config: Config, artifacts: Mapping[str, Artifact], deployer: str, gas_price: int) -> Estimate:
    w3.provider.make_request(RPCEndpoint("anvil_impersonateAccount"), [deployer])
    w3.provider.make_request(RPCEndpoint("anvil_setBalance"), [deployer, hex(_PLENTY)])
    chain = Chain(w3, UnlockedSender(w3, deployer), lambda _: None)
    ProtocolDeployment(chain, config, artifacts).run()
    return Estimate(chain.sent, chain.gas, gas_price, chain.value)
