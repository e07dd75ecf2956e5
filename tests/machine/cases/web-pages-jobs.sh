#!/usr/bin/env bash
# The pages of integrations in a real browser: see tests/web/pages_jobs.py and tests/web/pages_jobs_parts.py.
here=$(dirname "$(realpath "$0")")/..
. "$here/web.sh"
web_up
pages pages_jobs_parts.py
pages pages_jobs.py
pages_end
