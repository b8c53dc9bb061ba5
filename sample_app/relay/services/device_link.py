"""Linking a device to a user by a code, which makes one user of two when the device had another."""

import logging
from datetime import timedelta

from sqlalchemy.orm import aliased

from relay import security
from relay.clients.clock import now
from relay.errors import Conflict, NotFound, TooManyRequests
from relay.models import Chat, Device, LinkCode, Message, Passage, Tenant, User, UserDefinition
from relay.settings import settings

logger = logging.getLogger(__name__)

# Everything that says whose it is, and may simply change hands.
OWNERSHIP = (Chat.user_id, Device.user_id, Message.author_id, Passage.user_id, UserDefinition.user_id)


class DeviceLinkService:
    """Issues link codes and redeems them."""

    def issue_code(self, db, user: User) -> tuple[str, LinkCode]:
        """Return a new code for a user; raise `TooManyRequests` when too many wait to be used."""
        db.query(LinkCode).filter(LinkCode.expires_at <= now()).delete()
        db.commit()
        waiting = db.query(LinkCode).filter(LinkCode.user_id == user.id).order_by(LinkCode.expires_at).all()
        if len(waiting) >= settings.codes_per_window:
            wait = int((waiting[0].expires_at - now()).total_seconds()) + 1
            raise TooManyRequests(f"Too many codes wait for {user.label}", retry_after=wait)
        code = security.new_link_code()
        expires_at = now() + timedelta(seconds=settings.code_lifetime)
        link = LinkCode(user=user, code_hash=security.hash_code(user.tenant_id, code), expires_at=expires_at)
        db.add(link)
        db.commit()
        return code, link

    def redeem(self, db, tenant: Tenant, code: str, *, device_key: str) -> User:
        """Link a device to the user of a code; the user that the device had so far is merged into that one."""
        link = self._find_code(db, tenant, code)
        device = db.query(Device).filter(Device.tenant_id == tenant.id, Device.key == device_key).one_or_none()
        if device is not None and device.user_id == link.user_id:
            raise Conflict(f"The device is linked to {link.user.label} already")
        user = link.user
        db.delete(link)
        if device is None:
            user.devices.append(Device(tenant_id=tenant.id, key=device_key, linked_at=now()))
        else:
            self.merge_users(db, user, device.user)
        db.commit()
        return user

    def _find_code(self, db, tenant: Tenant, code: str) -> LinkCode:
        code_hash = security.hash_code(tenant.id, code)
        links = db.query(LinkCode).join(LinkCode.user).filter(User.tenant_id == tenant.id, LinkCode.expires_at > now())
        for link in links.filter(LinkCode.code_hash == code_hash):
            if security.same(link.code_hash, code_hash):
                return link
        raise NotFound("The code is wrong or no longer valid")

    def merge_users(self, db, target: User, source: User) -> None:
        """Give everything that a user has to another, and delete the first; the caller commits."""
        devices = ", ".join(device.key for device in source.devices)
        logger.info("%s with %s becomes %s", source.label, devices, target.label)
        target.name = target.name or source.name
        self._drop_what_both_have(db, target, source)
        for column in OWNERSHIP:
            db.query(column.class_).filter(column == source.id).update({column: target.id}, synchronize_session=False)
        # Both still hold what they had when it was loaded; the source would take its former devices with it.
        db.flush()
        db.expire(source)
        db.expire(target)
        db.delete(source)
        db.flush()

    def _drop_what_both_have(self, db, target: User, source: User) -> None:
        """Delete of the source what the target has as well, because neither can be there twice."""
        followed = db.query(UserDefinition.definition_id).filter(UserDefinition.user_id == target.id)
        db.query(UserDefinition).filter(
            UserDefinition.user_id == source.id, UserDefinition.definition_id.in_(followed)
        ).delete(synchronize_session=False)
        twin = aliased(Passage)
        same = db.query(twin.id).filter(
            twin.user_id == target.id, twin.message_id == Passage.message_id, twin.quote == Passage.quote
        )
        db.query(Passage).filter(Passage.user_id == source.id, same.exists()).delete(synchronize_session=False)
