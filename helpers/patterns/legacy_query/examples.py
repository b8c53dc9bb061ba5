from helpers.model import Example
EXAMPLES: tuple[Example, ...] = ()
