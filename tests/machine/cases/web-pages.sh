#!/usr/bin/env bash
# What the pages share, in a real browser: moving about, choices, outages, sessions (tests/web/pages_shell.py), and first that the frame of
# these tests sees what it shall see (tests/web/pages_frame.py).
here=$(dirname "$(realpath "$0")")/..
. "$here/web.sh"
web_up
PAGES_JOBS=$(web_jobs)
export PAGES_JOBS
pages pages_frame.py
pages pages_shell.py
pages_end
