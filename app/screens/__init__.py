"""The screens, one file each; the table of them is in ``app/main.py``."""
