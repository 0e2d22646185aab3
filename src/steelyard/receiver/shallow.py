"""OTLP requests parsed no deeper than needed: are they requests, and how many records do they hold?

A message in which records stay bytes is wire-compatible with the official ones, and the same shape
fits all three signals: resource groups, in them scope groups, in them records.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

PACKAGE = "steelyard.shallow"


def _request_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="steelyard/shallow.proto", package=PACKAGE, syntax="proto3"
    )
    _message(file, "Request", ("groups", 1, "Group"))
    _message(file, "Group", ("resource", 1, ""), ("scopes", 2, "Scope"), ("schema_url", 3, ""))
    _message(file, "Scope", ("scope", 1, ""), ("records", 2, "bytes"), ("schema_url", 3, ""))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.Request"))


def _message(file: Any, name: str, *fields: tuple[str, int, str]) -> None:
    """A message of bytes fields; a field with a kind is repeated: raw bytes or another message."""
    message = file.message_type.add(name=name)
    for field, number, kind in fields:
        made = message.field.add(name=field, number=number, type=Field.TYPE_BYTES)
        made.label = Field.LABEL_REPEATED if kind else Field.LABEL_OPTIONAL
        if kind and kind != "bytes":
            made.type, made.type_name = Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"


_Request = _request_class()


def parse(payload: bytes) -> Any:
    """The request: `groups` of `scopes` of `records`; resources, scopes and records are bytes.

    Raises protobuf's DecodeError. Serialised again it is an OTLP request with all its fields.
    """
    return _Request.FromString(payload)


def records(payload: bytes) -> list[bytes]:
    """The serialised records of a request, in order. Raises protobuf's DecodeError."""
    groups = parse(payload).groups
    return [record for group in groups for scope in group.scopes for record in scope.records]
