"""Lets roles call the functions of contracts, where the manager does not let them yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eth_utils.abi import function_signature_to_4byte_selector
from web3.contract import Contract

from scripts._lib.deployment import roles
from scripts._lib.deployment.chain import Artifact, DeploymentError, abi_type


class FunctionRoles:
    """The roles of functions under a deployment's manager.

    Args:
        contracts: Contracts of the deployment by name, the manager among them before the first question.
        artifacts: Compiled contracts by name.
        act: Calls a restricted function: its purpose, the contract's name, the function, its arguments.
    """

    def __init__(
        self, contracts: Mapping[str, Contract], artifacts: Mapping[str, Artifact], act: Callable[..., None]
    ) -> None:
        self._contracts = contracts
        self._artifacts = artifacts
        self._act = act
        self._known: dict[tuple[str, bytes], int] | None = None

    def begin_anew(self) -> None:
        """Notes that the manager is fresh and the deployer's alone: nothing is mapped but what is mapped here."""
        self._known = {}

    def ask_the_chain(self) -> None:
        """Notes that others may have mapped functions."""
        self._known = None

    def map(self, artifact: str, target: str, functions: Mapping[str, int], name: str | None = None) -> None:
        """Lets roles call functions of a contract, those that they may not call yet.

        Args:
            artifact: Name of the contract's artifact.
            target: Its address.
            functions: Role by the name of the function.
            name: Name of the contract in the log, if it is not its artifact's.

        Raises:
            DeploymentError: If the contract has no function of a name, or the deployer may not map functions.
        """
        missing: dict[int, list[bytes]] = {}
        for function, role in functions.items():
            for selector in self._selectors(artifact, function):
                if self._role_of(target, selector) != role:
                    missing.setdefault(role, []).append(selector)
        for role, selectors in missing.items():
            what = f"let {roles.NAMES[role]} call {len(selectors)} functions of {name or artifact}"
            self._act(what, "AccessManager", "setTargetFunctionRole", target, selectors, role)
            if self._known is not None:
                self._known |= dict.fromkeys(((target, selector) for selector in selectors), role)

    def _role_of(self, target: str, selector: bytes) -> int:
        """Returns the role that may call a function: ADMIN where nobody mapped it."""
        if self._known is not None:
            return self._known.get((target, selector), roles.ADMIN)
        manager = self._contracts["AccessManager"]
        return int(manager.functions.getTargetFunctionRole(target, selector).call())

    def _selectors(self, name: str, function: str) -> list[bytes]:
        """Returns the selector of every function of this name: some take their arguments in two ways."""
        # The factory governs the functions of its tokens.
        sources = (name, "ComplianceAwareToken") if name == "TokenFactory" else (name,)
        items = [item for source in sources for item in self._artifacts[source].abi]
        found = [item for item in items if item.get("type") == "function" and item["name"] == function]
        if not found:
            raise DeploymentError(f"{name} has no function {function}; roles.py and the contract disagree")
        signatures = (f"{function}({','.join(abi_type(part) for part in item['inputs'])})" for item in found)
        return [function_signature_to_4byte_selector(signature) for signature in signatures]
