/*
 * See asks.h. A function fills the answer and returns 0, or adds to the message and returns a negative
 * errno; showing the message, counting it and answering is done once, in asks_handle. Views of the request
 * stay valid while frames are sent, because only receiving moves them.
 */
#include "asks.h"

#include "editor.h"
#include "md5.h"
#include "tickets.h"

#include <errno.h>
#include <stdio.h>

typedef struct Ask {
        Session *session;
        const Dict *request;
        Str id;
        Dict answer;
        Buffer texts[8]; /* values of the answer that need a place to live */
        size_t n_texts;
        Message message;
} Ask;

static void ask_done(Ask *ask) {
        for (size_t i = 0; i < ELEMENTSOF(ask->texts); i++) {
                buffer_done(&ask->texts[i]);
        }
        dict_done(&ask->answer);
        message_done(&ask->message);
}

static void answer(Ask *ask, const char *key, Str value) {
        dict_add(&ask->answer, str_from(key), value);
}

/* A place for a value; there are as many as the largest answer needs. */
static Buffer *answer_buffer(Ask *ask) {
        return &ask->texts[ask->n_texts++];
}

static void answer_number(Ask *ask, const char *key, uint64_t value) {
        Buffer *text = answer_buffer(ask);

        buffer_printf(text, "%llu", (unsigned long long) value);
        answer(ask, key, buffer_str(text));
}

static char *request_path(Ask *ask, const char *key) {
        return workspace_path(dict_text(ask->request, key), &ask->message);
}

static int ask_input(Ask *ask) {
        Buffer *data = answer_buffer(ask);
        int r = ui_input(ask->session->ui, dict_get(ask->request, "specdef"), data);

        if (r < 0) {
                return workspace_fail(&ask->message, "read", "stdin", -r);
        }
        answer(ask, "data", buffer_str(data));
        return 0;
}

static int ask_prompt(Ask *ask) {
        Buffer *line = answer_buffer(ask);
        int r = ui_prompt(ask->session->ui, dict_text(ask->request, "data"),
                          dict_has(ask->request, "noecho"), line);

        if (r < 0) {
                message_add(&ask->message, &MSG_EOF);
                return r;
        }
        answer(ask, "data", buffer_str(line));
        return 0;
}

static int ask_edit(Ask *ask) {
        Str data = dict_text(ask->request, "data");
        Buffer *edited = answer_buffer(ask);
        int r = editor_run(ask->session->environment, data, edited, &ask->message);

        if (r < 0) {
                return r;
        }
        answer(ask, "data", buffer_str(edited));
        if (!str_equal(buffer_str(edited), data)) {
                answer(ask, "changed", STR(""));
        }
        return 0;
}

static int ask_set_ticket(Ask *ask) {
        Session *s = ask->session;
        const Str *address = dict_get(ask->request, "serverAddress");
        _cleanup_(free_charp) char *server =
                        str_dup(address && address->length > 0 ? *address : str_from(s->port));
        _cleanup_(free_charp) char *user = session_ticket_user(s, dict_text(ask->request, "user"));
        _cleanup_(free_charp) char *ticket = str_dup(dict_text(ask->request, "ticket"));
        int r = tickets_store(s->tickets_file, server, user, ticket);

        if (r < 0) {
                return workspace_fail(&ask->message, "open for write", s->tickets_file, -r);
        }
        return 0;
}

static int ask_open(Ask *ask) {
        return transfer_open(&ask->session->transfers, ask->request, &ask->message);
}

static int ask_write(Ask *ask) {
        return transfer_write(&ask->session->transfers, ask->request, &ask->message);
}

static int ask_close(Ask *ask) {
        uint64_t size = 0;
        int r = transfer_close(&ask->session->transfers, ask->request, &size, &ask->message);

        answer_number(ask, "size", size);
        return r;
}

