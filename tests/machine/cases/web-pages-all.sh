#!/usr/bin/env bash
# What holds for every page, in a real browser: see tests/web/pages_all.py. The jobs that are looked at: one that is done, one that waits
# for decisions, one that failed, one that waits for its turn.
here=$(dirname "$(realpath "$0")")/..
. "$here/web.sh"
web_up
PAGES_JOBS=$(web_jobs)
export PAGES_JOBS
pages pages_all.py
pages_end
