#include "services/ctl_help.h"

#include <stdio.h>

/* Columns, not bytes, are what is filled up. */
static void print_padded(const char *text, size_t width) {
        size_t columns = 0;

        for (const char *c = text; *c; c++) {
                columns += ((unsigned char) *c & 0xC0) != 0x80;
        }
        printf("  %s%*s ", text, (int) (columns < width ? width - columns : 0), "");
}

static void print_options(const CtlOption *options) {
        for (; options && options->name; options++) {
                char left[64];

                const char *argument = options->argument ? options->argument : "";
                bool optional = argument[0] == '[';

                (void) snprintf(left, sizeof left, "%s%c%s --%s%s%s", options->letter ? " -" : "   ",
                                options->letter ? options->letter : ' ', options->letter ? "," : "",
                                options->name,
                                optional  ? "[=" :
                                *argument ? "=" :
                                            "",
                                argument + optional);
                print_padded(left, 26);
                printf("%s\n", options->help);
        }
}

static void print_row(const char *name, const char *synopsis, const char *summary) {
        char left[64];

        (void) snprintf(left, sizeof left, "%s %s", name, synopsis);
        print_padded(left, 34);
        printf("%s\n", summary);
}

static void print_verbs(const CtlVerb *verbs, const CtlOption *common_options) {
        printf("Usage: weirctl VERB [OPTION…] [ARGUMENT…]\n\nAsk and steer weir, which measures Perforce streams and integrates between them.\n\nVerbs:\n");
        for (; verbs->name; verbs++) {
                print_row(verbs->name, verbs->synopsis, verbs->summary);
        }
        print_row("help", "[VERB]", "Show this text, or the options of a verb");
        printf("\nOptions of every verb:\n");
        print_options(common_options);
        printf("\n`weirctl VERB --help` shows a verb's own options; weirctl(1) tells more.\n");
}

void ctl_help(const CtlVerb *verbs, const CtlVerb *verb, const CtlOption *common_options) {
        if (!verb) {
                print_verbs(verbs, common_options);
                return;
        }
        printf("Usage: weirctl %s [OPTION…]%s%s\n\n%s.\n\nOptions:\n", verb->name,
               *verb->synopsis ? " " : "", verb->synopsis, verb->summary);
        print_options(verb->options);
        print_options(common_options);
}
