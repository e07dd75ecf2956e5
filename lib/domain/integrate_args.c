#include "domain/integrate_args.h"

#include "base/string_util.h"
#include "domain/branch_view.h"

#define EVERYTHING "//..." /* of the target side; the branch view and the client's view narrow it down */

int integrate_path_stream(const char *path, char **ret) {
        return depot_path_stream(path, 1, ret);
}

static int add_flag(char ***argv, const char *flag, bool is_set) {
        return is_set ? strv_append(argv, flag) : 0;
}

static int add_option(char ***argv, const char *option, const char *value) {
        int r = strv_append(argv, option);
        return r < 0 ? r : strv_append(argv, value);
}

/* "PATH@12": also behind a target it says up to where the source is taken. */
static int add_path(char ***argv, const char *path, uint64_t changelist) {
        _cleanup_free_ char *text = NULL;
        int r = changelist > 0 ? string_format(&text, "%s@%llu", path, (unsigned long long) changelist) :
                                 string_copy(&text, path);
        return r < 0 ? r : strv_append(argv, text);
}

static int add_pending(char ***argv, uint64_t changelist) {
        _cleanup_free_ char *text = NULL;
        if (changelist == 0) {
                return 0;
        }
        int r = string_format(&text, "%llu", (unsigned long long) changelist);
        return r < 0 ? r : add_option(argv, "-c", text);
}

static int add_named(char ***argv, const char *option, const char *name, bool reverse, const char *path,
                     uint64_t changelist) {
        int r = add_option(argv, option, name);
        r = r < 0 ? r : add_flag(argv, "-r", reverse);
        return r < 0 || (changelist == 0 && string_equal(path, EVERYTHING)) ?
                               r :
                               add_path(argv, path, changelist);
}

static int add_what(char ***argv, const JobSpec *spec, uint64_t changelist) {
        _cleanup_free_ char *stream = NULL;
        int r = 0;
        switch (spec->kind) {
        case JOB_KIND_STREAM:
                return add_named(argv, "-S", spec->stream, spec->reverse, EVERYTHING, changelist);
        case JOB_KIND_BRANCH:
                return add_named(argv, "-b", spec->branch_spec, spec->reverse, EVERYTHING, changelist);
        case JOB_KIND_PATHS:
                r = add_path(argv, spec->source, changelist);
                return r < 0 ? r : strv_append(argv, spec->target);
        case JOB_KIND_PATH:
                r = integrate_path_stream(spec->path, &stream);
                return r < 0 ? r : add_named(argv, "-S", stream, true, spec->path, changelist);
        }
        return -EINVAL;
}

int integrate_args_make(const JobSpec *spec, const IntegrateOptions *options, char ***ret) {
        _cleanup_(strv_freep) char **argv = NULL;
        int r = strv_append(&argv, "integrate");
        r = r < 0 ? r : add_flag(&argv, "-n", options->preview);
        r = r < 0 ? r : add_flag(&argv, "-Obr", options->preview);
        r = r < 0 ? r : add_pending(&argv, options->pending_changelist);
        r = r < 0 ? r : add_what(&argv, spec, options->source_changelist);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(argv);
        return 0;
}
