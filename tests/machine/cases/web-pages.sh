#!/usr/bin/env bash
# What holds for every page, in a real browser: see tests/web/pages_all.py.
here=$(dirname "$(realpath "$0")")/..
. "$here/web.sh"
web_up
pages pages_all.py
pages_end
