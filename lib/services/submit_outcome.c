#include "services/submit_outcome.h"

#include "base/string_util.h"
#include "services/run_change.h"
#include "services/run_p4.h"

typedef struct Search {
        const Run *run;
        uint64_t change;
        SubmitOutcome found;
} Search;

/* Newest first: of several with the tag the last one counts, and a match by number always. */
static int on_submitted(const MarshalRecord *record, void *userdata) {
        Search *search = userdata;
        uint64_t change = record_number(record, "change"), old = record_number(record, "oldChange");
        if (change == search->change || old == search->change) {
                search->found = (SubmitOutcome) { change, true };
        } else if (search->found.submitted == 0 &&
                   string_equal(marshal_record_get(record, "user"), search->run->server.user) &&
                   run_tag_matches(search->run->id, marshal_record_get(record, "desc"))) {
                search->found = (SubmitOutcome) { change, false };
        }
        return 0;
}

int submit_outcome_ask(Run *run, uint64_t change, SubmitOutcome *ret, P4Result *ret_result) {
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "changes",   "-l", "-s",
                                          "submitted", "-e", run_number(number, change),
                                          NULL };
        Search search = { .run = run, .change = change };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_submitted;
        command.userdata = &search;
        int r = run_p4(run, &command, ret_result);
        *ret = search.found;
        return r;
}
