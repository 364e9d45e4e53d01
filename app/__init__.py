"""The app: screens over one run. It computes nothing; it calls the package and draws."""
