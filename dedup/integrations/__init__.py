"""Parts that other programs load: each module is for one of them, and imports it."""
