"""The report: static pages made from records."""
