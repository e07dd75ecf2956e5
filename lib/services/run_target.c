#include "services/run_target.h"

#include <stdio.h>
#include <string.h>

#include "base/parse_util.h"
#include "base/string_util.h"
#include "domain/integrate_args.h"
#include "services/run_p4.h"

#define ANCESTORS_MAX 100

void run_target_done(RunTarget *target) {
        free(target->stream);
        branch_view_done(&target->view);
        *target = (RunTarget) {};
}

/* --- streams ---------------------------------------------------------------------------------------- */

typedef struct StreamInfo {
        char *parent, *type;
        bool exists;
} StreamInfo;

static void stream_info_done(StreamInfo *info) {
        free(info->parent);
        free(info->type);
        *info = (StreamInfo) {};
}

/* The form of a stream that is not there is a template, where the server gives one at all: only a saved one has an Update. */
static int on_stream(const MarshalRecord *record, void *userdata) {
        StreamInfo *info = userdata;
        info->exists = marshal_record_get(record, "Update") != NULL;
        int r = string_replace(&info->parent, marshal_record_get(record, "Parent"));
        return r < 0 ? r : string_replace(&info->type, marshal_record_get(record, "Type"));
}

static int ask_stream(Run *run, const char *stream, StreamInfo *ret) {
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(stream_info_done) StreamInfo info = {};
        const char *const arguments[] = { "stream", "-o", stream, NULL };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_stream;
        command.userdata = &info;
        int r = run_p4(run, &command, &result);
        bool is_answer = r >= 0 && (p4_class_is_success(result.p4_class) || result.p4_class == P4_UNKNOWN ||
                                    result.p4_class == P4_USAGE);
        if (r >= 0 && !is_answer) {
                r = run_fail_p4(run, "stream", &result);
        }
        if (r >= 0 && !info.exists) {
                r = run_fail(run, "unknown stream", "There is no stream %s on %s", stream, run->spec.server);
        }
        if (r < 0) {
                return r;
        }
        *ret = info;
        info = (StreamInfo) {};
        return 0;
}

/* A virtual stream has no files of its own; they are its nearest ancestor's that is real. */
static int real_stream(Run *run, const char *stream, const StreamInfo *known, char **ret) {
        _cleanup_free_ char *current = NULL;
        _cleanup_(stream_info_done) StreamInfo info = {};
        int r = string_copy(&current, stream);
        if (r >= 0 && known) {
                r = string_copy(&info.parent, known->parent);
                r = r < 0 ? r : string_copy(&info.type, known->type);
        } else if (r >= 0) {
                r = ask_stream(run, current, &info);
        }
        for (unsigned i = 0; i < ANCESTORS_MAX && r >= 0 && string_equal(info.type, "virtual"); i++) {
                free(current);
                current = TAKE_PTR(info.parent);
                stream_info_done(&info);
                r = current ? ask_stream(run, current, &info) : -EINVAL;
        }
        if (r >= 0) {
                *ret = TAKE_PTR(current);
        }
        return r;
}

static int add_source(RunTarget *target, const char *stream, const char *below) {
        _cleanup_free_ char *path = NULL;
        int r = string_format(&path, "%s%s", stream, below);
        return r < 0 ? r : strv_append(&target->view.sources, path);
}

/* A stream and its parent; into_stream: the parent's changes come into it, those below the given part. */
static int find_stream(Run *run, const char *stream, bool into_stream, const char *below,
                       RunTarget *target) {
        _cleanup_(stream_info_done) StreamInfo info = {};
        _cleanup_free_ char *source = NULL;
        int r = ask_stream(run, stream, &info);
        if (r < 0) {
                return r;
        }
        if (string_is_empty(info.parent) || string_equal(info.parent, "none")) {
                return run_fail(run, "no parent", "The stream %s has no parent", stream);
        }
        r = string_copy(&target->stream, into_stream ? stream : info.parent);
        if (r >= 0 && run->state.source == 0) {
                r = into_stream ? real_stream(run, info.parent, NULL, &source) :
                                  real_stream(run, stream, &info, &source);
                r = r < 0 ? r : add_source(target, source, below);
        }
        return r;
}

static int find_path(Run *run, RunTarget *target) {
        _cleanup_free_ char *stream = NULL;
        int r = integrate_path_stream(run->spec.path, &stream);
        if (r < 0) {
                return run_fail(run, "bad path", "%s is not in a stream", run->spec.path);
        }
        return find_stream(run, stream, true, run->spec.path + strlen(stream), target);
}

/* --- branch views ----------------------------------------------------------------------------------- */

