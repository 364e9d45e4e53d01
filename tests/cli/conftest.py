"""The command in this process, in a home of its own."""

import pytest
from typer.testing import CliRunner


@pytest.fixture
def workbench(monkeypatch, tmp_path):
    """Calls the command; its state goes to a temporary home."""
    from workbench.cli import app

    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WORKBENCH_DEBUG", raising=False)
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])
