"""Evidence for officers: the documents of a folder, and the chain's log of crossings and refusals among them."""

from __future__ import annotations

from keepers.compliance.evidence.errors import EvidenceError
from keepers.compliance.report_log import Entry, parse_report
from keepers.compliance.report_log import verify as verify_log
from keepers.contracts.compliance import ComplianceReader
from keepers.documents.folder import DocumentFolder
from keepers.documents.objects import LARGEST

__all__ = ["CHAIN_LOG", "LARGEST", "EvidenceFolder"]

CHAIN_LOG = "chain-log"
"""Kind of a stored log of a token."""


def verified_log(reader: ComplianceReader, first_block: int) -> list[Entry]:
    """Returns a token's log of crossings and refusals.

    Raises:
        KeeperError: If the events do not give the chain's running hash.
    """
    entries = reader.log_entries(first_block)
    head, count = reader.log_head()
    verify_log(reader.token, entries, head, count)
    return entries


class EvidenceFolder(DocumentFolder):
    """A folder of documents, with the logs of tokens."""

    def put_log(self, reader: ComplianceReader, first_block: int, officer: str, now: int) -> tuple[str, int]:
        """Stores a token's log of crossings and refusals; returns its address and the number of entries.

        Raises:
            KeeperError: If the events do not give the chain's running hash.
        """
        entries = verified_log(reader, first_block)
        text = "".join(entry.line() + "\n" for entry in entries) or "\n"
        name = f"log-{reader.token}"
        return self.put(name, CHAIN_LOG, f"{name}.jsonl", text.encode(), officer, now), len(entries)

    def replay_log(self, reader: ComplianceReader) -> int:
        """Replays the chain's running hash from the newest stored log of a token; returns the number of entries.

        Raises:
            KeeperError: If none is stored, or the stored entries do not give the chain's hash.
        """
        stored = [one for one in self.documents(f"log-{reader.token}") if one.header.kind == CHAIN_LOG]
        if not stored:
            raise EvidenceError(f"token {reader.token}", "has no stored log", "put it with --log")
        _, text = self.get(f"log-{reader.token}", stored[-1].address)
        entries = parse_report(text.decode())
        head, count = reader.log_head()
        verify_log(reader.token, entries, head, count)
        return len(entries)
