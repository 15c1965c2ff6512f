"""Find out quickly whether a download has a chance, before anything waits for it."""

import queue
import threading
import time
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from urllib.error import HTTPError


def why_unreachable(urls: Sequence[str], seconds: float) -> str:
    """Ask for all `urls` at once: an empty string as soon as one answers, else the reason why none did.

    Takes `seconds` at most, even where looking up a name hangs beyond any timeout: the threads that ask
    are left behind then, and end with the process. Proxies named in the environment are used.
    """
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    for url in urls:
        threading.Thread(target=_ask, args=(url, seconds, answers), daemon=True).start()
    deadline = time.monotonic() + seconds
    reason = "no address to ask"
    for _ in urls:
        try:
            reason = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return f"no answer within {seconds:g} s"
        if not reason:
            return ""
    return reason


def _ask(url: str, seconds: float, answers: "queue.SimpleQueue[str]") -> None:
    try:
        # A fresh opener: the shared one goes on using the proxies of its first request.
        opener = urllib.request.build_opener()
        with opener.open(urllib.request.Request(url, method="HEAD"), timeout=seconds):
            answers.put("")
    except (OSError, HTTPException) as error:
        answers.put(str(error) or type(error).__name__)
        if isinstance(error, HTTPError):
            error.close()
