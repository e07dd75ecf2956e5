#!/usr/bin/env bash
# Fifteen times something dies by kill -9 while a job is in a stage; `make faults` does it three hundred times.
here=$(dirname "$(realpath "$0")")/..
exec python3 "$here/jobs/kill" 15 7
