"""The flip moves no call onto the event loop that takes long: a thread of the pool does it as before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.patterns.flipping import HEAD, body, flipped, found, proved, reasons

APP = "from fastapi import Depends, FastAPI\n\napp = FastAPI()\n\n\ndef given():\n    pass\n\n\n"
ROUTE = APP + "@app.get('/')\ndef read(s: Session = Depends(given)):\n    s.get(Author, 1)\n"
FETCH = "import time\n\n\ndef fetch(number, times=1):\n    time.sleep(0)\n    return number * times\n\n\n"
HANDED = {
    "first = fetch(2, times=3)": "first = await run_in_threadpool(fetch, 2, times=3)",
    "if not fetch(0) and fetch(1):\n        first += 1": "if not await run_in_threadpool(fetch, 0) and await "
    "run_in_threadpool(fetch, 1):\n        first += 1",
    "upper = fetch('a').upper()": "upper = (await run_in_threadpool(fetch, 'a')).upper()",
    "both = fetch(fetch(2), 3)": "both = await run_in_threadpool(fetch, await run_in_threadpool(fetch, 2), 3)",
    "name = fetch(s.get(Author, 1).name)": "name = await run_in_threadpool(fetch, (await s.get(Author, 1)).name)",
    "each = [fetch(one) for one in (1, 2)]": "each = [await run_in_threadpool(fetch, one) for one in (1, 2)]",
    "lines = fetch(\n        2,\n        times=3,\n    )": "lines = await run_in_threadpool(\n        fetch,\n"
    "        2,\n        times=3,\n    )",
    "noted = fetch(  # twice\n        2\n    )": "noted = await run_in_threadpool(fetch,  # twice\n        2\n    )",
    "spread = fetch(*[2, 3])": "spread = await run_in_threadpool(fetch, *[2, 3])",
    "time.sleep(0)": "await run_in_threadpool(time.sleep, 0)",
    "try:\n        fetch('a', [])\n    except TypeError as error:\n        failed = str(error)": "try:\n        await "
    "run_in_threadpool(fetch, 'a', [])\n    except TypeError as error:\n        failed = str(error)",
}
GIVES = "    return [first, upper, both, name, each, lines, noted, spread, failed]\n"


def test_what_waits_is_handed_to_a_thread_wherever_it_stands(tmp_path: Path) -> None:
    text = FETCH + ROUTE + "".join(f"    {statement}\n" for statement in HANDED) + GIVES
    after = proved(tmp_path, text, "read(session)")
    assert [expected for expected in HANDED.values() if f"    {expected}\n" not in after] == []
    assert "from fastapi.concurrency import run_in_threadpool\n" in after


def test_only_what_waits_leaves_the_thread_of_the_route(tmp_path: Path) -> None:
    text = (
        "import threading\nimport time\n\n\ndef fetch():\n    time.sleep(0)\n    return threading.get_ident()\n\n\n"
        + ROUTE
        + "    return [fetch() == threading.get_ident(), threading.get_ident() == threading.get_ident()]\n"
    )
    with pytest.raises(AssertionError, match="True became False"):  # where it runs is all that differs
        proved(tmp_path, text, "read(session)")


SERVED = """\
from threading import Event

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///served.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
app = FastAPI()
rung = Event()


def get_db():
    with SessionLocal() as db:
        yield db


@app.get("/wait")
def wait(db: Session = Depends(get_db)):
    db.execute(text("SELECT 1"))
    return rung.wait(10)


@app.get("/ring")
def ring(db: Session = Depends(get_db)):
    db.execute(text("SELECT 1"))
    rung.set()
    return True
"""
ASK = """\
import asyncio
import httpx
from app import app, wait


async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        waits = asyncio.create_task(client.get("/wait"))
        await asyncio.sleep(0.1)
        rings = await client.get("/ring")
        return [(await waits).json(), rings.json()]


