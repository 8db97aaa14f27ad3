"""Questions to the ledger: what a batch got, cost and yielded, and where a lot went."""
