#!/usr/bin/env bash
# Mistakes that pages of this kind have made elsewhere: see tests/web/pages_mistakes.py. A second server, which cannot be reached, has the
# streams with odd names and histories.
here=$(dirname "$(realpath "$0")")/..
. "$here/web.sh"
printf '  - name: odd\n    p4port: localhost:1999\n    p4user: weir\n    stream_mask: "//odd/*"\n' >>/etc/weir/servers.yaml
knows_odd() { weirctl servers --all --json | json "any(s['name'] == 'odd' for s in d)" | grep -q True; }
eventually 20 knows_odd
web_up
pages pages_mistakes.py
pages_end
