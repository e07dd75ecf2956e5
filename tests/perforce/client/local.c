/*
 * See local.h. All of it prints plain text on stdout whatever the format options say.
 */
#include "local.h"

#include "tickets.h"

#include <stdio.h>

static const char usage[] = "Usage:\n\n"
                            "    p4 [ options ] command [ arg ... ]\n\n"
                            "    Options:\n"
                            "\t-b batchsize\targuments per command with -x (default 128)\n"
                            "\t-h | -?\t\tprint this\n"
                            "\t-s\t\tprefix each line of output with its kind\n"
                            "\t-e\t\tas -s, and the codes and arguments of messages\n"
                            "\t-v level\tnet.maxwait=SECONDS limits each wait\n"
                            "\t-V\t\tprint the version\n"
                            "\t-x file\t\targuments from a file (- is stdin); `-x file run` runs its lines\n"
                            "\t-F format\tprint %field% of each record or message this way\n"
                            "\t-G\t\tPython marshalled output and input\n"
                            "\t-Mj\t\tJSON lines\n"
                            "\t-z tag\t\ttagged output\n"
                            "\t-I\t\taccepted, no progress is shown\n\n"
                            "\t-c client\tclient workspace (P4CLIENT)\n"
                            "\t-C charset\tcharacter set (P4CHARSET)\n"
                            "\t-d dir\t\tcurrent directory\n"
                            "\t-E var=value\tsets a variable\n"
                            "\t-H host\t\thost name (P4HOST)\n"
                            "\t-L language\tmessage language (P4LANGUAGE)\n"
                            "\t-p port\t\tserver (P4PORT, default perforce:1666)\n"
                            "\t-P password\tpassword or ticket (P4PASSWD)\n"
                            "\t-q\t\tno information, only warnings and errors\n"
                            "\t-Q charset\tcommand character set (P4COMMANDCHARSET)\n"
                            "\t-r retries\ttries again when the network fails\n"
                            "\t-u user\t\tuser (P4USER)\n"
                            "\t--field F=v\tchanges a field of a form that is printed\n\n";

static const char version[] = "p4 - command line client of weir's Perforce stand-in.\n"
                              "For tests: it talks to weir's own p4d and to no other server.\n"
                              "Rev. P4/LINUX26X86_64/2023.2/2535420 (2023/12/19).\n";

bool local_run_option(const Options *options) {
        if (options_get(options, 'h') || options_get(options, '?')) {
                (void) fputs(usage, stdout);
                return true;
        }
        if (options_get(options, 'V')) {
                (void) fputs(version, stdout);
                return true;
        }
        return false;
}

static void print_variable(const Environment *environment, const char *name, bool quiet) {
        _cleanup_(buffer_done) Buffer line = {};

        environment_format(environment, name, quiet, &line);
        if (line.length > 0) {
                (void) printf("%s\n", line.data);
        }
}

/* P4_host:port_CHARSET, where the product remembers whether a server is a unicode one. */
static void print_port_charset(const Options *options, const Environment *environment, bool quiet) {
        _cleanup_(free_charp) char *port = environment_port(environment, options_get(options, 'p'));
        _cleanup_(buffer_done) Buffer name = {};

        buffer_printf(&name, "P4_%s_CHARSET", port);
        for (char *c = name.data; *c; c++) {
                *c = *c == '=' ? '@' : *c;
        }
        print_variable(environment, name.data, quiet);
}

static void list_variables(const Options *options, const Environment *environment, bool quiet) {
        for (const char *const *name = environment_variables; *name; name++) {
                print_variable(environment, *name, quiet);
        }
        print_port_charset(options, environment, quiet);
}

static void set_variable(const Environment *environment, const char *assignment) {
        const char *equals = strchr(assignment, '=');
        _cleanup_(free_charp) char *name = memory_string(assignment, (size_t) (equals - assignment));
        _cleanup_(message_done) Message message = {};

        (void) environment_write(environment, name, equals + 1, &message);
        if (message_is_set(&message)) {
                message_report(&message);
        }
}

static int run_set(const Options *global, const Environment *environment, int argc, char **argv,
                   Message *message) {
        Options options = {};
        bool quiet;

        if (options_parse(&options, &argc, &argv, "sS:C:l:Q:q", message) < 0) {
                return 1;
        }
        quiet = options_get(&options, 'q');
        if (argc == 0) {
                list_variables(global, environment, quiet);
        }
        for (; argc > 0; argc--, argv++) {
                if (strchr(*argv, '=')) {
                        set_variable(environment, *argv);
                } else {
                        print_variable(environment, *argv, quiet);
                }
        }
        return 0;
}

static int run_tickets(const Options *global, const Environment *environment, int argc, char **argv,
                       Message *message) {
        _cleanup_(free_charp) char *file = environment_home_file(environment, "P4TICKETS", ".p4tickets");
        _cleanup_(buffer_done) Buffer list = {};
        Options options = {};

        if (options_parse(&options, &argc, &argv, "C:l:Q:", message) < 0) {
                return 1;
        }
        tickets_list(file, NULL, &list);
        (void) fwrite(buffer_str(&list).data, 1, list.length, stdout);
        return 0;
}

static const struct {
        const char *name;
        int (*run)(const Options *global, const Environment *environment, int argc, char **argv,
                   Message *message);
} commands[] = {
        { "set", run_set },
        { "tickets", run_tickets },
};

bool local_run_command(const Options *options, const Environment *environment, int argc, char **argv,
                       int *ret_status, Message *message) {
        for (size_t i = 0; argc > 0 && i < ELEMENTSOF(commands); i++) {
                if (str_is(str_from(argv[0]), commands[i].name)) {
                        *ret_status = commands[i].run(options, environment, argc - 1, argv + 1, message);
                        return true;
                }
        }
        return false;
}
