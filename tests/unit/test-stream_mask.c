/* Masks over stream names. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "domain/stream_mask.h"

static void test_masks(void **state) {
        static const struct {
                const char *mask, *name;
                bool matches;
        } cases[] = {
                { "*role*", "main-role-1", true },
                { "*role*", "role", true },
                { "*role*", "main-Role", false }, /* case matters, as in the server's own filter */
                { "*role*", "rol e", false },
                { "*", "", true },
                { "*", "anything at all", true },
                { "main", "main", true },
                { "main", "mainline", false },
                { "main", "xmain", false },
                { "", "", true },
                { "", "x", false },
                { "a?c", "abc", true },
                { "a?c", "ac", false },
                { "a?c",
                  "a\xc3\xa9"
                  "c",
                  true }, /* one character, two bytes */
                { "??", "\xd1\x80\xd1\x83", true },
                { "*a*b*c", "xxaxxbxxc", true },
                { "*a*b*c", "xxaxxbxx", false },
                { "*aab", "aaaab", true },
                { "50%", "50%", true },
                { "50%", "50x", false },
                { "a_b", "axb", false },
                { "[ab]", "a", false }, /* no sets: a bracket is a bracket */
                { "[ab]", "[ab]", true },
                { "a\\*", "a\\bc", true },
                { "it's \"x\"*", "it's \"x\" & more | (y)=z", true },
                { "***", "x", true },
                { "*\xd0\xb2*", "\xd0\xb0\xd0\xb2\xd0\xb3", true },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                if (stream_mask_matches(cases[i].mask, cases[i].name) != cases[i].matches) {
                        fail_msg("mask '%s', name '%s': not %d", cases[i].mask, cases[i].name,
                                 cases[i].matches);
                }
        }
}

/* Many stars against a long name must not take for ever. */
static void test_no_explosion(void **state) {
        char name[20001];
        memset(name, 'a', sizeof(name) - 1);
        name[sizeof(name) - 1] = 0;
        assert_false(stream_mask_matches("*a*a*a*a*a*a*a*a*a*a*a*a*b", name));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_masks),
                cmocka_unit_test(test_no_explosion),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
