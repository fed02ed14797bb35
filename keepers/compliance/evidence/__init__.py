"""Evidence of a compliance desk: documents under one key per person, and the journal of them. Pure."""
