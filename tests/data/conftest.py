"""A server on this machine only, for fetching from."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home of the workbench."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WORKBENCH_MOVIELENS_100K", raising=False)
    return tmp_path / "home"


@pytest.fixture
def serve(monkeypatch):
    """serve(bytes, length=None) → address; a larger length makes the answer a cut one."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    servers = []

    def start(content: bytes, length: int | None = None, status: int = 200) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.send_header("Content-Length", str(length or len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/ml-100k.zip"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()
