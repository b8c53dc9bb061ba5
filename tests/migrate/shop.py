"""A small shop with three routers, a shared dependency, services that share functions, and tests of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FILES = {
    "requirements.txt": "fastapi>=0.115\nsqlalchemy>=2.0\naiosqlite\ngreenlet\nhttpx\npytest\npytest-asyncio\n",
    "pytest.ini": "[pytest]\nasyncio_mode = strict\nfilterwarnings =\n    error::RuntimeWarning\n",
    "shop/__init__.py": "",
    "shop/database.py": """\
from collections.abc import Iterator

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

engine = create_engine("sqlite:///shop.db", connect_args={"check_same_thread": False})
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session
""",
    "shop/models.py": """\
from sqlalchemy.orm import Mapped, mapped_column

from shop.database import Base


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int]
    total: Mapped[int]
""",
    "shop/services/__init__.py": "",
    "shop/services/customers.py": """\
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.models import Customer


def find(db: Session, name: str) -> Customer | None:
    return db.scalars(select(Customer).where(Customer.name == name)).first()


def note(db: Session, customer: Customer) -> None:
    db.add(customer)


def create(db: Session, name: str) -> Customer:
    customer = Customer(name=name)
    note(db, customer)
    db.commit()
    return customer


def rename(db: Session, customer: Customer, name: str) -> Customer:
    customer.name = name
    db.commit()
    return customer
""",
    "shop/services/orders.py": """\
from sqlalchemy import func, select

from shop.models import Order
from shop.services import customers


def totals(db, customer_id: int) -> list[int]:
    found = db.scalars(select(Order).where(Order.customer_id == customer_id).order_by(Order.id))
    return [order.total for order in found]


def place(db, name: str, total: int) -> Order:
    customer = customers.find(db, name) or customers.create(db, name)
    order = Order(customer_id=customer.id, total=total)
    db.add(order)
    db.commit()
    return order


def turnover(db) -> int:
    return db.scalar(select(func.coalesce(func.sum(Order.total), 0)))
""",
    "shop/deps.py": """\
from typing import Annotated

from fastapi import Depends, Header, HTTPException
from sqlalchemy.orm import Session

from shop.database import get_db
from shop.models import Customer
from shop.services import customers

Db = Annotated[Session, Depends(get_db)]


def current_customer(db: Db, x_name: Annotated[str, Header()]) -> Customer:
    customer = customers.find(db, x_name)
    if customer is None:
        raise HTTPException(401)
    return customer


Current = Annotated[Customer, Depends(current_customer)]
""",
    "shop/routers/__init__.py": "",
    "shop/routers/customers.py": """\
from fastapi import APIRouter, HTTPException

from shop.deps import Current, Db
from shop.services import customers

router = APIRouter(prefix="/customers")


@router.post("")
def sign_up(name: str, db: Db) -> dict[str, int]:
    if customers.find(db, name):
        raise HTTPException(409)
    return {"id": customers.create(db, name).id}


@router.patch("/me")
def change(name: str, db: Db, me: Current) -> dict[str, str]:
    return {"name": customers.rename(db, me, name).name}


@router.get("/me")
def show(me: Current) -> dict[str, str]:
    return {"name": me.name}
""",
    "shop/routers/orders.py": """\
from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from shop.database import get_db
from shop.deps import Current
from shop.models import Order
from shop.services import orders

router = APIRouter(prefix="/orders")


@router.post("")
def place(name: str, total: int, db: Session = Depends(get_db)) -> dict[str, int]:
    return {"id": orders.place(db, name, total).id}


@router.get("")
def mine(me: Current, db: Session = Depends(get_db)) -> list[int]:
    return orders.totals(db, me.id)


@router.delete("/{key}")
def remove(key: int, me: Current, db: Session = Depends(get_db)) -> dict[str, bool]:
    order = db.get(Order, key)
    if order is None or order.customer_id != me.id:
        return {"gone": False}
    db.delete(order)
    db.commit()
    return {"gone": True}
