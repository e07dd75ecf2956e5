#!/usr/bin/python3
"""The contract with Perforce, checked against the stand-in, or against a real server: make check-perforce
P4D= P4=."""

import tap
from contract.answers import Answers, Sessions  # noqa: F401
from contract.merges import Merges  # noqa: F401
from contract.sizes import Sizes  # noqa: F401
from contract.work import Work  # noqa: F401

if __name__ == "__main__":
    tap.main()
