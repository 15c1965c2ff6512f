"""Real servers on this machine: one that refuses, one that never answers, one that answers."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from winnow.store.download import why_unreachable


@pytest.fixture
def silent_server():
    """Return the address of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture
def answering_server():
    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200 if self.path == "/there" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


def test_one_mirror_that_answers_is_enough(answering_server, silent_server):
    started = time.monotonic()
    assert why_unreachable([silent_server, answering_server + "there"], 5.0) == ""
    assert time.monotonic() - started < 4


def test_a_mirror_without_the_file_is_no_mirror(answering_server):
    assert "404" in why_unreachable([answering_server + "gone"], 5.0)


def test_a_refused_connection_is_reported_at_once():
    started = time.monotonic()
    assert "refused" in why_unreachable(["http://127.0.0.1:9/"], 5.0)
    assert time.monotonic() - started < 4


def test_a_server_that_never_answers_costs_no_more_than_the_time_given(silent_server):
    started = time.monotonic()
    assert why_unreachable([silent_server], 0.3) in ("no answer within 0.3 s", "timed out")
    assert time.monotonic() - started < 2


def test_a_name_server_that_hangs_costs_no_more_than_the_time_given(monkeypatch):
    released = threading.Event()

    def hang(*_, **__):
        released.wait(20)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    reason = why_unreachable(["http://mirror.invalid/"], 0.3)
    assert time.monotonic() - started < 2
    released.set()
    assert reason == "no answer within 0.3 s"
