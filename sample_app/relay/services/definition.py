"""The insights that can be generated, by category, and who follows which."""

from relay.cache import remember
from relay.errors import NotFound
from relay.models import Category, Definition, User, UserDefinition
from relay.schemas.insight import CategoryOut


class DefinitionService:
    """Finds definitions and notes who follows them."""

    def get_category(self, db, key: str) -> Category:
        """Return a category by its key; raise `NotFound` when there is none."""
        category = db.query(Category).filter(Category.key == key).one_or_none()
        if category is None:
            raise NotFound(f"No category {key!r}")
        return category

    def follow(self, db, user: User, keys: list[str]) -> None:
        """Let a user follow exactly some definitions; raise `NotFound` for a key that nobody knows."""
        wanted = db.query(Definition).filter(Definition.key.in_(keys)).order_by(Definition.id).all()
        unknown = sorted(set(keys) - {definition.key for definition in wanted})
        if unknown:
            raise NotFound(f"No insight {unknown[0]!r}")
        user.definitions = wanted

    def unfollow_all(self, db, user: User) -> None:
        """Let a user follow nothing."""
        db.query(UserDefinition).filter(UserDefinition.user_id == user.id).delete()
        db.expire(user, ["definitions"])


@remember(seconds=300)
def list_categories(db) -> list[CategoryOut]:
    """Return the categories with their definitions, as they were at most five minutes ago."""
    return [CategoryOut.model_validate(category) for category in db.query(Category).order_by(Category.title)]
