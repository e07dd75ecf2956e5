/* p4_run() against a small p4 of our own that misbehaves on demand: its P4PORT names what it does. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/log.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/p4.h"

#include "many_threads.h"

static const char fake_p4[] =
                "#!/usr/bin/python3 -IS\n"
                "import os, signal, struct, sys, time\n"
                "B = lambda v: v if isinstance(v, bytes) else os.fsencode(v)\n"
                "def obj(v):\n"
                "    return b'i' + struct.pack('<i', v) if isinstance(v, int) else b's' + struct.pack('<i', len(B(v))) + B(v)\n"
                "def record(*pairs): return b'{' + b''.join(obj(k) + obj(v) for k, v in pairs) + b'0'\n"
                "def stat(*pairs): return record(('code', 'stat'), *pairs)\n"
                "def info(text, level=0): return record(('code', 'info'), ('level', level), ('data', text))\n"
                "def error(severity, generic, text):\n"
                "    return record(('code', 'error'), ('data', B(text) + b'\\n'), ('severity', severity), ('generic', generic))\n"
                "def put(data): sys.stdout.buffer.write(data); sys.stdout.buffer.flush()\n"
                "def complain(text): sys.stderr.buffer.write(B(text)); sys.stderr.flush()\n"
                "\n"
                "arguments, options = sys.argv[1:], {}\n"
                "while arguments and arguments[0].startswith('-'):\n"
                "    word = arguments.pop(0)\n"
                "    options[word] = arguments.pop(0) if word in ('-p', '-u', '-c', '-C', '-x') else ''\n"
                "what, words = options['-p'], arguments[1:]\n"
                "client_error = 'Perforce client error:\\n\\t'\n"
                "\n"
                "def echo():\n"
                "    stdin = sys.stdin.buffer.read()\n"
                "    put(stat(('stdin', stdin), ('cwd', os.getcwd()), *((f'arg{i}', w) for i, w in enumerate(words)),\n"
                "             *((f'env-{k}', v) for k, v in sorted(os.environ.items())), *((f'opt{k}', v) for k, v in options.items())))\n"
                "def say():  # SEVERITY:GENERIC:TEXT of each argument\n"
                "    worst = 0\n"
                "    for word in words:\n"
                "        severity, generic, text = word.split(':', 2)\n"
                "        worst = max(worst, int(severity))\n"
                "        put(error(int(severity), int(generic), text) if int(severity) > 1 else info(text, int(generic)))\n"
                "    return 1 if worst >= 3 else 0\n"
                "def rows():\n"
                "    block = b''.join(stat(('depotFile', f'//demo/main/file{i}'), ('fileSize', str(i))) for i in range(1000))\n"
                "    for _ in range(int(words[0]) // 1000): put(block)\n"
                "def big():\n"
                "    put(b'{' + obj('code') + obj('stat') + obj('desc') + b's' + struct.pack('<i', 1 << 30))\n"
                "    try:\n"
                "        while True: put(b'x' * 65536)\n"
                "    except OSError: pass\n"
                "def most():  # the largest allowed record\n"
                "    frame = len(stat(('desc', '')))\n"
                "    put(stat(('desc', b'y' * ((16 << 20) - frame + int(words[0])))))\n"
                "def half(status):\n"
                "    put(stat(('a', '1')) + stat(('a', '2'))[:-7])\n"
                "    return status\n"
                "def hang(): put(stat(('a', '1'))); time.sleep(60)\n"
                "def drip():\n"
                "    while True: put(stat(('a', '1'))); time.sleep(0.02)\n"
                "def drop():\n"
                "    put(stat(('a', '1')) + error(3, 38, 'Partner exited unexpectedly.'))\n"
                "    complain(client_error + 'Partner exited unexpectedly.\\n')\n"
                "    return 1\n"
                "def plain_error(): complain(client_error + words[0] + '\\n'); return 1\n"
                "def prompt():\n"
                "    put(b'Enter password: '); password = sys.stdin.readline(); time.sleep(0.02); put(b'\\n')\n"
                "    put(info('User weir logged in.') if password == 'se cret\\n' else error(3, 4, 'Password invalid.'))\n"
                "    return 0 if password == 'se cret\\n' else 1\n"
                "def text():\n"
                "    put(record(('code', 'text'), ('data', b'a\\0b')) + record(('code', 'binary'), ('data', b'\\xff')))\n"
                "    put(record(('code', 'text'), ('data', '')))\n"
                "def noise(): put(words[0].encode() + (stat(('a', '1')) if len(words) > 2 else b'')); return int(words[1])\n"
                "def raw(): put(os.fsencode(words[0]).decode('unicode_escape').encode('latin1'))\n"
                "def flood():\n"
                "    try:\n"
                "        while True: put(b'no marshal here ' * 4096)\n"
                "    except OSError: pass\n"
                "def flood_stderr():\n"
                "    for _ in range(50): complain('noise ' * 10000)\n"
                "    return 1\n"
                "def killed(): put(stat(('a', '1'))); os.kill(os.getpid(), signal.SIGSEGV)\n"
                "\n"
                "sys.exit({'echo': echo, 'say': say, 'rows': rows, 'big': big, 'most': most, 'half0': lambda: half(0),\n"
                "          'half1': lambda: half(1), 'hang': hang, 'drip': drip, 'drop': drop, 'plain-error': plain_error,\n"
                "          'prompt': prompt, 'text': text, 'noise': noise, 'raw': raw, 'flood': flood, 'flood-stderr': flood_stderr,\n"
                "          'killed': killed, 'status': lambda: int(words[0])}[what]() or 0)\n";

static char home[] = "/tmp/weir-test-p4-XXXXXX";
static char program[64];

static int set_up(void **state) {
        if (!mkdtemp(home) || setenv("WEIR_LOG_LEVEL", "warning", 1) < 0) {
                return -1;
        }
        log_setup("test-p4"); /* each failing command below would be told on stderr */
        (void) snprintf(program, sizeof(program), "%s/p4", home);
        return file_write_atomic(program, fake_p4, sizeof(fake_p4) - 1, 0755);
}

