#!/usr/bin/env bash
# Sizes to the byte, for every kind of stream and path, after every kind of change, with the change-driven shortcut at work:
# what weir shows is what adding up `p4 fstat -Ol` over a client of the stream gives.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"

printf 'Depot: lab\nType: stream\nStreamDepth: //lab/1\nMap: lab/...\n' | p4 depot -i >/dev/null
printf 'Depot: parts\nType: local\nMap: parts/...\n' | p4 depot -i >/dev/null
make_stream //lab/main mainline none >/dev/null
client_for //lab/main
for n in $(seq 30); do put "src/dir$((n % 5))/file$n.c" $((n * 101)); done
put docs/readme.txt 500
put lib/vendor/big.bin 90000
put build/out.o 7777
submit 'main'
printf 'Client: wsparts\nRoot: /work/wsparts\nOwner: super\nView:\n\t//parts/... //wsparts/...\n' | p4 client -i >/dev/null
mkdir -p /work/wsparts
client=wsparts
put tool/a.bin 11111
put tool/b.bin 22222
put other/c.bin 33333
submit 'parts'

make_stream //lab/dev development //lab/main >/dev/null
make_stream //lab/rel release //lab/main >/dev/null
make_stream //lab/task task //lab/main >/dev/null
make_stream //lab/virt virtual //lab/main 'Paths:' '	share src/dir1/...' '	share docs/...' >/dev/null
make_stream //lab/imports development //lab/main 'Paths:' '	share src/...' '	import tool/... //parts/tool/...' '	import lib/...' >/dev/null
make_stream //lab/atchange development //lab/main 'Paths:' '	share own/...' "	import lib/... //lab/main/lib/...@1" >/dev/null
make_stream //lab/importplus development //lab/main 'Paths:' '	share src/...' '	import+ tool/... //parts/tool/...' >/dev/null
make_stream //lab/excludes development //lab/main 'Paths:' '	share ...' '	exclude build/...' '	exclude src/dir2/...' >/dev/null
make_stream //lab/isolates development //lab/main 'Paths:' '	share src/...' '	isolate build/...' >/dev/null
make_stream //lab/remaps development //lab/main 'Paths:' '	share ...' 'Remapped:' '	docs/... manual/...' >/dev/null
make_stream //lab/ignores development //lab/main 'Paths:' '	share ...' 'Ignored:' '	.o' '	src/dir3' >/dev/null
make_stream //lab/grandchild development //lab/imports >/dev/null
make_stream //lab/virtofvirt virtual //lab/virt 'Paths:' '	share docs/...' >/dev/null
streams="//lab/main $(p4 -ztag -F %Stream% streams //lab/... | grep -v '^//lab/main$')"
is "every kind of stream is there" "$(wc -w <<<"$streams")" 14

fill() { # STREAM: files of its own in a stream that has folders of its own
    client_for "$1"
    put "src/dir1/own.c" 1500
    put "src/dir2/own.c" 2500
    put "src/dir3/own.c" 3500
    put "build/own.o" 4500
    submit "files of $1"
}
for stream in dev rel task excludes isolates remaps ignores imports; do fill "//lab/$stream" 2>/dev/null; done

check() { # WHEN
    ok "$1: weirctl measure" weirctl measure demo
    measures_truly "$1" $streams
}
check "first"

client_for //lab/main
work sync >/dev/null 2>&1
put src/dir1/file1.c 5
put src/dir2/file2.c 123456
submit 'edits'
check "after edits"

work delete "/work/$client/lib/vendor/big.bin" >/dev/null
submit 'delete'
check "after a delete"

work edit "/work/$client/docs/readme.txt" >/dev/null
work move "/work/$client/docs/readme.txt" "/work/$client/src/dir1/readme.txt" >/dev/null
submit 'move'
check "after a move"

client=wsparts
put tool/b.bin 3
put tool/new.bin 44444
submit 'an imported folder grew'
check "after a change to what is imported"

client_for //lab/main
put lib/again.bin 10
submit 'where others import from'
check "after a change to what is imported from the parent"

p4 stream -o //lab/imports | sed 's|^\timport lib/.*|&\n\timport other/... //parts/other/...|' | p4 stream -i >/dev/null
p4 stream -o //lab/virt | sed 's|^\tshare docs/.*|\tshare lib/...|' | p4 stream -i >/dev/null
check "after changed stream specs"
p4 stream -o //lab/main | sed 's|^\tshare \.\.\.|\tshare src/...\n\tshare docs/...\n\tshare build/...\n\tshare lib/...|' | p4 stream -i >/dev/null
check "after a changed parent"

p4 obliterate -y //lab/main/src/dir4/... >/dev/null
ok "after obliterate, which leaves no changelist: a full measuring" weirctl measure --full demo
measures_truly "after obliterate" $streams

quiet=$(samples_of //lab/ignores)
client_for //lab/dev
put src/only-dev.c 99
submit 'dev alone'
check "after a change in one stream"
is "which added no sample to another" "$(samples_of //lab/ignores)" "$quiet"
