/* INIT: the client, and with it what the server says of source and target; the newest source changelist is then one command away. */
#include "services/run_client.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/string_util.h"
#include "services/run_p4.h"
#include "services/run_source.h"
#include "services/run_workspace_lock.h"
#include "services/workspace.h"

int run_client_trust(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        if (!run->work.server.trust || !string_has_prefix(run->server.port, "ssl")) {
                return 0;
        }
        int r = run_p4_simple(run, &result,
                              (const char *const[]) { "trust", "-f", "-i", run->work.server.trust, NULL });
        return r < 0 || p4_class_is_success(result.p4_class) ? r : run_fail_p4(run, "trust", &result);
}

/* --- a given client --------------------------------------------------------------------------------- */

typedef struct ClientForm {
        char *root, *stream, *host, *owner;
        bool exists, is_locked;
} ClientForm;

static void client_form_done(ClientForm *form) {
        free(form->root);
        free(form->stream);
        free(form->host);
        free(form->owner);
}

/* The first of Root and AltRoots that is there; a client may be shared by hosts that differ in this. */
static const char *choose_root(const MarshalRecord *record) {
        const char *root = marshal_record_get(record, "Root"), *other;
        if (root && access(root, X_OK) >= 0) {
                return root;
        }
        for (unsigned i = 0; (other = marshal_record_get_indexed(record, "AltRoots", i)); i++) {
                if (access(other, X_OK) >= 0) {
                        return other;
                }
        }
        return root;
}

static int on_client(const MarshalRecord *record, void *userdata) {
        ClientForm *form = userdata;
        form->exists = marshal_record_get(record, "Update") != NULL;
        form->is_locked = string_has_word(marshal_record_get(record, "Options"), "locked", " ");
        int r = string_replace(&form->root, choose_root(record));
        r = r < 0 ? r : string_replace(&form->stream, marshal_record_get(record, "Stream"));
        r = r < 0 ? r : string_replace(&form->host, marshal_record_get(record, "Host"));
        return r < 0 ? r : string_replace(&form->owner, marshal_record_get(record, "Owner"));
}

/* What the server would refuse at the first file, and at every attempt to clean up after it. Spelling is the server's affair. */
static int check_use(Run *run, const ClientForm *form) {
        char host[HOST_NAME_MAX + 1] = "";
        (void) gethostname(host, HOST_NAME_MAX);
        if (!string_is_empty(form->host) && *host && strcasecmp(form->host, host) != 0) {
                return run_fail(run, "client of another host",
                                "The client %s can only be used from host %s, and this is %s; name another client, "
                                "or empty its Host field",
                                run->state.client, form->host, host);
        }
        if (form->is_locked && form->owner && strcasecmp(form->owner, run->server.user) != 0) {
                return run_fail(run, "locked client",
                                "The client %s is locked: only its owner %s can use it, and this job runs as %s",
                                run->state.client, form->owner, run->server.user);
        }
        return 0;
}

void run_client_enter(Run *run) {
        bool may_enter = !run->state.is_managed && run->state.root && access(run->state.root, X_OK) >= 0;
        run->server.directory = may_enter ? run->state.root : NULL;
}

static int look_at_client(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(client_form_done) ClientForm form = {};
        const char *const arguments[] = { "client", "-o", run->state.client, NULL };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_client;
        command.userdata = &form;
        int r = run_p4_or_fail(run, &command, &result);
        if (r < 0) {
                return r;
        }
        if (!form.exists || !form.root) {
                return run_fail(run, "unknown client", "There is no client %s on %s", run->state.client,
                                run->spec.server);
        }
        r = check_use(run, &form);
        r = r < 0 ? r : string_replace(&run->state.root, form.root);
        r = r < 0 ? r : string_replace(&run->state.stream, form.stream);
        run_client_enter(run);
        return r;
}

/* --- a client of the job's own ---------------------------------------------------------------------- */

static int put(Buffer *form, const char *key, const char *value) {
        return marshal_write_field(form, key, value, strlen(value));
}

static int put_view(Buffer *form, const Run *run, const RunTarget *target) {
        int r = 0;
        for (size_t i = 0; r >= 0 && target->view.targets && target->view.targets[i]; i++) {
                _cleanup_free_ char *line = NULL;
                char key[32];
                (void) snprintf(key, sizeof(key), "View%zu", i);
                r = client_view_line(run->state.client, target->view.targets[i], &line);
                r = r < 0 ? r : put(form, key, line);
        }
        return r;
}

int run_client_form(const Run *run, const RunTarget *target, Buffer *form) {
        _cleanup_free_ char *description = NULL;
        int r = string_format(&description, "Made by weir for job %s; removed at its end.\n", run->id);
        r = r < 0 ? r : marshal_write_begin(form);
        r = r < 0 ? r : put(form, "Client", run->state.client);
        r = r < 0 ? r : put(form, "Owner", run->server.user);
        r = r < 0 ? r : put(form, "Description", description);
        r = r < 0 ? r : put(form, "Root", run->state.root);
        r = r < 0 ? r : put(form, "Options", "noallwrite clobber nocompress unlocked nomodtime normdir");
        r = r < 0 ? r : put(form, "SubmitOptions", "submitunchanged");
        r = r < 0 ? r : put(form, "LineEnd", "local");
        if (r >= 0) {
                r = target->stream ? put(form, "Stream", target->stream) : put_view(form, run, target);
        }
        return r < 0 ? r : marshal_write_end(form);
}

static int save_client(Run *run, const RunTarget *target) {
        static const char *const arguments[] = { "client", "-i", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(buffer_done) Buffer form = {};
        P4Command command = P4_COMMAND_INIT;
        int r = run_client_form(run, target, &form);
        if (r < 0) {
                return r;
        }
        command.arguments = arguments;
        command.input = form.data;
        command.input_length = form.length;
        return run_p4_or_fail(run, &command, &result);
}

static int make_client(Run *run, const RunTarget *target) {
        _cleanup_free_ char *path = NULL;
        int r = workspace_path(run->state_directory, run->id, &path);
        run->state.is_managed = true;
        r = r < 0 ? r : string_replace(&run->state.root, path);
        r = r < 0 ? r : string_replace(&run->state.stream, target->stream);
        r = r < 0 ? r : run_ledger_add(run, "workspace", path);
        r = r < 0 ? r : run_ledger_add(run, "client", run->state.client);
        r = r < 0 ? r : workspace_create(path);
        return r < 0 ? r : save_client(run, target);
}

int run_client_prepare(Run *run, const RunTarget *target) {
        _cleanup_free_ char *name = NULL;
        int r = run_client_name(run, &name);
        r = r < 0 ? r : string_replace(&run->state.client, name);
        if (r < 0) {
                return r;
        }
        run->server.client = run->state.client;
        r = run->spec.client ? look_at_client(run) : make_client(run, target);
        JobReport report = { .client = run->state.client, .source_changelist = (int64_t) run->state.source };
        return r < 0 ? r : run_report(run, &report);
}

int stage_init(Run *run, JobStage *ret_next) {
        _cleanup_(run_target_done) RunTarget target = {};
        bool needs_source = run->spec.changelist == 0, needs_client = !run->spec.client;
        run->state.source = run->spec.changelist;
        int r = needs_source || needs_client ? run_target_find(run, needs_client, &target) : 0;
        r = r < 0 ? r : run_client_prepare(run, &target);
        if (r >= 0 && needs_source) {
                r = run_source_remember(run, target.view.sources);
        }
        *ret_next = needs_source ? JOB_GET_LATEST_CL : JOB_SYNC;
        return r;
}
