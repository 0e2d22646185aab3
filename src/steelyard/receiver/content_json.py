"""Taking content out of OTLP/JSON bodies, by the same rules as for protobuf."""

from __future__ import annotations

from typing import Any

import orjson

from steelyard.receiver.content_rules import MAX_SPAN_TEXT, Place, keeps_body, replacement

_GROUPS = {"logs": "resourceLogs", "metrics": "resourceMetrics", "traces": "resourceSpans"}
_LISTS = ("attributes", "filteredAttributes", "filtered_attributes", "metadata")
_KINDS = {
    "resource": "resource",
    "scope": "scope",
    "logRecords": "log",
    "log_records": "log",
    "dataPoints": "point",
    "data_points": "point",
    "spans": "span",
}


def clean_json(signal: str, payload: bytes) -> bytes:
    """The request without content; the same object when nothing had to go.

    Raises ValueError when the bytes are no such request.
    """
    request = orjson.loads(payload)
    groups = request.get(_GROUPS[signal], []) if isinstance(request, dict) else None
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise ValueError(f"it is not an object with a list {_GROUPS[signal]!r}")
    return orjson.dumps(request) if _walk(request, "", Place("resource")) else payload


def _walk(node: Any, name: str, place: Place) -> bool:
    """Clean every list of attributes below a node that lies under `name`."""
    changed = False
    if isinstance(node, list):
        for item in node:
            changed |= _walk(item, name, place)
    elif isinstance(node, dict):
        place = _place(node, name, place)
        for key, value in node.items():
            if key in _LISTS and isinstance(value, list):
                changed |= _attributes(value, place)
            elif isinstance(value, dict | list):
                changed |= _walk(value, key, place)
        changed |= _texts(node, name, place)
    return changed


def _place(node: dict[str, Any], name: str, place: Place) -> Place:
    kind = _KINDS.get(name, place.kind)
    if kind != "log" or name not in ("logRecords", "log_records"):
        return Place(kind, place.event)
    return Place(kind, _event(node).rpartition(".")[2])


def _event(record: dict[str, Any]) -> str:
    pairs = record.get("attributes")
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, dict) and pair.get("key") == "event.name":
            return str(_plain(pair.get("value")) or "")
    return str(record.get("eventName") or record.get("event_name") or "")


def _texts(node: dict[str, Any], name: str, place: Place) -> bool:
    """Texts outside of attributes: a log record's body, a span's status and name."""
    if name in ("logRecords", "log_records") and node.get("body") is not None:
        text = _plain(node["body"])
        if not (isinstance(text, str) and keeps_body(text, _event(node))):
            del node["body"]
            return True
    if place.kind != "span":
        return False
    if name == "status" and node.get("message"):
        del node["message"]
        return True
    title = node.get("name")
    if isinstance(title, str) and len(title) > MAX_SPAN_TEXT:
        node["name"] = title[:MAX_SPAN_TEXT]
        return True
    return False


def _attributes(attributes: list[Any], place: Place) -> bool:
    """Replace what has to go in one list of attributes; whether anything had to."""
    kept: list[Any] = []
    fresh: dict[str, int | str] = {}
    for pair in attributes:
        known = isinstance(pair, dict) and isinstance(pair.get("key"), str)
        pairs = replacement(pair["key"], _plain(pair.get("value")), place) if known else None
        if pairs is None:
            kept.append(pair)
        else:
            fresh.update(pairs)
    if len(kept) == len(attributes):
        return False
    taken = {pair["key"] for pair in kept if isinstance(pair, dict) and "key" in pair}
    attributes[:] = kept + [_pair(*pair) for pair in fresh.items() if pair[0] not in taken]
    return True


def _pair(key: str, value: int | str) -> dict[str, Any]:
    kind = {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}
    return {"key": key, "value": kind}


def _plain(value: Any) -> Any:
    """An AnyValue as plain Python; what has no known kind counts as the text it holds."""
    if not isinstance(value, dict):
        return value
    for kind in ("stringValue", "string_value", "bytesValue", "boolValue", "doubleValue"):
        if kind in value:
            return value[kind]
    if "intValue" in value:
        return 0  # 64-bit numbers are strings in JSON
    array = value.get("arrayValue")
    if isinstance(array, dict):
        return [_plain(item) for item in array.get("values") or ()]
    pairs = value.get("kvlistValue")
    if isinstance(pairs, dict):
        items = [pair for pair in pairs.get("values") or () if isinstance(pair, dict)]
        return {str(pair.get("key")): _plain(pair.get("value")) for pair in items}
    return {str(kind): _plain(inner) for kind, inner in value.items()}