static int tear_down(void **state) {
        (void) unlink(program);
        return rmdir(home);
}

/* What the callbacks saw. */
typedef struct Seen {
        Buffer log;
        int answer;
} Seen;

static int see_record(const MarshalRecord *record, void *userdata) {
        Seen *seen = userdata;

        for (size_t i = 1; i < record->n_fields && seen->log.length < 100000; i++) {
                assert_int_equal(buffer_append_format(&seen->log, "%s=", record->fields[i].key), 0);
                assert_int_equal(buffer_append(&seen->log, record->fields[i].value,
                                               record->fields[i].value_length),
                                 0);
                assert_int_equal(buffer_append(&seen->log, "\n", 1), 0);
        }
        return seen->answer;
}

static void see_message(const P4Message *message, void *userdata) {
        Seen *seen = userdata;

        assert_int_equal(buffer_append_format(&seen->log, "%d/%d %s: %s\n", message->severity,
                                              message->generic, p4_class_to_string(message->p4_class),
                                              message->text),
                         0);
}

static int see_text(const void *data, size_t length, void *userdata) {
        Seen *seen = userdata;

        assert_int_equal(buffer_append(&seen->log, data, length), 0);
        return seen->answer;
}

#define WORDS(...) ((const char *const[]) { __VA_ARGS__, NULL })

static P4Server server_doing(const char *what) {
        return (P4Server) { .name = "demo",
                            .port = what,
                            .user = "weir",
                            .home = home,
                            .program = program,
                            .timeout_usec = 20 * USEC_PER_SEC };
}

static P4Command command_of(const char *const *arguments, Seen *seen) {
        P4Command command = P4_COMMAND_INIT;

        command.arguments = arguments;
        command.on_record = see_record;
        command.on_message = see_message;
        command.on_text = see_text;
        command.userdata = seen;
        return command;
}

