#!/usr/bin/env bash
# Integration jobs from beginning to end, by weirctl and p4 alone: tests/machine/jobs.
here=$(dirname "$(realpath "$0")")/..
exec python3 "$here/jobs/scenarios" "$@"
