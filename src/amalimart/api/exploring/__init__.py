"""Questions that people put together and keep: their shape, who may find them, boards and tiles of them."""