static int ask_delete(Ask *ask) {
        _cleanup_(free_charp) char *path = request_path(ask, "path");
        int r = path ? workspace_delete(path, dict_has(ask->request, "clobber"), &ask->message) : -EINVAL;

        if (r == 0 && dict_has(ask->request, "rmdir")) {
                workspace_remove_empty_parents(path);
        }
        return r;
}

static int ask_chmod(Ask *ask) {
        _cleanup_(free_charp) char *path = request_path(ask, "path");

        return path ? workspace_chmod(path, dict_text(ask->request, "perms"), dict_has(ask->request, "exec"),
                                      dict_get(ask->request, "modTime"), &ask->message) :
                      -EINVAL;
}

static int ask_move(Ask *ask) {
        _cleanup_(free_charp) char *from = request_path(ask, "from"), *to = request_path(ask, "to");
        int r = from && to ? workspace_move(from, to, dict_has(ask->request, "clobber"), &ask->message) :
                             -EINVAL;

        if (r == 0 && dict_has(ask->request, "rmdir")) {
                workspace_remove_empty_parents(from);
        }
        return r;
}

/* Content on its way: digested, counted, and sent if the server wants it. */
typedef struct Content {
        Ask *ask;
        bool send;
        uint64_t size;
        Md5 md5;
} Content;

static int take_content(void *userdata, Str data) {
        Content *content = userdata;
        Wire *wire = &content->ask->session->wire;

        md5_add(&content->md5, data);
        content->size += data.length;
        if (!content->send) {
                return 0;
        }
        wire_begin(wire, STR("file-data"));
        wire_add(wire, STR("id"), content->ask->id);
        wire_add(wire, STR("data"), data);
        return wire_send(wire) < 0 ? -ENOTCONN : 0;
}

static int read_content(Ask *ask, const char *path, FileType type, bool send, const char *size_key) {
        Content content = { .ask = ask, .send = send };
        Buffer *hex = answer_buffer(ask);
        char digest[MD5_HEX_SIZE];
        int r;

        md5_init(&content.md5);
        r = workspace_read(path, type, lineend_from_string(dict_text(ask->request, "lineEnd")), take_content,
                           &content, &ask->message);
        if (r < 0) {
                return r;
        }
        md5_finish(&content.md5, digest);
        buffer_append_text(hex, digest);
        answer(ask, "digest", buffer_str(hex));
        answer_number(ask, size_key, content.size);
        return 0;
}

static int ask_send(Ask *ask) {
        _cleanup_(free_charp) char *path = request_path(ask, "path");

        return path ? read_content(ask, path, file_type_from_string(dict_text(ask->request, "type")), true,
                                   "size") :
                      -EINVAL;
}

static void answer_stat(Ask *ask, FileType type, const struct stat *st) {
        Buffer *mode = answer_buffer(ask);

        answer(ask, "exists", STR(""));
        answer(ask, "type", str_from(file_type_to_string(type)));
        answer_number(ask, "size", (uint64_t) st->st_size);
        answer_number(ask, "mtime", (uint64_t) st->st_mtime);
        buffer_printf(mode, "%o", st->st_mode & 07777);
        answer(ask, "mode", buffer_str(mode));
        if (st->st_size == 0) {
                answer(ask, "empty", STR(""));
        }
        if (S_ISREG(st->st_mode) && (st->st_mode & S_IXUSR)) {
                answer(ask, "exec", STR(""));
        }
}

static int ask_stat(Ask *ask) {
        _cleanup_(free_charp) char *path = request_path(ask, "path");
        const Str *wanted = dict_get(ask->request, "type");
        struct stat st;
        FileType type;
        int r = path ? workspace_stat(path, &type, &st, &ask->message) : -EINVAL;

        if (r < 0 || type == FILE_MISSING) {
                return r;
        }
        answer_stat(ask, type, &st);
        if (!dict_has(ask->request, "digest") || type == FILE_DIRECTORY || type == FILE_OTHER) {
                return 0;
        }
        if (wanted && type != FILE_SYMLINK) {
                type = file_type_from_string(*wanted) == FILE_SYMLINK ? type :
                                                                        file_type_from_string(*wanted);
        }
        return read_content(ask, path, type, false, "digestSize");
}

