"""Coverage-guided fuzzing of the way from a request's bytes to a body for the inbox.

    python tests/receiver/fuzz_otlp.py -runs=20000 [FOLDER OF BODIES]

Whatever the bytes are: a body to store, or a refusal with a status of the specification.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["steelyard"]):
    from steelyard.errors import Refused
    from steelyard.receiver.otlp import SIGNALS, Limits, take_in

LIMITS = Limits(body=1 << 20, inflated=1 << 20)
COMPRESSIONS = ("", "gzip", "deflate")


def test_one_input(data: bytes) -> None:
    if not data:
        return
    signal = SIGNALS[data[0] % 3]
    encoding = "json" if data[0] & 0x40 else "protobuf"
    compression = COMPRESSIONS[(data[0] >> 3) % 3]
    try:
        body = take_in(signal, encoding, compression, data[1:], "", LIMITS)
    except Refused as refused:
        assert refused.status in (400, 413), refused.message
        assert refused.reason != "unreadable", refused.message
        return
    payload = body.payload()
    again = take_in(signal, encoding, "", payload, "", LIMITS)
    assert again.payload() == payload, "what was cleaned once is clean"


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
