"""Jurisdictions as data: what a token's holders there have to be, with the law that says so.

`jurisdictions/` has a file for each, `shared/` what several of them share, `offerings/` what an offering asks of
holders everywhere. It is software, not legal advice: docs/compliance.md says what is left to counsel.
"""

from keepers.compliance.rulebook.files import load_rulebook
from keepers.compliance.rulebook.schema import Jurisdiction, Regime, Rulebook

__all__ = ["Jurisdiction", "Regime", "Rulebook", "load_rulebook"]
