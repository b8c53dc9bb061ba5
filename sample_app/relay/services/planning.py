"""Who works on what when: bookings that never overlap, and the time that is left."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Query, Session

from relay.errors import Conflict, NotFound
from relay.models import Booking, Calendar, Tenant
from relay.schemas.desk import BookingIn
from relay.services.project import get_project

DAY_BEGINS, DAY_ENDS = time(9, tzinfo=UTC), time(17, tzinfo=UTC)
Stretch = tuple[datetime, datetime]


def find_calendar(db: Session, tenant: Tenant, person: str) -> Calendar | None:
    """Return the calendar of a person, if there is one."""
    return db.query(Calendar).filter(Calendar.tenant_id == tenant.id, Calendar.person == person).one_or_none()


def within(db: Session, calendar: Calendar, starts_at: datetime, ends_at: datetime) -> Query[Booking]:
    """Return the query for the bookings that touch a stretch of time, the earliest first."""
    bookings = db.query(Booking).filter(Booking.calendar_id == calendar.id)
    return bookings.filter(Booking.starts_at < ends_at, Booking.ends_at > starts_at).order_by(Booking.starts_at)


@contextmanager
def writing_to(db: Session, tenant: Tenant, person: str) -> Iterator[Calendar]:
    """Hold a person's calendar while it is looked at and written to; commit at the end unless something goes wrong."""
    calendar = find_calendar(db, tenant, person)
    if calendar is None:
        calendar = Calendar(tenant_id=tenant.id, person=person)
        db.add(calendar)
        db.flush()
    # Whoever counts first holds the row: the next one waits here, and sees the booking that was made.
    db.query(Calendar).filter(Calendar.id == calendar.id).update({Calendar.revision: Calendar.revision + 1})
    try:
        yield calendar
        db.commit()
    except BaseException:
        db.rollback()
        raise


def book(db: Session, tenant: Tenant, data: BookingIn) -> Booking:
    """Book a person for a project; raise `Conflict` with the booking that is in the way."""
    project = get_project(db, tenant, data.project_id)
    if project.status != "active":
        raise Conflict(f"Project {project.code} is {project.status}")
    with writing_to(db, tenant, data.person) as calendar:
        in_the_way = within(db, calendar, data.starts_at, data.ends_at).first()
        if in_the_way:
            raise Conflict(f"{in_the_way!r} is in the way")
        booking = Booking(calendar=calendar, project=project, starts_at=data.starts_at, ends_at=data.ends_at)
        db.add(booking)
    return booking


def free_time(db: Session, tenant: Tenant, person: str, *, days: list[date], minutes: int) -> list[Stretch]:
    """Return the stretches of at least some minutes that a person has left on some days."""
    agenda = Agenda(db, tenant, person)
    enough = timedelta(minutes=minutes)
    return [gap for day in days for gap in agenda.gaps(day) if gap[1] - gap[0] >= enough]


class Agenda:
    """A person's days; raises `NotFound` when nothing was ever booked for the person."""

    def __init__(self, db: Session, tenant: Tenant, person: str) -> None:
        self.db = db
        calendar = find_calendar(db, tenant, person)
        if calendar is None:
            raise NotFound(f"Nothing was ever booked for {person}")
        self.calendar = calendar

    def gaps(self, day: date) -> Iterator[Stretch]:
        """Go through what the bookings of a day leave of its working time."""
        free_from, end = datetime.combine(day, DAY_BEGINS), datetime.combine(day, DAY_ENDS)
        for booking in within(self.db, self.calendar, free_from, end):
            if booking.starts_at > free_from:
                yield free_from, booking.starts_at
            free_from = max(free_from, booking.ends_at)
        if free_from < end:
            yield free_from, end


def working_days(first: date, count: int) -> list[date]:
    """Return the days from Monday to Friday among some days from the first on."""
    days = (first + timedelta(days=offset) for offset in range(count))
    return [day for day in days if day.weekday() < 5]
