"""The plain shape of OTLP/JSON as one regular expression: logs and sums as Claude Code writes them.

OTLP's nesting is fixed, so what one client writes is a regular language. Bytes that match are
well-formed JSON of the right kind, which is known at a fraction of the CPU of parsing them into
Python objects. What does not match may be as good; it is then parsed.
"""

from __future__ import annotations

from steelyard.receiver.patterns import compiled

_TEXT = rb'"[^"\\\x00-\x1f]*"'
_INTEGER = rb"-?(?:0|[1-9][0-9]*)"
_NUMBER = _INTEGER + rb"(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_NAME = rb'"claude_code\.[a-z_]+"'  # a record's body that only repeats the event's name


def _field(name: bytes, value: bytes) -> bytes:
    return b'"(?:%s)":(?:%s)' % (name, value)


def _object(*fields: bytes) -> bytes:
    """These fields in this order: any order would multiply the pattern."""
    return rb"\{" + b",".join(fields) + rb"\}"


def _list(item: bytes) -> bytes:
    return rb"\[(?:%s(?:,%s)*)?\]" % (item, item)


_SCALAR = b"|".join(
    (
        _field(b"stringValue", _TEXT),
        _field(b"intValue", _INTEGER + b'|"' + _INTEGER + b'"'),
        _field(b"doubleValue", _NUMBER),
        _field(b"boolValue", b"true|false"),
    )
)
_NO_VALUES = _field(b"arrayValue", _object(_field(b"values", rb"\[\]")))
_PAIR = _object(
    _field(b"key", _TEXT), _field(b"value", rb"\{(?:" + _SCALAR + b"|" + _NO_VALUES + rb")\}")
)
_ATTRIBUTES = _field(b"attributes", _list(_PAIR))
_DROPPED = _field(b"droppedAttributesCount", _INTEGER)
_TIMES = b",".join((_field(b"(?:observedT|startT|t)imeUnixNano", _TEXT),) * 2)
_RECORD = _object(
    _TIMES, _field(b"body", _object(_field(b"stringValue", _NAME))), _ATTRIBUTES, _DROPPED
)
_POINT = _object(_ATTRIBUTES, _TIMES, _field(b"asDouble", _NUMBER))
_SUM = _object(
    _field(b"aggregationTemporality", _INTEGER),
    _field(b"isMonotonic", b"true|false"),
    _field(b"dataPoints", _list(_POINT)),
)
_METRIC = _object(
    *(_field(name, _TEXT) for name in (b"name", b"description", b"unit")), _field(b"sum", _SUM)
)


def _request(groups: bytes, scopes: bytes, records: bytes, record: bytes) -> bytes:
    scope = _object(_field(b"name", _TEXT), _field(b"version", _TEXT))
    scoped = _object(_field(b"scope", scope), _field(records, _list(record)))
    resource = _field(b"resource", _object(_ATTRIBUTES, _DROPPED))
    group = _object(resource, _field(scopes, rb"\[" + scoped + rb"\]"))
    return _object(_field(groups, rb"\[" + group + rb"\]"))


_SHAPES = {
    "logs": compiled(_request(b"resourceLogs", b"scopeLogs", b"logRecords", _RECORD)),
    "metrics": compiled(_request(b"resourceMetrics", b"scopeMetrics", b"metrics", _METRIC)),
}


def is_plain(signal: str, payload: bytes) -> bool:
    """Whether the bytes are well-formed OTLP/JSON in the plain shape."""
    shape = _SHAPES.get(signal)
    return shape is not None and _is_utf8(payload) and shape.fullmatch(payload) is not None


def _is_utf8(payload: bytes) -> bool:
    if payload.isascii():
        return True
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
