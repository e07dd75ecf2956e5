#!/usr/bin/env bash
# Measuring the sample server: right sizes, history, and what happens when the server is not as one wishes.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
streams=$(all_streams)

ok "weirctl measure" weirctl measure
measures_truly "first time" $streams
is "the server is well" "$(server_field demo state)" ok
for stream in $streams; do is "one sample of $stream" "$(samples_of "$stream")" 1; done

# --- nothing moved ---
first=$(weirctl history //demo/main --json | json "d['history'][0]['last_at']")
sleep 1.1
ok "again" weirctl measure
is "a quiet stream has a flat line, not another value" "$(samples_of //demo/main)" 1
ok "that goes on until now" test "$(weirctl history //demo/main --json | json "d['history'][0]['last_at'] > '$first'")" = True

# --- something moved ---
client_for //demo/dev
work sync >/dev/null 2>&1
put src/more.c 1234
put "docs/Ünï %41 'x' \"y\".txt" 77
submit 'more of dev'
ok "after a submit" weirctl measure demo
measures_truly "moved" $streams
is "the stream that moved has two samples" "$(samples_of //demo/dev)" 2
is "the one that did not has one" "$(samples_of //demo/rel)" 1
put src/more.c 4321
submit 'bigger'
ok "one stream" weirctl measure --stream=//demo/dev
is "its size is that of the head alone" "$(measured //demo/dev)" "$(truth //demo/dev)"
work delete "/work/$client/src/more.c" >/dev/null
submit 'gone again'
ok "systemctl start does the same" systemctl start weir-measure@demo.service
measures_truly "after a delete" $streams
like "the journal tells it" "$(journalctl -t weir-measure -o cat)" 'demo'
ok "with the server as a field" sh -c 'journalctl -q -n 1 WEIR_SERVER=demo | grep -q .'
secret=$(. /etc/machine.env; echo "$WEIR_PASSWORD")
ok "and without a secret" sh -c "! journalctl -q -o export | grep -q -e '$secret'"

# --- names that broke others ---
n=0
for name in with-hyphen with_underscore 50%done "it's" größe; do
    n=$((n + 1))
    p4name=$(printf '%s' "$name" | sed 's/%/%25/g')
    ok "a stream named $name" make_stream "//demo/$p4name" development //demo/main
done
weirctl measure >/dev/null
names=$(p4 -ztag -F %Stream% streams)
while read -r stream; do
    is "$stream is measured" "$(measured "$stream")" "$(truth "$stream")"
done <<<"$names"
ok "one of those by its path" weirctl measure --server=demo --stream=//demo/with-hyphen

# --- the server's moods: nothing may be lost ---
before=$(shown)
unharmed() { # WHAT STATE
    fails "$1: measuring fails" any weirctl measure demo
    is "$1: the state says so" "$(server_field demo state)" "$2"
    is "$1: no stream is lost" "$(shown)" "$before"
}
control expire weir
unharmed "expired ticket" auth
like "the next step is named" "$(weirctl servers 2>&1; weirctl doctor 2>&1)" 'weirctl login demo'
ok "logging in again" login_weir demo
control refuse on
unharmed "no connection" unreachable
control refuse off
control drop 300
unharmed "a connection that breaks half-way" unreachable
control drop off
control limit weir maxresults 1
unharmed "MaxResults" limit
control limit weir maxresults off
control reset
systemctl stop perforce
unharmed "no server at all" unreachable
systemctl start perforce
ok "and all is well again" weirctl measure demo
is "the state too" "$(server_field demo state)" ok

# --- gone and back ---
p4 stream -f -d //demo/with_underscore >/dev/null 2>&1 || p4 stream -d //demo/with_underscore >/dev/null
weirctl measure >/dev/null
is "missing once is not gone yet" "$(stream_field //demo/with_underscore state)" ok
weirctl measure >/dev/null
is "missing twice is" "$(stream_field //demo/with_underscore state)" gone
is "its history stays" "$(samples_of //demo/with_underscore)" 1
make_stream //demo/with_underscore development //demo/main >/dev/null
weirctl measure >/dev/null
is "a stream that is back is back" "$(stream_field //demo/with_underscore state)" ok
