"""Everything that reads attributes: code, response models, schemas, templates, texts that show an object."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.callees import arguments
from helpers.analysis.dataflow.flows import Flows, self_of
from helpers.analysis.dataflow.reads import Reading, Reads, reading_at
from helpers.analysis.dataflow.values import Refs
from helpers.analysis.files import application_files
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.routes import routes
from helpers.analysis.schemas import Schemas
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.analysis.templates import SUFFIXES, Templates
from helpers.analysis.unloaded import loaded_before

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_VALIDATES = frozenset({"model_validate", "from_orm", "validate", "parse_obj", "validate_python"})
_RENDERS = frozenset({"TemplateResponse", "render", "render_async", "render_template", "template_response"})
_SHOWS = {"str": "__str__", "print": "__str__", "repr": "__repr__", "format": "__str__"}
_MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict"})
_LOGS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})


def reads_of(project: Project, flows: Flows) -> Reads:
    """Everything that the application reads of the objects that it loads."""
    readers = Readers(project, flows, Reads(project, flows))
    for module in project.symbols.modules.values():
        readers.module(module)
    readers.responses()
    readers.reads.settle()
    return readers.reads


@dataclass(eq=False)
class Readers:
    """Tells one `Reads` of every place that reads."""

    project: Project
    flows: Flows
    reads: Reads
    _schemas_seen: set[tuple[object, ast.AST]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self.schemas = Schemas(self.project)
        self.templates = Templates(
            self.project.root, tuple(name for name in application_files(self.project.root) if name.endswith(SUFFIXES))
        )

    def module(self, module: Module) -> None:
        """Every attribute, call and shown text of one module."""
        for node in module.nodes.of(ast.Attribute):
            if (
                node.attr in self.reads.interesting
                and not isinstance(node.ctx, ast.Del)
                and not self._loaded(node, module)
            ):
                self.reads.attribute(self.flows.of(node.value, module), node.attr, reading_at(node, module))
        for call in module.nodes.of(ast.Call):
            self._call(call, module)
        for shown in module.nodes.of(ast.FormattedValue):
            self._shown(shown.value, "__repr__" if shown.conversion == 114 else "__str__", module)

    def _loaded(self, node: ast.Attribute, module: Module) -> bool:
        """Whether the statements before load what is read here, if nothing else has."""
        return node.attr not in _SHOWS.values() and loaded_before(self.project.scopes(module), node)

    def responses(self) -> None:
        """What the routes answer is read into their response models."""
        for route in routes(self.project):
            schemas = self.schemas.named(route.model, route.module)
            answered = self.flows.results(route.function, route.module) if schemas else ()
            for schema in schemas:
                by = f"the response model {schema.name} of {route.function.name}"
                reading = reading_at(route.function, route.module, by)
                self._into(frozenset(answered), schema, reading)

    def _call(self, call: ast.Call, module: Module) -> None:
        if not (call.args or call.keywords or isinstance(call.func, ast.Attribute)):
            return
        for callee in self.flows.callees.functions(call, module):
            for argument, value in arguments(call, callee):
                self.reads.handed_on(self.flows.of(value, module), argument)
        self._handed_to_code(call, module)
        self._made(call, module)
        self._validated(call, module)
        name = call.func.attr if isinstance(call.func, ast.Attribute) else dotted_name(call.func) or ""
        if name in _RENDERS:
            self._rendered(call, module)
        elif name == "getattr" and len(call.args) > 1 and isinstance(call.args[1], ast.Constant):
            refs = self.flows.of(call.args[0], module)
            self.reads.attribute(refs, str(call.args[1].value), reading_at(call, module))
        elif name in _LOGS or (name in _SHOWS and isinstance(call.func, ast.Name)):
            for value in call.args:
                self._shown(value, _SHOWS.get(name, "__str__"), module)

    def _handed_to_code(self, call: ast.Call, module: Module) -> None:
        """Functions that are handed on with what they shall work on: `map(f, books)`, `sorted(books, key=f)`."""
        for index, value in enumerate(call.args):
            for function in self._named(value, module):
                for argument, given in zip(function, call.args[index + 1 :], strict=False):
                    self.reads.handed_on(self.flows.of(given, module), argument)
        for keyword in call.keywords:
            if keyword.arg == "key":
                for function in self._named(keyword.value, module):
                    receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else []
                    for item in [*call.args, *receiver]:
                        self.reads.handed_on(self.flows.of(item, module), next(iter(function), None))

    def _named(self, value: ast.expr, module: Module) -> Iterator[list[ast.arg]]:
        """The parameters that are left to be given to a function that an argument names."""
        if isinstance(value, ast.Name | ast.Attribute):
            for callee in self.flows.callees.of(value, module):
                given = [*callee.function.args.posonlyargs, *callee.function.args.args]
                yield given[1:] if callee.bound else given

    def _made(self, call: ast.Call, module: Module) -> None:
        """An object that holds others may read them in all of its methods; a schema reads what it is made of."""
        found = self.flows.callees.made_class(call, module)
        if found is None or self.project.mapped.entity(found):
            return
        given = {keyword.arg: self.flows.of(keyword.value, module) for keyword in call.keywords}
        if self.schemas.is_schema(found):
            self._fields(found, given, reading_at(call, module, f"the schema {found.name}"))
            return
        held = frozenset(ref for refs in given.values() for ref in refs)
        held |= frozenset(ref for value in call.args for ref in self.flows.of(value, module))
        if held:
            for one in self.project.bases(found):
                for item in getattr(one.node, "body", ()):
                    if isinstance(item, FunctionNode) and item.name != "__init__":
                        self.reads.handed_on(held, self_of(item))

    def _fields(self, schema: Definition, given: dict[str | None, Refs], reading: Reading) -> None:
        for one in self.schemas.fields(schema):
            for nested in one.nested:
                self._into(given.get(one.name, frozenset()), nested, reading)

    def _validated(self, call: ast.Call, module: Module) -> None:
        """`Schema.model_validate(row)`, `TypeAdapter(list[Schema]).validate_python(rows)`, `parse_obj_as(...)`."""
        values, annotation = call.args, None
        if isinstance(call.func, ast.Attribute) and call.func.attr in _VALIDATES:
            annotation = call.func.value
            if isinstance(annotation, ast.Call):
                annotation = annotation.args[0] if annotation.args else None
        elif (dotted_name(call.func) or "").endswith("parse_obj_as") and len(call.args) > 1:
            annotation, values = call.args[0], call.args[1:]
        for schema in self.schemas.named(annotation, module) if annotation is not None else ():
            for value in values[:1]:
                if (given := self._by_key(value, module)) is not None:
                    self._fields(schema, given, reading_at(call, module, f"the schema {schema.name}"))
                    continue
                self._into(self.flows.of(value, module), schema, reading_at(call, module, f"the schema {schema.name}"))

    def _by_key(self, value: ast.expr, module: Module) -> dict[str | None, Refs] | None:
        """What each key of a dictionary holds, whose items a schema reads, and not attributes; None for anything else.

        Of a dictionary that comes in as a parameter the items are not known here.
        """
        given: dict[str | None, Refs] = {}
        for written in self._dictionaries(value, module):
            for key, item in zip(written.keys, written.values, strict=True):
                name = str(key.value) if isinstance(key, ast.Constant) else None
                given[name] = given.get(name, frozenset()) | self.flows.of(item, module)
        if given or isinstance(value, ast.DictComp):
            return given
        bindings = self.project.scopes(module).lookup(value.id, value) if isinstance(value, ast.Name) else ()
        annotations = (binding.node.annotation for binding in bindings if isinstance(binding.node, ast.arg))
        return given if any(one is not None and _is_mapping(one) for one in annotations) else None

    def _into(self, refs: Refs, schema: Definition, reading: Reading) -> None:
        """The fields of a schema are read of each object, and those of the schemas inside of what they hold."""
        for ref in refs:
            if (ref, schema.node) in self._schemas_seen:
                continue
            self._schemas_seen.add((ref, schema.node))
            for one in self.schemas.fields(schema):
                self.reads.attribute([ref], one.name, reading)
                inside = self.flows.step(ref, one.name)
                for nested in one.nested:
                    self._into(inside, nested, reading)
            for function, _, names in self.schemas.before(schema):
                handed = frozenset({ref}) if not names else self._held(ref, names)
                self.reads.handed_on(handed, next(iter(_after_class(function)), None))

    def _held(self, ref: object, names: tuple[str, ...]) -> Refs:
        return frozenset(end for name in names for end in self.flows.step(ref, name))  # type: ignore[arg-type]

    def _shown(self, value: ast.expr, method: str, module: Module) -> None:
        """A text that shows an object runs its `__str__`, or its `__repr__` where it has none."""
        for ref in self.flows.of(value, module):
            own = ref.entity and self.flows.members.of(ref.entity, method)
            self.reads.attribute([ref], method if own else "__repr__", reading_at(value, module))

    def _rendered(self, call: ast.Call, module: Module) -> None:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        names = [item.value for item in given if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        context: dict[str, ast.expr] = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        for item in given:
            for written in self._dictionaries(item, module):
                pairs = zip(written.keys, written.values, strict=True)
                context |= {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}
        for name in names:
            for read in self.templates.reads(name):
                refs = self.flows.of(context.get(read.path[0]), module)
                self._read_path(refs, read.path[1:], Reading(read.file, read.line, f"the template {name}", call))

    def _dictionaries(self, node: ast.expr, module: Module) -> Iterator[ast.Dict]:
        """A dictionary that is written out here, or where a name got it."""
        if isinstance(node, ast.Dict):
            yield node
        elif isinstance(node, ast.Name):
            bindings = self.project.scopes(module).lookup(node.id, node)
            yield from (one.value for one in bindings if isinstance(one.value, ast.Dict))

    def _read_path(self, refs: Refs, path: tuple[str, ...], reading: Reading) -> None:
        for name in path:
            self.reads.attribute(refs, name, reading)
            refs = frozenset(end for ref in refs for end in self.flows.step(ref, name))


def _is_mapping(annotation: ast.expr) -> bool:
    """Whether an annotation says that a value is a dictionary."""
    plain = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return (dotted_name(plain) or "").rpartition(".")[2] in _MAPPINGS


def _after_class(function: FunctionNode) -> list[ast.arg]:
    """The parameters of a validator behind `cls`."""
    given = [*function.args.posonlyargs, *function.args.args]
    return given[1:] if given and given[0].arg in ("cls", "self") else given
