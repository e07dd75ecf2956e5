#!/usr/bin/env bash
# machine: none
#
# 10,000 hostile requests against the web server with programs that watch their memory: no answer above 499, no crash, no leak.
# In the machine everything else is as installed; the programs of the API are replaced by those of the asan variant, which need a
# little more than the sandbox of weir-web.service grants.
here=$(dirname "$(realpath "$0")")/..
if [ "${1:-}" != inside ]; then
    make -s -C "$here/../.." VARIANT=asan B=build/asan $(cd "$here/../../web/cgi" && printf 'build/asan/%s.cgi ' $(basename -s .c *.c)) >/dev/null || exit 1
    exec "$here/run" -- env HOSTILE="${HOSTILE:-10000}" "$here/case" "$(realpath "$0")" inside
fi
. "$here/web.sh"
top=$(realpath "$here/../..")

web_up
cp "$top"/build/asan/*.cgi /usr/lib/weir/cgi/
mkdir -p /etc/systemd/system/weir-web.service.d
printf '[Service]\nSystemCallFilter=@debug\n' >/etc/systemd/system/weir-web.service.d/asan.conf # looking for leaks takes ptrace
systemctl daemon-reload
systemctl restart weir-web.service
ok "the web server works with programs that watch their memory" eventually 20 web_answers
ok "they are those" sh -c 'ldd /usr/lib/weir/cgi/api.cgi | grep -q libasan'

count=$(python3 "$web_tests/hostile.py" 127.0.0.1 8585 "$HOSTILE" 800 | tee /tmp/hostile | tail -n 1)
sed 's/^/# /' /tmp/hostile | tail -n 60
is "every request is answered as it should be" "$count" "$HOSTILE requests of $HOSTILE, 0 with a wrong answer"
is "no memory is misused, and none leaks" "$(journalctl -q -o cat | grep -cE 'Sanitizer|runtime error' || true)" 0
is "no program crashed" "$(journalctl -q -o cat | grep -cE 'dumped core|segfault|SIGABRT|SIGALRM' || true)" 0
is "no unit failed" "$(systemctl --failed --plain --no-legend)" ""
ok "and it still answers" web_answers
ok "no program is left over" eventually 70 sh -c '! pgrep -x "(api|control|logs).cgi"'