typedef struct Listing {
        Ask *ask;
        uint64_t count;
} Listing;

static int send_entry(void *userdata, const char *path, const struct stat *st) {
        Listing *listing = userdata;
        Wire *wire = &listing->ask->session->wire;
        FileType type = S_ISLNK(st->st_mode) ? FILE_SYMLINK :
                        S_ISDIR(st->st_mode) ? FILE_DIRECTORY :
                        S_ISREG(st->st_mode) ? FILE_TEXT :
                                               FILE_OTHER;

        listing->count++;
        wire_begin(wire, STR("dir-entry"));
        wire_add(wire, STR("id"), listing->ask->id);
        wire_add_text(wire, "path", path);
        wire_add_text(wire, "type", type == FILE_TEXT ? "file" : file_type_to_string(type));
        wire_add_number(wire, "size", (uint64_t) st->st_size);
        wire_add_number(wire, "mtime", (uint64_t) st->st_mtime);
        if (S_ISREG(st->st_mode) && (st->st_mode & S_IXUSR)) {
                wire_add_text(wire, "exec", "");
        }
        return wire_send(wire) < 0 ? -ENOTCONN : 0;
}

static int ask_list(Ask *ask) {
        _cleanup_(free_charp) char *path = request_path(ask, "path");
        Listing listing = { .ask = ask };
        int r = path ? workspace_list(path, dict_has(ask->request, "recursive"),
                                      dict_has(ask->request, "hidden"), send_entry, &listing,
                                      &ask->message) :
                       -EINVAL;

        answer_number(ask, "count", listing.count);
        return r;
}

static const struct {
        const char *function;
        int (*handle)(Ask *ask);
} asks[] = {
        { "client-WriteFile", ask_write },      { "client-OpenFile", ask_open },
        { "client-CloseFile", ask_close },      { "client-DeleteFile", ask_delete },
        { "client-ChmodFile", ask_chmod },      { "client-MoveFile", ask_move },
        { "client-StatFile", ask_stat },        { "client-SendFile", ask_send },
        { "client-ListDir", ask_list },         { "client-InputData", ask_input },
        { "client-EditData", ask_edit },        { "client-Prompt", ask_prompt },
        { "client-SetTicket", ask_set_ticket },
};

static void send_answer(Ask *ask, int r) {
        Wire *wire = &ask->session->wire;
        _cleanup_(buffer_done) Buffer error = {};

        wire_begin(wire, STR("answer"));
        wire_add(wire, STR("id"), ask->id);
        wire_add_text(wire, "status", r < 0 ? "error" : "ok");
        if (r < 0) {
                message_render(&ask->message, &error, false, false);
                wire_add(wire, STR("error"), buffer_str(&error));
        }
        for (size_t i = 0; i < ask->answer.n_pairs; i++) {
                wire_add(wire, ask->answer.pairs[i].key, ask->answer.pairs[i].value);
        }
        (void) wire_send(wire);
}

void asks_handle(Session *session, const Dict *frame) {
        const Str *id = dict_get(frame, "ask");
        _cleanup_(ask_done) Ask ask = { .session = session, .request = frame, .id = id ? *id : STR("") };
        int r = -ENOSYS;

        for (size_t i = 0; i < ELEMENTSOF(asks); i++) {
                if (str_is(frame->pairs[0].value, asks[i].function)) {
                        r = asks[i].handle(&ask);
                        break;
                }
        }
        if (message_is_set(&ask.message)) {
                ui_message(session->ui, &ask.message);
        }
        if (id && !session_is_broken(session)) {
                send_answer(&ask, r);
        }
}
