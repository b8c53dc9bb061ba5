"""The flip moves no call onto the event loop that waits without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.flipping import body, found, reasons

ROUTE = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef read(s: Session):\n"
LEFT = {
    "a sleep in a route": "import time\n" + ROUTE + "    time.sleep(1)\n    s.commit()\n",
    "a request of another name": "from requests import post as send\n" + ROUTE + "    send('u')\n    s.commit()\n",
    "a program": "import subprocess\n" + ROUTE + "    subprocess.run(['ls'])\n    s.commit()\n",
    "a helper that mails": "import smtplib\n\n\ndef mail():\n    smtplib.SMTP('h').quit()\n\n\n"
    + "def tell():\n    mail()\n\n\n"
    + ROUTE
    + "    tell()\n    s.commit()\n",
    "a client of which the route knows the protocol": "import httpx\nfrom typing import Protocol\n\n\n"
    + "class Client(Protocol):\n    def charge(self) -> None: ...\n\n\n"
    + "class Live:\n    def charge(self) -> None:\n        httpx.post('u')\n\n\n"
    + ROUTE.replace("s: Session", "s: Session, client: Client")
    + "    client.charge()\n    s.commit()\n",
    "a service that a route calls": "import httpx\n\n\n"
    + "def charge(s: Session):\n    httpx.post('u')\n    s.commit()\n\n\n"
    + ROUTE
    + "    charge(s)\n",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_would_hold_up_the_loop_leaves_its_family(text: str, tmp_path: Path) -> None:
    assert any("hold up the event loop" in reason for reason in reasons(tmp_path, text))


FOLLOWS = {
    "in a program of its own, which no request runs": "import time\n\n\ndef read(s: Session):\n"
    "    time.sleep(1)\n    s.commit()\n",
    "a function of that name which is the project's own": "def sleep(n):\n    return n\n\n\n"
    + ROUTE
    + "    sleep(1)\n    s.commit()\n",
    "a helper that is only handed on": "import time\n\n\ndef wait():\n    time.sleep(1)\n\n\n"
    + ROUTE
    + "    print(wait.__name__)\n    s.commit()\n",
}


@pytest.mark.parametrize("text", FOLLOWS.values(), ids=FOLLOWS)
def test_what_holds_nothing_up_follows(text: str, tmp_path: Path) -> None:
    assert "    await s.commit()\n" in body(tmp_path, text)


def test_a_route_that_is_asynchronous_already_is_no_worse_than_before(tmp_path: Path) -> None:
    text = "import time\n" + ROUTE.replace("def read", "async def read") + "    time.sleep(1)\n    s.commit()\n"
    assert "    await s.commit()\n" in body(tmp_path, text)


def test_a_test_may_wait(tmp_path: Path) -> None:
    service = "from sqlalchemy.orm import Session\n\n\ndef save(s: Session):\n    s.commit()\n"
    test = "import time\nfrom app import save\n\n\ndef test_it():\n    time.sleep(0)\n    save(None)\n"
    told = found(tmp_path, {"app.py": service, "tests/test_it.py": test})
    assert not any("hold up" in item.message for item in told)
