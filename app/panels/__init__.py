"""Parts of screens that follow the person being edited."""