""",
    "shop/routers/reports.py": """\
from fastapi import APIRouter

from shop.deps import Db
from shop.services import customers, orders

router = APIRouter(prefix="/reports")


@router.get("/turnover")
def turnover(db: Db) -> dict[str, int]:
    return {"turnover": orders.turnover(db)}


@router.get("/known")
def known(name: str, db: Db) -> dict[str, bool]:
    return {"known": customers.find(db, name) is not None}
""",
    "shop/main.py": """\
from fastapi import FastAPI

from shop.routers import customers, orders, reports

app = FastAPI()
app.include_router(customers.router)
app.include_router(orders.router)
app.include_router(reports.router)
""",
    "shop/seed.py": """\
from shop.database import SessionLocal
from shop.services import customers


def main() -> None:
    with SessionLocal() as session:
        customers.create(session, "seed")


if __name__ == "__main__":
    main()
""",
    "tests/__init__.py": "",
    "tests/conftest.py": """\
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from shop.database import Base, SessionLocal, engine
from shop.main import app


@pytest.fixture(autouse=True)
def tables() -> Iterator[None]:
    Base.metadata.create_all(engine)
    yield
    Base.metadata.drop_all(engine)


@pytest.fixture
def session(tables) -> Iterator[Session]:
    with SessionLocal() as session:
        yield session


@pytest.fixture
def client(tables) -> TestClient:
    return TestClient(app)
""",
    "tests/test_http.py": """\
from fastapi.testclient import TestClient


def test_a_customer_signs_up_once(client: TestClient) -> None:
    assert client.post("/customers", params={"name": "ada"}).json() == {"id": 1}
    assert client.post("/customers", params={"name": "ada"}).status_code == 409
    assert client.get("/reports/known", params={"name": "ada"}).json() == {"known": True}


def test_a_customer_has_another_name(client: TestClient) -> None:
    client.post("/customers", params={"name": "ada"})
    assert client.patch("/customers/me", params={"name": "eve"}, headers={"x-name": "ada"}).json() == {"name": "eve"}
    assert client.get("/customers/me", headers={"x-name": "eve"}).json() == {"name": "eve"}
    assert client.get("/customers/me", headers={"x-name": "ada"}).status_code == 401


def test_orders_are_placed_listed_and_removed(client: TestClient) -> None:
    for total in (3, 4):
        client.post("/orders", params={"name": "ada", "total": total})
    assert client.get("/orders", headers={"x-name": "ada"}).json() == [3, 4]
    assert client.get("/reports/turnover").json() == {"turnover": 7}
    assert client.delete("/orders/1", headers={"x-name": "ada"}).json() == {"gone": True}
    assert client.delete("/orders/1", headers={"x-name": "ada"}).json() == {"gone": False}
""",
    "tests/test_services.py": """\
from sqlalchemy.orm import Session

from shop.services import customers, orders


def signed_up(session: Session, name: str) -> int:
    return customers.create(session, name).id


def test_a_customer_is_found_by_name(session: Session) -> None:
    key = signed_up(session, "ada")
    assert customers.find(session, "ada").id == key
    assert customers.find(session, "eve") is None


def test_orders_add_up(session: Session) -> None:
    orders.place(session, "ada", 3)
    assert orders.turnover(session) == 3
""",
}


def lay_out(folder: Path, files: dict[str, str] | None = None) -> Path:
    """The shop in a folder, some of its files replaced."""
    for path, text in {**FILES, **(files or {})}.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder


def suite(folder: Path) -> str:
    """What the shop's own tests come to: the last line, or everything when one of them fails."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "pytest.ini"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    (folder / "shop.db").unlink(missing_ok=True)
    return done.stdout[-4000:] + done.stderr[-2000:] if done.returncode else done.stdout.strip().splitlines()[-1]


def texts(folder: Path) -> dict[str, str]:
    """Every file of the shop that is no leftover of a run."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    kept = (path for path in found if not {".workbook", ".git", "__pycache__"} & set(path.parts))
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in kept}
