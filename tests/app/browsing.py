"""What a visitor does in a real browser, and how long it waits for the page to be at rest."""

import re
from contextlib import contextmanager

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000  # milliseconds; two busy cores open a page slowly
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
LOCAL = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")


@contextmanager
def visiting(chromium):
    """Make pages of new visitors, who note what they ask for outside and what goes wrong there."""
    pages = []

    def newcomer():
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.outside, page.dialogs = [], []
        page.on("request", lambda r: r.url.startswith(LOCAL) or page.outside.append(r.url))
        page.on("dialog", lambda d: (page.dialogs.append(d.message), d.dismiss()))
        pages.append(page)
        return page

    try:
        yield newcomer
    finally:
        for page in pages:
            page.context.close()
    assert [url for page in pages for url in page.outside] == []
    assert [message for page in pages for message in page.dialogs] == []


def at_rest(page):
    """Wait until no script runs for this page."""
    page.wait_for_selector(IDLE)


def opened(page, address):
    """Go to the screen What if and wait for the list on its left."""
    page.goto(address)
    page.wait_for_selector(".st-key-before .wb-title")
    at_rest(page)


def changed(page, press):
    """Press something and wait until the address has followed and the page is at rest."""
    moved(page, press.click)


def moved(page, act):
    """Do something and wait until the address has followed and the page is at rest."""
    before = page.url
    act()
    page.wait_for_function("was => location.href !== was", arg=before)
    at_rest(page)


def titles(page, where):
    """Titles in a part of the screen, from the top."""
    return page.locator(f".st-key-{where} .wb-title").all_inner_texts()


def numbers(row):
    """The numbers that a part of the screen writes, its true minus included."""
    return [float(n.replace("−", "-")) for n in re.findall(r"[+−]?\d+(?:\.\d+)?", row)]
