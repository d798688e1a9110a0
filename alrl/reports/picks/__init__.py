"""Shows which records strategies picked, by playing stored cells again."""