static void run(const char *what, const char *const *arguments, Seen *seen, P4Result *result) {
        P4Server server = server_doing(what);
        P4Command command = command_of(arguments, seen);

        assert_int_equal(p4_run(&server, &command, result), 0);
}

/* Class, numbers and text of everything that can go wrong, and of what only looks so. */
static void test_results(void **state) {
        static const struct {
                const char *what;
                const char *arguments[5];
                P4Class p4_class;
                int exit_status, severity, generic;
                uint64_t n_records;
                bool connected;
                const char *text; /* NULL: none */
        } table[] = {
                { "rows", { "x", "2000" }, P4_OK, 0, 0, 0, 2000, true, NULL },
                { "say", { "x" }, P4_OK, 0, 0, 0, 0, false, NULL },
                { "say", { "x", "1:0:fine" }, P4_OK, 0, 0, 0, 0, true, NULL },
                { "say",
                  { "x", "2:17://a/... - no such file(s)." },
                  P4_EMPTY,
                  0,
                  2,
                  17,
                  0,
                  true,
                  "//a/... - no such file(s)." },
                { "say",
                  { "x", "2:17:one", "2:17:two", "2:17:one" },
                  P4_EMPTY,
                  0,
                  2,
                  17,
                  0,
                  true,
                  "one\ntwo" },
                { "say",
                  { "x", "2:17:warning", "3:4:Your session has expired, please login again." },
                  P4_AUTH,
                  1,
                  3,
                  4,
                  0,
                  true,
                  "Your session has expired, please login again." },
                { "say",
                  { "x", "3:2:Client 'c' unknown", "3:35:Too many rows", "3:6:You don't have permission" },
                  P4_PERMISSION,
                  1,
                  3,
                  6,
                  0,
                  true,
                  "You don't have permission\nToo many rows\nClient 'c' unknown" },
                { "say",
                  { "x", "3:5:out of date", "3:5:out of date", "2:17:warning" },
                  P4_NOT_YET,
                  1,
                  3,
                  5,
                  0,
                  true,
                  "out of date" },
                { "say",
                  { "x", "3:17:No files to submit." },
                  P4_EMPTY,
                  1,
                  3,
                  17,
                  0,
                  true,
                  "No files to submit." },
                { "say",
                  { "x", "3:33:first\nsecond line\n\n" },
                  P4_FAULT,
                  1,
                  3,
                  33,
                  0,
                  true,
                  "first\nsecond line" },
                { "say",
                  { "x", "2:17://s/... - no permission for operation on file(s)." },
                  P4_PERMISSION,
                  0,
                  2,
                  17,
                  0,
                  true,
                  "//s/... - no permission for operation on file(s)." },
                { "say",
                  { "x", "3:38:Partner exited unexpectedly." },
                  P4_CONNECT,
                  1,
                  3,
                  38,
                  0,
                  false,
                  "Partner exited unexpectedly." },
                { "drop", { "x" }, P4_CONNECT, 1, 3, 38, 1, true, "Partner exited unexpectedly." },
                { "plain-error",
                  { "x", "Connect to server failed; check $P4PORT.\n\tTCP connect to h:1 failed." },
                  P4_CONNECT,
                  1,
                  3,
                  38,
                  0,
                  false,
                  "Connect to server failed; check $P4PORT.\nTCP connect to h:1 failed." },
                { "plain-error",
                  { "x", "The authenticity of '1.2.3.4:1' can't be established," },
                  P4_TRUST,
                  1,
                  3,
                  38,
                  0,
                  false,
                  "The authenticity of '1.2.3.4:1' can't be established," },
                { "plain-error",
                  { "x", "p4 -h for usage.\n\tInvalid option: -Y." },
                  P4_USAGE,
                  1,
                  3,
                  34,
                  0,
                  false,
                  "p4 -h for usage.\nInvalid option: -Y." },
                { "noise",
                  { "x", "Character set must be one of:\nnone, auto\n", "1" },
                  P4_CONFIG,
                  1,
                  3,
                  34,
                  0,
                  false,
                  "Character set must be one of:\nnone, auto" },
                { "noise",
                  { "x", "hello world\n", "0" },
                  P4_PROTOCOL,
                  0,
                  4,
                  34,
                  0,
                  false,
                  "p4 x on demo printed what is not -G output" },
                { "noise",
                  { "x", "hello world\n", "0", "then" },
                  P4_PROTOCOL,
                  -1,
                  4,
                  34,
                  0,
                  false,
                  "p4 x on demo printed text before its -G output" },
                { "noise",
                  { "trust", "Trust already established.\n", "0" },
                  P4_OK,
                  0,
                  0,
                  0,
                  0,
                  false,
                  NULL },
                { "half0",
                  { "x" },
                  P4_PROTOCOL,
                  0,
                  4,
                  34,
                  1,
                  true,
                  "p4 x on demo ended in the middle of a record" },
                { "half1",
                  { "x" },
                  P4_PROTOCOL,
                  1,
                  4,
                  34,
                  1,
                  true,
                  "p4 x on demo ended in the middle of a record" },
                { "status",
                  { "x", "1" },
                  P4_PROTOCOL,
                  1,
                  4,
                  34,
                  0,
                  false,
                  "p4 x on demo exited with status 1 and no error" },
                { "killed", { "x" }, P4_PROTOCOL, -1, 4, 34, 1, true, "p4 x on demo died of signal 11" },
                { "big",
                  { "x" },
                  P4_PROTOCOL,
                  -1,
                  4,
                  34,
                  0,
                  false,
                  "p4 x on demo sent a record larger than 16 MiB" },
                { "most", { "x", "0" }, P4_OK, 0, 0, 0, 1, true, NULL },
                { "most",
                  { "x", "1" },
                  P4_PROTOCOL,
                  -1,
                  4,
                  34,
                  0,
                  false,
                  "p4 x on demo sent a record larger than 16 MiB" },
                { "flood",
                  { "x" },
                  P4_PROTOCOL,
                  -1,
                  4,
                  34,
                  0,
                  false,
                  "p4 x on demo printed what is not -G output" },
                { "raw",
                  { "x", "{s\\4\\0\\0\\0codes\\4\\0\\0\\0stat0?" },
                  P4_PROTOCOL,
                  -1,
                  4,
                  34,
                  1,
                  true,
                  "p4 x on demo printed what is not -G output, at byte 20" },
                { "raw",
                  { "x", "{s\\4\\0\\0\\0codes\\4\\0\\0\\0what0" },
                  P4_PROTOCOL,
                  -1,
                  4,
                  34,
                  0,
                  false,
                  "p4 x on demo printed what is not -G output, at byte 20" },
                { "raw",
                  { "x", "{s\\3\\0\\0\\0keys\\0\\0\\0\\0000" },
                  P4_PROTOCOL,
                  -1,
                  4,
                  34,
                  0,
                  false,
                  "p4 x on demo printed what is not -G output, at byte 15" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                P4Result result = {};
                Seen seen = {};

                run(table[i].what, table[i].arguments, &seen, &result);
                if (result.p4_class != table[i].p4_class || !string_equal(result.text, table[i].text)) {
                        fail_msg("row %zu (%s): class %s, text '%s'", i, table[i].what,
                                 p4_class_to_string(result.p4_class), result.text ? result.text : "(none)");
                }
                assert_int_equal(result.exit_status, table[i].exit_status);
                assert_int_equal(result.severity, table[i].severity);
                assert_int_equal(result.generic, table[i].generic);
                assert_int_equal(result.n_records, table[i].n_records);
                assert_int_equal(result.connected, table[i].connected);
                assert_true(result.duration_usec > 0);
                p4_result_done(&result);
                buffer_done(&seen.log);
        }
}

/* Records, messages and text in their order, with every byte. */
static void test_callbacks(void **state) {
        Seen seen = {};
        P4Result result = {};

        run("say", WORDS("x", "1:0:info text", "2:17:empty", "1:34:Diff chunks", "3:1:Usage: x"), &seen,
            &result);
        assert_string_equal(seen.log.data, "1/0 ok: info text\n2/17 empty: empty\n1/34 ok: Diff chunks\n"
                                           "3/1 usage: Usage: x\n");
        p4_result_done(&result);
        buffer_clear(&seen.log);
        run("text", WORDS("print"), &seen, &result);
        assert_int_equal(seen.log.length, 4);
        assert_memory_equal(seen.log.data, "a\0b\xff", 4);
        assert_int_equal(result.n_records, 0);
        p4_result_done(&result);
        buffer_clear(&seen.log);
        run("noise", WORDS("set", "P4PORT=1666 (config)\nP4USER=me\n", "0"), &seen, &result);
        assert_string_equal(seen.log.data, "1/0 ok: P4PORT=1666 (config)\n1/0 ok: P4USER=me\n");
        p4_result_done(&result);
        buffer_clear(&seen.log);
        run("plain-error", WORDS("x", "TCP connect to h failed."), &seen, &result);
        assert_string_equal(seen.log.data, "3/38 connect: TCP connect to h failed.\n");
        p4_result_done(&result);
        buffer_done(&seen.log);
}

/* Bytes that are no UTF-8 go out in arguments and batches and come back in records unchanged. */
static void test_invalid_utf8_survives(void **state) {
        static const char path[] = "//demo/caf\xe9/\xff\xfe \xd0\xb6%40.txt";
        P4Server server = server_doing("echo");
        P4Result result = {};
        Seen seen = {};
        P4Command command = command_of(WORDS("files", path), &seen);

        assert_int_equal(p4_run(&server, &command, &result), 0);
        assert_non_null(strstr(seen.log.data, path));
        p4_result_done(&result);
        buffer_clear(&seen.log);
        command.arguments = WORDS("files");
        command.batch = WORDS(path, "//second");
        assert_int_equal(p4_run(&server, &command, &result), 0);
        assert_true(string_has_prefix(seen.log.data,
                                      "stdin=//demo/caf\xe9/\xff\xfe \xd0\xb6%40.txt\n//second\n\n"));
        assert_non_null(strstr(seen.log.data, "opt-x=-\n"));
        p4_result_done(&result);
        buffer_done(&seen.log);
}

/* Of what is in our environment nothing reaches p4. */
static void test_environment(void **state) {
        static const char *const ours[] = {
                "P4PORT", "P4PASSWD", "P4CONFIG", "P4ENVIRO", "P4CHARSET", "LANG"
        };
        P4Result result = {};
        Seen seen = {};
        _cleanup_free_ char *cwd = NULL;

        for (size_t i = 0; i < ELEMENTSOF(ours); i++) {
                assert_int_equal(setenv(ours[i], "from-outside", 1), 0);
        }
        run("echo", WORDS("x"), &seen, &result);
        for (size_t i = 0; i < ELEMENTSOF(ours); i++) {
                assert_int_equal(unsetenv(ours[i]), 0);
        }
        assert_null(strstr(seen.log.data, "from-outside"));
        assert_non_null(strstr(seen.log.data, "env-P4CONFIG=/dev/null\n"));
        assert_non_null(strstr(seen.log.data, "env-P4LANGUAGE=en\n"));
        assert_int_equal(string_format(&cwd, "cwd=%s\n", home), 0);
        assert_non_null(strstr(seen.log.data, cwd));
        p4_result_done(&result);
        buffer_done(&seen.log);
}

static void test_password(void **state) {
        static const struct {
                const char *password;
                P4Class p4_class;
                const char *log;
        } table[] = {
                { "se cret\n", P4_OK, "1/0 ok: User weir logged in.\n" },
                { "wrong\n", P4_AUTH, "3/4 auth: Password invalid.\n" },
                { "", P4_AUTH, "3/4 auth: Password invalid.\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                P4Server server = server_doing("prompt");
                P4Result result = {};
                Seen seen = {};
                P4Command command = command_of(WORDS("login"), &seen);

                command.input = table[i].password;
                command.input_length = strlen(table[i].password);
                command.input_is_secret = true;
                assert_int_equal(p4_run(&server, &command, &result), 0);
                assert_int_equal(result.p4_class, table[i].p4_class);
                assert_string_equal(seen.log.data, table[i].log);
                assert_null(strstr(result.text ? result.text : "", "secret"));
                p4_result_done(&result);
                buffer_done(&seen.log);
        }
}

static void test_form_input(void **state) {
        P4Server server = server_doing("echo");
        P4Result result = {};
        Seen seen = {};
        Buffer form = {};
        P4Command command = command_of(WORDS("client", "-i"), &seen);

        assert_int_equal(marshal_write_begin(&form), 0);
        assert_int_equal(marshal_write_field(&form, "Client", "ws\xff", 3), 0);
        assert_int_equal(marshal_write_end(&form), 0);
        command.input = form.data;
        command.input_length = form.length;
        assert_int_equal(p4_run(&server, &command, &result), 0);
        assert_int_equal(result.p4_class, P4_OK);
        assert_memory_equal(seen.log.data + strlen("stdin="), form.data, form.length);
        p4_result_done(&result);
        buffer_done(&seen.log);
        buffer_done(&form);
}

static void test_timeout_and_drip(void **state) {
        static const char *const endless[] = { "hang", "drip" };

        for (size_t i = 0; i < ELEMENTSOF(endless); i++) {
                P4Server server = server_doing(endless[i]);
                uint64_t start = now_monotonic();
                P4Result result = {};
                Seen seen = {};
                P4Command command = command_of(WORDS("streams"), &seen);

                server.timeout_usec = 400 * USEC_PER_MSEC;
                assert_int_equal(p4_run(&server, &command, &result), 0);
                assert_int_equal(result.p4_class, P4_TIMEOUT);
                assert_true(string_has_prefix(result.text,
                                              "p4 streams on demo was ended after its time limit of 400ms"));
                assert_true(result.connected);
                assert_true(now_monotonic() - start < 3 * USEC_PER_SEC);
                p4_result_done(&result);
                buffer_done(&seen.log);
        }
}

static void *cancel_soon(void *fd) {
        (void) usleep(300000);
        (void) !write(*(int *) fd, "x", 1);
        return NULL;
}

static void test_cancel(void **state) {
        P4Server server = server_doing("hang");
        P4Result result = {};
        pthread_t thread;
        Seen seen = {};
        P4Command command = command_of(WORDS("x"), &seen);
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        command.cancel_fd = fds[0];
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &fds[1]), 0);
        assert_int_equal(p4_run(&server, &command, &result), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(result.p4_class, P4_CANCELLED);
        assert_true(result.duration_usec < 3 * USEC_PER_SEC);
        p4_result_done(&result);
        buffer_done(&seen.log);
        (void) fd_close(fds[0]);
        (void) fd_close(fds[1]);
}

static void test_missing_program(void **state) {
        static const char *const programs[] = { "/nonexistent/p4", "weir-no-such-p4", "/etc/passwd" };
        P4Server server = server_doing("say");
        P4Result result = { .exit_status = 4711 };
        Seen seen = {};
        P4Command command = command_of(WORDS("info"), &seen);

        for (size_t i = 0; i < ELEMENTSOF(programs); i++) {
                server.program = programs[i];
                assert_int_equal(p4_run(&server, &command, &result), 0);
                assert_int_equal(result.p4_class, P4_MISSING);
                assert_non_null(strstr(result.text, programs[i]));
                p4_result_done(&result);
        }
        server.program = program;
        server.home = "/nonexistent"; /* that is not p4's absence */
        result.exit_status = 4711;
        assert_int_equal(p4_run(&server, &command, &result), -ENOENT);
        assert_int_equal(result.exit_status, 4711);
}

static void test_callback_ends_it(void **state) {
        P4Server server = server_doing("rows");
        P4Result result = { .exit_status = 4711 };
        Seen seen = { .answer = -EBADMSG }; /* also a code that means something inside */
        P4Command command = command_of(WORDS("x", "1000000"), &seen);

        assert_int_equal(p4_run(&server, &command, &result), -EBADMSG);
        assert_int_equal(result.exit_status, 4711);
        server.port = "text";
        seen.answer = -ECANCELED;
        assert_int_equal(p4_run(&server, &command, &result), -ECANCELED);
        buffer_done(&seen.log);
}

/* The text kept is bounded, and cut between characters. */
static void test_bounded_text(void **state) {
        char *word = malloc(20000);
        P4Result result = {};
        Seen seen = {};

        assert_non_null(word);
        memcpy(word, "3:33:x", 6);
        for (size_t i = 6; i < 19998; i += 2) {
                memcpy(word + i, "\xc3\xa9", 3);
        }
        run("say", WORDS("x", word, "3:33:other", word), &seen, &result);
        assert_int_equal(result.p4_class, P4_FAULT);
        assert_in_range(strlen(result.text), 4094, 4096);
        assert_true(string_is_utf8(result.text, strlen(result.text)));
        p4_result_done(&result);
        buffer_done(&seen.log);
        run("flood-stderr", WORDS("x"), &seen, &result);
        assert_int_equal(result.p4_class, P4_PROTOCOL);
        assert_in_range(strlen(result.text), 4090, 4096);
        p4_result_done(&result);
        buffer_done(&seen.log);
        free(word);
}

static int count_record(const MarshalRecord *record, void *userdata) {
        uint64_t size;

        assert_int_equal(parse_uint64(marshal_record_get(record, "fileSize"), &size), 0);
        *(uint64_t *) userdata += size;
        return 0;
}

/* 300,000 rows cost the memory of one. */
static void test_constant_memory(void **state) {
        P4Server server = server_doing("rows");
        P4Command command = P4_COMMAND_INIT;
        struct rusage before, after;
        P4Result result = {};
        uint64_t sum = 0;

        command.arguments = WORDS("sizes", "300000");
        command.on_record = count_record;
        command.userdata = &sum;
        assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
        assert_int_equal(p4_run(&server, &command, &result), 0);
        assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
        assert_int_equal(result.p4_class, P4_OK);
        assert_int_equal(result.n_records, 300000);
        assert_int_equal(sum, UINT64_C(300) * (999 * 1000 / 2));
        assert_true(after.ru_maxrss - before.ru_maxrss < 2048);
        p4_result_done(&result);
}

static void *run_many(void *failures) {
        for (int i = 0; i < 5; i++) {
                P4Server server = server_doing("rows");
                P4Command command = P4_COMMAND_INIT;
                P4Result result = {};

                command.arguments = WORDS("x", "3000");
                if (p4_run(&server, &command, &result) != 0 || result.n_records != 3000) {
                        (void) __atomic_add_fetch((int *) failures, 1, __ATOMIC_SEQ_CST);
                }
                p4_result_done(&result);
        }
        return NULL;
}

static void test_threads(void **state) {
        assert_int_equal(threads_run(run_many), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_constant_memory), /* first: the peak is the process's */
                cmocka_unit_test(test_results),
                cmocka_unit_test(test_callbacks),
                cmocka_unit_test(test_invalid_utf8_survives),
                cmocka_unit_test(test_environment),
                cmocka_unit_test(test_password),
                cmocka_unit_test(test_form_input),
                cmocka_unit_test(test_timeout_and_drip),
                cmocka_unit_test(test_cancel),
                cmocka_unit_test(test_missing_program),
                cmocka_unit_test(test_callback_ends_it),
                cmocka_unit_test(test_bounded_text),
                cmocka_unit_test(test_threads),
        };

        return cmocka_run_group_tests_name("p4", tests, set_up, tear_down);
}
