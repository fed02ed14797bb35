from __future__ import annotations

import pytest

from keepers import abi
from scripts import export_abi
from scripts._lib import artifacts


def test_files__beside_what_forge_builds__are_up_to_date() -> None:
    artifacts.build()
    assert export_abi.stale() == []


def test_function__with_struct__has_its_canonical_signature() -> None:
    expected = "postModel((bytes32,uint64,uint40,uint40,uint64,uint64,uint64,int64[]),(address,bytes)[])"
    assert abi.function("CovarianceModels", "postModel").signature == expected


def test_function__unknown__says_so() -> None:
    with pytest.raises(KeyError, match="RiskEngine has 0 functions named nothing"):
        abi.function("RiskEngine", "nothing")
