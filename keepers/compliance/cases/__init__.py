"""Cases of a compliance desk: alerts, the people behind wallets, ownership, and decisions by two officers. Pure."""
