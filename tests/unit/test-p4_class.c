/* What each error number and text means to us, and which of two classes decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macro.h"
#include "resources/p4_class.h"

static void test_classify(void **state) {
        static const struct {
                int severity, generic;
                const char *text;
                P4Class p4_class;
        } table[] = {
                { 0, 0, "", P4_OK },
                { 1, 0, "//demo/main/a#1 - added as /ws/a", P4_OK },
                { 1, 34, "Diff chunks: 1 yours + 0 theirs + 0 both + 0 conflicting", P4_OK },
                { 2, 0, "//demo/main/a - resolve move to //demo/main/b", P4_OK },
                { 2, 17, "//demo/main/... - no such file(s).", P4_EMPTY },
                { 2, 17, "File(s) up-to-date.", P4_EMPTY },
                { 2, 17, NULL, P4_EMPTY },
                { 2, 17, "//secret/... - no permission for operation on file(s).", P4_PERMISSION },
                { 2, 17, "No permission for operation on file(s).", P4_PERMISSION },
                { 2, 17, "//secret/... - protected namespace - access denied.", P4_PERMISSION },
                { 2, 1, "It appears that you are not currently logged in to the server", P4_AUTH },
                { 3, 17, "No files to submit.", P4_EMPTY },
                { 3, 17, "Files newly opened or reverted during submission.", P4_NOT_YET },
                { 3, 17, "Old revision 1.4 of tempobj purged; try using head revision.", P4_FAULT },
                { 3, 0, "//demo/x - can't create stream where files already exist.", P4_USAGE },
                { 3, 1, "Usage: sizes [ -a -S ] files...", P4_USAGE },
                { 3, 1, "Password must be set before access can be granted.", P4_AUTH },
                { 3, 1, "Password not allowed at this server security level, use 'p4 login'.", P4_AUTH },
                { 3, 1,
                  "Request refused: this server is configured to run a maximum of 9 simultaneous commands.",
                  P4_LIMIT },
                { 3, 2, "Client 'c' unknown - use 'client' command to create it.", P4_UNKNOWN },
                { 3, 2, "The filesystem 'P4ROOT' has only 1G free, but the server requires 2G", P4_FAULT },
                { 3, 2, "Authentication failed.", P4_AUTH },
                { 3, 3, "Stream 's' type of virtual cannot have 'toparent' set.", P4_USAGE },
                { 3, 3, "Cannot import '//secret/a' - protected namespace - access denied", P4_PERMISSION },
                { 3, 4, "Your session has expired, please login again.", P4_AUTH },
                { 3, 4, "Your session was logged out, please login again.", P4_AUTH },
                { 3, 4, "Your password has expired, please change your password.", P4_AUTH },
                { 3, 4, "Password invalid.", P4_AUTH },
                { 3, 4, "Error in stream specification.", P4_USAGE },
                { 3, 5, "Merges still pending -- use 'resolve' to merge files.", P4_NOT_YET },
                { 3, 6, "You don't have permission for this operation.", P4_PERMISSION },
                { 3, 6, "Access for user 'x' has not been enabled by 'p4 protect'.", P4_PERMISSION },
                { 3, 33, "Internal error", P4_FAULT },
                { 3, 34, "Can't clobber writable file /ws/a", P4_CONFIG },
                { 3, 35, "Too many rows scanned (over 10); see 'p4 help maxscanrows'.", P4_LIMIT },
                { 3, 35, "License expired.", P4_LIMIT },
                { 3, 35, "Command terminated by 'p4 monitor terminate'.", P4_FAULT },
                { 3, 36, "Perforce password (P4PASSWD) invalid or unset.", P4_AUTH },
                { 3, 36, "Multi factor authentication required! Run 'p4 login2'.", P4_AUTH },
                { 3, 36, "Unicode server permits only unicode enabled clients.", P4_CONFIG },
                { 3, 37, "You need a newer client", P4_FAULT },
                { 3, 38, "Partner exited unexpectedly.", P4_CONNECT },
                { 3, 38, "TCP receive failed.\nread: socket: Connection reset by peer", P4_CONNECT },
                { 3, 38, "The authenticity of '1.2.3.4:1666' can't be established,\nthis may be your first",
                  P4_TRUST },
                { 3, 38, "******* WARNING P4PORT IDENTIFICATION HAS CHANGED! *******", P4_TRUST },
                { 4, 39, "Request too large for server memory (try later?).", P4_FAULT },
                { 4, 34, "Fatal client error; disconnecting!", P4_CONFIG },
                { 3, 12345, "from the future", P4_FAULT },
                { 3, 4, NULL, P4_USAGE },
                { 9, 0, "", P4_USAGE },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                P4Class p4_class = p4_classify(table[i].severity, table[i].generic, table[i].text);

                if (p4_class != table[i].p4_class) {
                        fail_msg("%d %d '%s' is %s, not %s", table[i].severity, table[i].generic,
                                 table[i].text ? table[i].text : "", p4_class_to_string(p4_class),
                                 p4_class_to_string(table[i].p4_class));
                }
        }
}

static void test_classify_stderr(void **state) {
        static const struct {
                const char *text;
                P4Class p4_class;
        } table[] = {
                { "Perforce client error:\n\tConnect to server failed; check $P4PORT.\n\tTCP connect to h:1 failed.\n",
                  P4_CONNECT },
                { "Perforce client error:\n\tPartner exited unexpectedly.\n", P4_CONNECT },
                { "Perforce client error:\n\tSSL connect to ssl:h:1 failed (Connection reset by peer).\n",
                  P4_CONNECT },
                { "Perforce client error:\n\tThe authenticity of '1.2.3.4:1' can't be established,\n",
                  P4_TRUST },
                { "******* WARNING P4PORT IDENTIFICATION HAS CHANGED! *******\nIt is possible", P4_TRUST },
                { "Perforce client error:\n\tConnect to server failed; check $P4PORT.\n\tThe authenticity of 'h'",
                  P4_TRUST }, /* the reason decides, not the consequence */
                { "Perforce client error:\n\tp4 -h for usage.\n\tInvalid option: -Y.\n", P4_USAGE },
                { "Character set must be one of:\nnone, auto, utf8\nCheck P4CHARSET and your '-C' option.\n",
                  P4_CONFIG },
                { "Perforce client error:\n\tsomething new\n", P4_CONFIG },
                { "Perforce password (P4PASSWD) invalid or unset.\n", P4_AUTH },
                { "p4: error while loading shared libraries: libx.so\n", P4_PROTOCOL },
                { "", P4_PROTOCOL },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_string_equal(p4_class_to_string(p4_classify_stderr(table[i].text)),
                                    p4_class_to_string(table[i].p4_class));
        }
}

