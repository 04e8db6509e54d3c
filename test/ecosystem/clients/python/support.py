"""What both programs of python-socketio have in common: lines of JSON for the driver."""

import json
import sys

PATIENCE = 15

VALUE = {"list": [b"\x01\x02\xff", {"deep": b"\x00"}], "text": "ü€😀", "none": None}


def options():
    """The address, and what `connect` is given."""
    url, transports = sys.argv[1:3]
    return url, None if transports == "both" else [transports]


def print_line(**line):
    print(json.dumps(line), flush=True)


def same(actual, expected):
    if actual != expected:
        raise AssertionError("%r instead of %r" % (actual, expected))
