#!/usr/bin/env bash
# The pages about streams, operations, settings and the login, in a real browser: see tests/web/pages_streams.py. Beside the sample
# server there is one that cannot be reached and has 3,000 streams with odd names.
here=$(dirname "$(realpath "$0")")/..
. "$here/web.sh"

# A third user, who is neither operator nor administrator.
export READER_PASSWORD=Sample-Reader-1
printf 'User: reader\nEmail: reader@example.com\nFullName: Reader\n' | p4 user -f -i >/dev/null
printf '%s\n%s\n' $READER_PASSWORD $READER_PASSWORD | p4 passwd reader >/dev/null
printf 'web:\n  admins: [super@demo]\n  operators: [weir@demo]\n' >/etc/weir/weir.yaml
printf '  - name: studio\n    p4port: localhost:1999\n    p4user: weir\n    stream_mask: "//many/*"\n' >>/etc/weir/servers.yaml
knows_studio() { weirctl servers --all --json | json "any(s['name'] == 'studio' for s in d)" | grep -q True; }
eventually 20 knows_studio
web_up
"$web_tests/fill-streams" studio 3000 400
weirctl measure >/dev/null
pages pages_streams.py
pages_end
