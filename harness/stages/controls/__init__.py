"""Controls: answers made from the truth (or from nothing) that show what each metric does with a known mistake."""
