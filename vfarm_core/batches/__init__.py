"""Batches: plants sown together that follow one pinned recipe version."""