print(asyncio.iscoroutinefunction(wait), asyncio.run(ask()))
"""


def test_one_request_waits_and_the_next_is_answered_before_and_after(tmp_path: Path) -> None:
    def ask(text: str) -> str:
        (tmp_path / "app.py").write_text(text, encoding="utf-8")
        run = subprocess.run([sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True, check=True)
        return run.stdout

    assert ask(SERVED) == "False [True, True]\n"
    after = flipped(tmp_path, {"app.py": SERVED})["app.py"]
    assert "    return await run_in_threadpool(rung.wait, 10)\n" in after
    assert ask(after) == "True [True, True]\n"


LEADS = {
    "a helper that mails": "import smtplib\n\n\ndef mail():\n    smtplib.SMTP('h').quit()\n\n\n"
    "def tell():\n    mail()\n\n\n" + ROUTE + "    tell()\n",
    "a client of which the route knows the protocol": "import httpx\nfrom typing import Protocol\n\n\n"
    "class Client(Protocol):\n    def tell(self) -> None: ...\n\n\n"
    "class Live:\n    def tell(self) -> None:\n        httpx.post('u')\n\n\n"
    + ROUTE.replace("read(", "read(client: Client, ")
    + "    client.tell()\n",
    "a constructor that connects": "import time\n\n\nclass tell:\n    def __init__(self):\n        time.sleep(1)\n\n\n"
    + ROUTE
    + "    tell()\n",
    "a hash": "import hashlib\nimport os\n\n\ndef tell():\n"
    "    return hashlib.scrypt(b'', salt=os.urandom(8), n=2, r=1, p=1)\n\n\n" + ROUTE + "    tell()\n",
    "a hasher of a library": "from pwdlib import PasswordHash\n\nhasher = PasswordHash.recommended()\n\n\n"
    "def tell():\n    return hasher.hash('x')\n\n\n" + ROUTE + "    tell()\n",
}

CLIENTS = {
    "a client of the file": ("client = httpx.Client()\n\n\n", "    client.get('u')\n"),
    "a client of the route": ("", "    with httpx.Client() as client:\n        client.get('u')\n"),
    "a client in a variable": ("", "    client = httpx.Client()\n    client.get('u')\n"),
    "a client by its type": (
        "def ask(s: Session, client: httpx.Client):\n    s.commit()\n    client.get('u')\n\n\n",
        "    ask(s, make())\n",
    ),
    "a copy of a file": ("import shutil\n\n\n", "    shutil.copyfile('a', 'b')\n"),
}


@pytest.mark.parametrize(("before", "text"), CLIENTS.values(), ids=CLIENTS)
def test_a_client_in_sight_is_asked_by_a_thread(before: str, text: str, tmp_path: Path) -> None:
    after = body(tmp_path, "import httpx\n\n" + before + ROUTE + text)
    asked = "await run_in_threadpool(client.get, 'u')\n" in after
    assert asked or "await run_in_threadpool(shutil.copyfile, 'a', 'b')\n" in after, after


@pytest.mark.parametrize("text", LEADS.values(), ids=LEADS)
def test_what_leads_to_a_call_that_takes_long_is_handed_to_a_thread(text: str, tmp_path: Path) -> None:
    after = body(tmp_path, text)
    assert "    await run_in_threadpool(tell)\n" in after or "    await run_in_threadpool(client.tell)\n" in after, (
        after
    )
    assert "async def tell" not in after


MAIL = "import httpx\n\n\ndef send(text):\n    httpx.post('u', data=text)\n\n\n"
JOINS = {
    "what is given an object": "def letter(author: Author):\n    send(author.name)\n\n\n"
    + ROUTE
    + "    letter(s.get(Author, 1))\n",
    "what is given several": "def letter(authors):\n    for author in authors:\n        send(author.name)\n\n\n"
    + ROUTE
    + "    letter([s.get(Author, 1)])\n",
    "what is given a class that holds one": "from dataclasses import dataclass\n\n\n@dataclass\nclass Note:\n"
    "    author: Author\n\n\ndef letter(note: Note):\n    send(note.author.name)\n\n\n"
    + ROUTE
    + "    letter(Note(s.get(Author, 1)))\n",
    "what calls it, and has no object itself": "def letter(author: Author):\n    send(author.name)\n\n\n"
    "def both(author: Author):\n    letter(author)\n\n\n" + ROUTE + "    both(s.get(Author, 1))\n",
}


@pytest.mark.parametrize("text", JOINS.values(), ids=JOINS)
def test_what_no_thread_may_be_given_follows_and_hands_over_what_it_calls(text: str, tmp_path: Path) -> None:
    after = body(tmp_path, MAIL + text)
    assert "async def letter(" in after
    assert "await letter(" in after
    assert "await run_in_threadpool(send, " in after
    assert "\ndef send(text):\n    httpx.post(" in after


def test_a_background_task_that_reads_hands_over_what_waits(tmp_path: Path) -> None:
    make = "from sqlalchemy import create_engine\nfrom sqlalchemy.orm import sessionmaker\n\n"
    make += "make = sessionmaker(create_engine('sqlite:///x.db'), expire_on_commit=False)\n\n\n"
    text = (
        "from fastapi import BackgroundTasks\n"
        + make
        + MAIL
        + "def tell(key):\n    with make() as s:\n        send(s.get(Author, key).name)\n\n\n"
        + ROUTE.replace("read(", "read(tasks: BackgroundTasks, ")
        + "    tasks.add_task(tell, 1)\n    tasks.add_task(send, 'plain')\n"
    )
    after = body(tmp_path, text)
    told = "        await run_in_threadpool(send, (await s.get(Author, key)).name)\n"
    assert f"async def tell(key):\n    async with make() as s:\n{told}" in after, after
    assert "    tasks.add_task(tell, 1)\n    tasks.add_task(send, 'plain')\n" in after


LEFT = {
    "a response that is read later": (
        "import requests\n\n\n",
        "    requests.get('u', stream=True).content\n",
        "waits later",
    ),
    "a client that is handed on": (
        "import httpx\n\n\ndef ask(client):\n    client.get('u')\n\n\n",
        "    with httpx.Client() as client:\n        ask(client)\n",
        "waits later",
    ),
    "a client that a function gives": (
        "import requests\n\n\ndef client():\n    return requests.Session()\n\n\n",
        "    client().get('u')\n",
        "waits later",
    ),
    "a client that a function gives by its name": (
        "import requests\n\n\ndef client():\n    made = requests.Session()\n    return made\n\n\n"
        "def again():\n    return client()\n\n\n",
        "    again().get('u')\n",
        "waits later",
    ),
    "a response of a client that is read later": (
        "import requests\n\n\n",
        "    client = requests.Session()\n    client.get('u', stream=True).content\n",
        "waits later",
    ),
    "a server for mail": (
        "import smtplib\n\n\n",
        "    with smtplib.SMTP('h') as server:\n        server.sendmail('a', 'b', 'c')\n",
        "waits later",
    ),
    "in a lambda": (FETCH, "    return sorted([2, 1], key=lambda one: fetch(one))\n", "in a lambda"),
    "as a key": (FETCH, "    return sorted([2, 1], key=fetch)\n", "without being called"),
    "in a generator expression": (FETCH, "    return any(fetch(one) for one in (1, 2))\n", "generator expression"),
    "a generator": (
        "import time\n\n\ndef each():\n    time.sleep(1)\n    yield 1\n\n\n",
        "    return list(each())\n",
        "one by one",
    ),
    "a variable that holds it with an object": (
        FETCH,
        "    ask = partial(fetch, s.get(Author, 1))\n    return ask()\n",
        "holds what is called",
    ),
    "a property": (
        "import time\n\n\nclass Slow:\n    @property\n    def told(self):\n        time.sleep(1)\n\n\n",
        "    return Slow().told\n",
        "without being called",
    ),
    "a method of which only the name tells": (
        "import time\n\n\nclass Slow:\n    def tell_all(self):\n        time.sleep(1)\n\n\n",
        "    app.state.one.tell_all()\n",
        "nothing tells whether",
    ),
    "keywords that are not in sight": (FETCH, "    return fetch(**{'number': 1})\n", "keywords"),
    "below a lock": (
        "import threading\n" + FETCH + "lock = threading.Lock()\n\n\n",
        "    with lock:\n        return fetch(1)\n",
        "a lock of threads",
    ),
    "what notes something for its thread": (
        "import time\nfrom contextvars import ContextVar\n\nlast = ContextVar('last')\n\n\n"
        "def fetch():\n    time.sleep(1)\n    last.set(1)\n\n\n",
        "    fetch()\n    return last.get()\n",
        "sets `last`",
    ),
}


@pytest.mark.parametrize(("before", "text", "reason"), LEFT.values(), ids=LEFT)
def test_what_no_thread_can_do_leaves_its_family(before: str, text: str, reason: str, tmp_path: Path) -> None:
    told = reasons(tmp_path, "from functools import partial\n\n" + before + ROUTE + text)
    assert any("hold up the event loop" in one and reason in one for one in told), told


STAYS = {
    "a hash in a lambda": "    keep(lambda: tell())\n",
    "a hash of an object": "    tell(s.get(Author, 1))\n",
    "a hash as a key": "    sorted([1], key=tell)\n",
}


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_what_computes_and_no_thread_can_do_stays_on_the_loop(text: str, tmp_path: Path) -> None:
    hashes = "import hashlib\n\n\ndef keep(one):\n    pass\n\n\ndef tell(one=1):\n"
    hashes += "    return hashlib.pbkdf2_hmac('sha256', b'', b'', 1)\n\n\n"
    after = body(tmp_path, hashes + ROUTE + text)
    assert "async def read(" in after
    assert "run_in_threadpool" not in after
    assert text.replace("s.get(Author, 1)", "await s.get(Author, 1)") in after


FOLLOWS = {
    "in a program of its own, which no request runs": "import time\n\n\ndef read(s: Session):\n"
    "    time.sleep(1)\n    s.commit()\n",
    "a function of that name which is the project's own": "def sleep(n):\n    return n\n\n\n"
    + ROUTE
    + "    sleep(1)\n    s.commit()\n",
    "a helper that is only handed on": "import time\n\n\ndef wait():\n    time.sleep(1)\n\n\n"
    + ROUTE
    + "    print(wait.__name__)\n    s.commit()\n",
    "a small file that is read": ROUTE + "    open('notes').read()\n    s.commit()\n",
    "what is waited for elsewhere": "from library import queue\n\n" + ROUTE + "    queue.wait()\n    s.commit()\n",
}


@pytest.mark.parametrize("text", FOLLOWS.values(), ids=FOLLOWS)
def test_what_holds_nothing_up_follows(text: str, tmp_path: Path) -> None:
    after = body(tmp_path, text)
    assert "    await s.commit()\n" in after
    assert "run_in_threadpool" not in after


def test_a_route_that_is_asynchronous_already_is_no_worse_than_before(tmp_path: Path) -> None:
    text = "import time\n" + ROUTE.replace("def read", "async def read") + "    time.sleep(1)\n    s.commit()\n"
    assert "    time.sleep(1)\n    await s.commit()\n" in body(tmp_path, text)


def test_a_test_may_wait(tmp_path: Path) -> None:
    service = "from sqlalchemy.orm import Session\n\n\ndef save(s: Session):\n    s.commit()\n"
    test = "import time\nfrom app import save\n\n\ndef test_it():\n    time.sleep(0)\n    save(None)\n"
    told = found(tmp_path, {"app.py": service, "tests/test_it.py": test})
    assert not any("hold up" in item.message or item.bridge for item in told)


def test_an_application_without_fastapi_hands_to_the_threads_of_the_loop(tmp_path: Path) -> None:
    text = (
        FETCH
        + "def read(s: Session):\n    s.get(Author, 1)\n    return fetch(1)\n\n\nasync def main(s):\n    read(s)\n"
    )
    after = flipped(tmp_path, {"app.py": HEAD + text})["app.py"]
    assert "import asyncio\n" in after or "from asyncio import to_thread\n" in after
    assert "to_thread(fetch, 1)\n" in after


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    after = flipped(tmp_path, {"app.py": HEAD + FETCH + ROUTE + "    fetch(1)\n"})["app.py"]
    assert flipped(tmp_path / "again", {"app.py": after})["app.py"] == after
    assert not [item for item in found(tmp_path / "again", {"app.py": after}) if item.fix]
