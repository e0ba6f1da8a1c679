"""From rows to what each reader is shown. Pure, and allow-listed: a column is shown to somebody
only where it is named here."""