typedef struct BranchForm {
        BranchView view;
        bool reverse, exists;
} BranchForm;

static int on_branch(const MarshalRecord *record, void *userdata) {
        BranchForm *form = userdata;
        const char *line;
        int r = 0;
        form->exists = marshal_record_get(record, "Update") != NULL;
        for (unsigned i = 0; r >= 0 && (line = marshal_record_get_indexed(record, "View", i)); i++) {
                r = branch_view_add_line(&form->view, line, form->reverse);
        }
        return r;
}

static int find_branch(Run *run, RunTarget *target) {
        _cleanup_(p4_result_done) P4Result result = {};
        const char *const arguments[] = { "branch", "-o", run->spec.branch_spec, NULL };
        BranchForm form = { .reverse = run->spec.reverse };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_branch;
        command.userdata = &form;
        int r = run_p4_or_fail(run, &command, &result);
        target->view = form.view;
        if (r < 0) {
                return r;
        }
        if (!form.exists || !form.view.sources) {
                return run_fail(run, "unknown branch spec", "There is no branch spec %s on %s",
                                run->spec.branch_spec, run->spec.server);
        }
        return 0;
}

/* --- depots ----------------------------------------------------------------------------------------- */

typedef struct DepotInfo {
        bool has_streams;
        uint32_t depth; /* folders below the depot that name a stream */
} DepotInfo;

/* StreamDepth is "//demo/1" or, from old servers, "1". */
static int on_depot(const MarshalRecord *record, void *userdata) {
        DepotInfo *info = userdata;
        const char *depth = marshal_record_get(record, "StreamDepth");
        const char *slash = depth ? strrchr(depth, '/') : NULL;
        info->has_streams = string_equal(marshal_record_get(record, "Type"), "stream");
        info->depth = 1;
        if (depth && parse_uint32(slash ? slash + 1 : depth, &info->depth) < 0) {
                info->depth = 1;
        }
        return 0;
}

static int ask_depot(Run *run, const char *path, DepotInfo *ret) {
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_free_ char *depot = strndup(path + 2, strcspn(path + 2, "/"));
        const char *const arguments[] = { "depot", "-o", depot, NULL };
        P4Command command = P4_COMMAND_INIT;
        if (!depot) {
                return -ENOMEM;
        }
        command.arguments = arguments;
        command.on_record = on_depot;
        command.userdata = ret;
        return run_p4_or_fail(run, &command, &result);
}

/* Files of a stream can only be submitted by a client of that stream, one stream at a time. */
static int find_stream_of_targets(Run *run, unsigned depth, RunTarget *target) {
        for (char **path = target->view.targets; *path; path++) {
                _cleanup_free_ char *stream = NULL;
                int r = depot_path_stream(*path, depth, &stream);
                if (r == -ENOMEM) {
                        return r;
                }
                if (r < 0 || (target->stream && !string_equal(target->stream, stream))) {
                        return run_fail(run, "needs a client",
                                        "The target %s is not in one stream; name a client that shows it",
                                        *path);
                }
                free(target->stream);
                target->stream = TAKE_PTR(stream);
        }
        return 0;
}

static int find_place(Run *run, RunTarget *target) {
        DepotInfo info = {};
        int r = ask_depot(run, target->view.targets[0], &info);
        return r < 0 || !info.has_streams ? r : find_stream_of_targets(run, info.depth, target);
}

/* --- all -------------------------------------------------------------------------------------------- */

static int find_paths(Run *run, RunTarget *target) {
        int r = strv_append(&target->view.sources, run->spec.source);
        return r < 0 ? r : strv_append(&target->view.targets, run->spec.target);
}

static int find(Run *run, bool needs_client, RunTarget *target) {
        int r;
        switch (run->spec.kind) {
        case JOB_KIND_STREAM:
                return find_stream(run, run->spec.stream, run->spec.reverse, "/...", target);
        case JOB_KIND_PATH:
                return find_path(run, target);
        case JOB_KIND_BRANCH:
                r = find_branch(run, target);
                return r < 0 || !needs_client ? r : find_place(run, target);
        case JOB_KIND_PATHS:
                r = find_paths(run, target);
                return r < 0 || !needs_client ? r : find_place(run, target);
        }
        return -EINVAL;
}

int run_target_find(Run *run, bool needs_client, RunTarget *ret) {
        _cleanup_(run_target_done) RunTarget target = {};
        int r = find(run, needs_client, &target);
        if (r < 0) {
                return r;
        }
        *ret = target;
        target = (RunTarget) {};
        return 0;
}