static void test_names_and_weights(void **state) {
        static const P4Class rising[] = { P4_OK,   P4_EMPTY,   P4_NOT_YET,  P4_USAGE,   P4_PERMISSION,
                                          P4_AUTH, P4_CONNECT, P4_PROTOCOL, P4_TIMEOUT, P4_CANCELLED };

        for (P4Class a = P4_OK; a < _P4_CLASS_MAX; a++) {
                assert_non_null(p4_class_to_string(a));
                assert_false(p4_class_is_worse(a, a));
                for (P4Class b = P4_OK; b < _P4_CLASS_MAX; b++) { /* a strict order, every class in it */
                        if (a != b) {
                                assert_true(p4_class_is_worse(a, b) != p4_class_is_worse(b, a));
                                assert_string_not_equal(p4_class_to_string(a), p4_class_to_string(b));
                        }
                }
        }
        for (size_t i = 1; i < ELEMENTSOF(rising); i++) {
                assert_true(p4_class_is_worse(rising[i], rising[i - 1]));
        }
        assert_string_equal(p4_class_to_string(_P4_CLASS_MAX), "unknown");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_classify),
                cmocka_unit_test(test_classify_stderr),
                cmocka_unit_test(test_names_and_weights),
        };

        return cmocka_run_group_tests_name("p4_class", tests, NULL, NULL);
}
