"""Linear's schema, as graphql-core objects, out of the types that its own SDK publishes.

The SDK on npm carries no schema file any more, but types generated from it; a few kinds of lines.
"""

from __future__ import annotations

import re
from functools import cache

from graphql import GraphQLSchema, build_schema
from tests.sources.vendor_schemas import npm_package

VERSION = "98.0.0"
_FILE = "dist/index-D2pH4Pk9.d.mts"
_TYPE = re.compile(r"^type (\w+) = (?:\w+ & )*\{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
_ENUM = re.compile(r"^declare enum (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (\w+)(\?)?: (.+);$", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_OURS = ("Query", "PageInfo")
_SCALARS = {"ID", "String", "Boolean", "Int", "Float"}


@cache
def linear_schema() -> GraphQLSchema:
    """The types that the root query reaches. Skips where npm is absent."""
    text = (npm_package("@linear/sdk", VERSION, _FILE) / _FILE).read_text()
    text = _COMMENT.sub("", text)
    types = {name: dict(_fields(body)) for name, body in _TYPE.findall(text)}
    enums = {name: re.findall(r'= "(\w+)"', body) for name, body in _ENUM.findall(text)}
    return build_schema(_Writer(types, enums).sdl(), assume_valid=True)


def _fields(body: str) -> list[tuple[str, str]]:
    return [(name, written) for name, _, written in _FIELD.findall(body)]


class _Writer:
    """Writes what it knows of TypeScript as GraphQL, beginning with the root query."""

    def __init__(self, types: dict[str, dict[str, str]], enums: dict[str, list[str]]) -> None:
        self.types, self.enums = types, enums
        self.wanted, self.written = ["Query"], dict[str, str]()

    def sdl(self) -> str:
        while self.wanted:
            name = self.wanted.pop()
            if name not in self.written and name not in _SCALARS:
                self.written[name] = self._type(name)
        return "\n".join(self.written.values())

    def _type(self, name: str) -> str:
        if name in self.enums:
            return f"enum {name} {{ {' '.join(self.enums[name])} }}"
        if name not in self.types:
            return f"scalar {name}"
        fields = self.types[name]
        kind = "type" if "__typename" in fields else "input"
        lines = [
            f"  {field}{self._arguments(name, field)}: {self._written(text)}"
            for field, text in fields.items()
            if field != "__typename"
        ]
        return f"{kind} {name} {{\n" + "\n".join(lines) + "\n}"

    def _arguments(self, name: str, field: str) -> str:
        found = self.types.get(f"{name}{field[0].upper()}{field[1:]}Args", {})
        said = ", ".join(f"{key}: {self._written(text)}" for key, text in found.items())
        return f"({said})" if said else ""

    def _written(self, text: str) -> str:
        """`Maybe<Array<Scalars["String"]>>` is `[String!]`."""
        if inner := re.fullmatch(r"(?:Input)?Maybe<(.*)>", text):
            return self._written(inner[1]).removesuffix("!")
        if inner := re.fullmatch(r"Array<(.*)>", text):
            return f"[{self._written(inner[1])}]!"
        scalar = re.fullmatch(r'Scalars\["(\w+)"\]', text)
        name = scalar[1] if scalar else text if re.fullmatch(r"\w+", text) else "Unknown"
        self.wanted.append(name)
        return f"{name}!"
