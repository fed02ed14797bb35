"""Identity checks (KYC) by providers: what is asked, what an answer means, and the claims that follow. Pure."""
