"""Loads the cases of Autobahn's test suite, which are written for Python 2, into Python 3.

In Python 2 a `str` is a string of bytes. Here it stays a `str` whose characters are these bytes (latin-1), so that the
cases keep their literals and comparisons; `fuzzing_client` converts at the border to the network.
"""

import binascii
import importlib.abc
import importlib.util
import os
import re
import sys
import types

PACKAGE = "autobahn_cases"

# What a case module says in Python 2, and what it has to say here.
ADAPTATIONS = [
    (r"^#.*coding[:=].*$", ""),
    # A whole number of frames.
    (r"len\(self\.payload\) / self\.p", "len(self.payload) // self.p"),
    # Autobahn's own performance case, which needs Twisted and is in no list.
    (r"^from case9_9_1 import \*$", ""),
    (r"^from case(\w*) import", r"from .case\1 import"),
    (r"^(\s*)print .*$", r"\1pass"),
    (r"\(object, Case, ?\)", "(Case,)"),
    (r"\bxrange\(", "range("),
    (r"^import binascii$", "from %s import python2_binascii as binascii" % __name__),
    (r"^import copy, os, pkg_resources, hashlib, binascii$", "import copy, os, hashlib, binascii; from %s import pkg_resources" % __name__),
    # Parameters of compression, as Autobahn names them since 2017.
    (r"\brequestNoContextTakeover\b", "request_no_context_takeover"),
    (r"\brequestMaxWindowBits\b", "request_max_window_bits"),
    (r"^from autobahn\.websocket\.utf8validator import Utf8Validator$", "from %s import Python2Utf8Validator as Utf8Validator" % __name__),
]


def load_cases():
    """Returns the package of cases: `Cases` is the list of their classes."""
    sys.meta_path.insert(0, CaseFinder(os.path.join(suite_folder(), "case")))
    package = importlib.import_module(PACKAGE)
    # The original compares by pickling, which tells equal strings apart when one of them is used twice.
    package.case.Case.compare = lambda self, one, other: one == other
    return package


def suite_folder():
    """The folder of the installed package, which itself cannot be imported."""
    for folder in sys.path:
        candidate = os.path.join(folder, "autobahntestsuite")
        if os.path.isdir(os.path.join(candidate, "case")):
            return candidate
    raise SystemExit("autobahntestsuite is not installed")


class CaseFinder(importlib.abc.MetaPathFinder):
    def __init__(self, folder):
        self._folder = folder

    def find_spec(self, name, path=None, target=None):
        if name == PACKAGE:
            return self._spec(name, "__init__.py", is_package=True)
        if name.startswith(PACKAGE + "."):
            return self._spec(name, name[len(PACKAGE) + 1 :] + ".py", is_package=False)
        return None

    def _spec(self, name, file, is_package):
        file = os.path.join(self._folder, file)
        return importlib.util.spec_from_loader(name, CaseLoader(file), origin=file, is_package=is_package)


class CaseLoader(importlib.abc.Loader):
    def __init__(self, file):
        self._file = file

    def exec_module(self, module):
        with open(self._file, encoding="latin-1") as opened:
            source = opened.read()
        for pattern, replacement in ADAPTATIONS:
            source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
        exec(compile(source, self._file, "exec"), module.__dict__)


class python2_binascii:
    """`binascii` for strings of bytes as Python 2 has them."""

    @staticmethod
    def b2a_hex(text):
        data = text if isinstance(text, bytes) else text.encode("latin-1")
        return binascii.b2a_hex(data).decode("ascii")


class Python2Utf8Validator:
    """Autobahn's validator for strings of bytes as Python 2 has them; the cases are made with it."""

    def __init__(self):
        from autobahn.websocket.utf8validator import Utf8Validator

        self._validator = Utf8Validator()

    def reset(self):
        self._validator.reset()

    def validate(self, text):
        return self._validator.validate(text.encode("latin-1"))


pkg_resources = types.SimpleNamespace(
    resource_filename=lambda package, path: os.path.join(suite_folder(), path),
)
