"""Intake's pages: the start page, the wizard, the receipt, the form of the accused."""
