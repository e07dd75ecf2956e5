#include "services/ctl_perforce.h"

#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"

#define TIMEOUT_USEC (30 * USEC_PER_SEC)

int ctl_perforce_open(const Ctl *ctl, CtlPerforce *ret, char **ret_message) {
        CtlPerforce perforce = { .home = ctl->state_directory };
        _cleanup_free_ char *warning = NULL,
                            *message = NULL; /* that an older file is in force is doctor's to say */
        int r = config_load_in_force(ctl->config_directory, ctl->state_directory, &perforce.config,
                                     &warning);

        r = r < 0 ? r :
                    config_load_servers_in_force(ctl->config_directory, ctl->state_directory, &perforce.list,
                                                 &message);
        r = r < 0 ? r : string_format(&perforce.tickets, "%s/tickets", ctl->state_directory);
        r = r < 0 ? r : string_format(&perforce.trust, "%s/trust", ctl->state_directory);
        if (r < 0) {
                *ret_message = TAKE_PTR(message);
                ctl_perforce_done(&perforce);
                return r;
        }
        *ret = perforce;
        return 0;
}

void ctl_perforce_done(CtlPerforce *perforce) {
        weir_config_done(&perforce->config);
        server_list_done(&perforce->list);
        free(perforce->tickets);
        free(perforce->trust);
        *perforce = (CtlPerforce) {};
}

const Server *ctl_perforce_find(const CtlPerforce *perforce, const char *name) {
        for (size_t i = 0; i < perforce->list.n_servers; i++) {
                if (string_equal(perforce->list.servers[i].name, name)) {
                        return &perforce->list.servers[i];
                }
        }
        return NULL;
}

P4Session ctl_perforce_session(const CtlPerforce *perforce, const Server *server) {
        return (P4Session){
                .server = {
                        .name = server->name,
                        .port = server->p4port,
                        .user = server->p4user,
                        .tickets = perforce->tickets,
                        .trust = perforce->trust,
                        .home = perforce->home,
                        .charset = perforce->config.p4_charset,
                        .program = perforce->config.p4_program,
                        .timeout_usec = TIMEOUT_USEC,
                },
                .cancel_fd = -1,
        };
}

int ctl_become_owner(const Ctl *ctl) {
        struct stat st;

        if (stat(ctl->state_directory, &st) < 0) {
                return -errno;
        }
        if (geteuid() == st.st_uid) {
                return 1;
        }
        if (geteuid() != 0) {
                return 0;
        }
        if (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
            setresuid(st.st_uid, st.st_uid, st.st_uid) < 0) {
                return -errno;
        }
        return 1;
}
