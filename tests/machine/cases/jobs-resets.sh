#!/usr/bin/env bash
# machine: none
# The machine loses its power while jobs run: they go on when it is back.
exec "$(dirname "$(realpath "$0")")/../../faults/reset" 2 3
