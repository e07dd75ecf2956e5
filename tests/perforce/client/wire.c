/*
 * See wire.h. Receiving reads large pieces into one buffer and decodes frames in place; memory is bounded by
 * the largest frame allowed, however much is streamed.
 */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
        READ_SIZE = 256 * 1024,
        TLS_ALERT = 0x0315, /* how an SSL server's answer to who does not speak SSL begins */
};

void wire_init(Wire *wire, int fd, unsigned max_wait) {
        *wire = (Wire) { .fd = fd, .max_wait = max_wait };
}

void wire_done(Wire *wire) {
        tls_free(&wire->tls);
        close_fd(&wire->fd);
        buffer_done(&wire->input);
        buffer_done(&wire->output);
        dict_done(&wire->frame);
        message_done(&wire->error);
}

static void append_le32(Buffer *buffer, size_t value) {
        uint8_t bytes[4];

        write_le32(bytes, (uint32_t) value);
        buffer_append(buffer, bytes, sizeof(bytes));
}

void wire_add(Wire *wire, Str key, Str value) {
        append_le32(&wire->output, key.length);
        buffer_append_str(&wire->output, key);
        append_le32(&wire->output, value.length);
        buffer_append_str(&wire->output, value);
}

void wire_begin(Wire *wire, Str function) {
        buffer_clear(&wire->output);
        append_le32(&wire->output, 0); /* the length, known when sending */
        wire_add(wire, STR("func"), function);
}

void wire_add_text(Wire *wire, const char *key, const char *value) {
        wire_add(wire, str_from(key), str_from(value));
}

void wire_add_number(Wire *wire, const char *key, uint64_t value) {
        char digits[32];

        (void) snprintf(digits, sizeof(digits), "%llu", (unsigned long long) value);
        wire_add_text(wire, key, digits);
}

/* The connection is over: what went wrong first is the outermost message. */
static int fail_io(Wire *wire, const MessageId *id, const char *operation, int error) {
        message_add(&wire->error, &MSG_NET, "operation", operation, "arg", "socket", "errmsg",
                    strerror(error));
        message_add(&wire->error, id);
        return -error;
}

static int fail(Wire *wire, const MessageId *id, int error) {
        message_add(&wire->error, id);
        return -error;
}

/* As send and recv without waiting; negative errno. */
static ssize_t write_some(Wire *wire, const void *data, size_t length) {
        ssize_t n;

        if (wire->tls) {
                return tls_write(wire->tls, data, length);
        }
        n = send(wire->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        return n < 0 ? -errno : n;
}

static ssize_t read_some(Wire *wire, void *data, size_t length) {
        ssize_t n;

        if (wire->tls) {
                return tls_read(wire->tls, data, length);
        }
        n = recv(wire->fd, data, length, MSG_DONTWAIT);
        return n < 0 ? -errno : n;
}

/* Waits until the socket is ready, no longer than the user allows. */
static int wait_ready(Wire *wire, short events) {
        struct pollfd p = { .fd = wire->fd, .events = wire->tls ? tls_events(wire->tls) : events };
        bool sending = events & POLLOUT;
        char seconds[16];
        int r;

        do {
                r = poll(&p, 1, wire->max_wait > 0 ? (int) wire->max_wait * 1000 : -1);
        } while (r < 0 && errno == EINTR);
        if (r > 0) {
                return 0;
        }
        if (r < 0) {
                return fail_io(wire, sending ? &MSG_TCP_SEND : &MSG_TCP_RECEIVE, "poll", errno);
        }
        (void) snprintf(seconds, sizeof(seconds), "%u", wire->max_wait);
        message_add(&wire->error, &MSG_MAX_WAIT, "operation", sending ? "send" : "receive", "seconds",
                    seconds);
        return -ETIMEDOUT;
}

int wire_send(Wire *wire) {
        size_t payload = wire->output.length - 4;
        size_t sent = 0;

        if (message_is_set(&wire->error)) {
                return -ENOTCONN;
        }
        if (payload > WIRE_FRAME_MAX) {
                return fail(wire, &MSG_TOO_BIG, EMSGSIZE);
        }
        write_le32(wire->output.data, (uint32_t) payload);
        while (sent < wire->output.length) {
                ssize_t n = write_some(wire, wire->output.data + sent, wire->output.length - sent);

                if (n >= 0) {
                        sent += (size_t) n;
                } else if (n == -EAGAIN) {
                        int r = wait_ready(wire, POLLOUT);

                        if (r < 0) {
                                return r;
                        }
                } else if (n != -EINTR) {
                        return fail_io(wire, wire->tls ? &MSG_SSL_SEND : &MSG_TCP_SEND, "write", (int) -n);
                }
        }
        return 0;
}

/* Reads what is there, at least one byte. */
static int receive_more(Wire *wire) {
        for (;;) {
                ssize_t n;

                buffer_reserve(&wire->input, READ_SIZE);
                n = read_some(wire, wire->input.data + wire->input.length, READ_SIZE);
                if (n > 0) {
                        wire->input.length += (size_t) n;
                        return 0;
                }
                if (n == 0) {
                        return fail(wire, &MSG_CLOSED, ECONNRESET);
                }
                if (n == -EAGAIN) {
                        int r;

                        (void) fflush(stdout);
                        r = wait_ready(wire, POLLIN);
                        if (r < 0) {
                                return r;
                        }
                } else if (n != -EINTR) {
                        return fail_io(wire, wire->tls ? &MSG_SSL_RECEIVE : &MSG_TCP_RECEIVE, "read",
                                       (int) -n);
                }
        }
}

static int receive_bytes(Wire *wire, size_t wanted) {
        if (wire->input_used > 0 && wire->input.length - wire->input_used < wanted) {
                wire->input.length -= wire->input_used;
                memmove(wire->input.data, wire->input.data + wire->input_used, wire->input.length);
                wire->input_used = 0;
        }
        while (wire->input.length - wire->input_used < wanted) {
                int r = receive_more(wire);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* One length-prefixed string; false if it does not fit in what is left. */
static bool take_string(Str *rest, Str *ret_string) {
        uint32_t length;

        if (rest->length < 4) {
                return false;
        }
        length = read_le32(rest->data);
        if (length > rest->length - 4) {
                return false;
        }
        *ret_string = str_sub(*rest, 4, length);
        *rest = str_sub(*rest, 4 + (size_t) length, rest->length - 4 - length);
        return true;
}

static bool decode(Dict *frame, Str payload) {
        dict_clear(frame);
        while (payload.length > 0) {
                Str key, value;

                if (!take_string(&payload, &key) || !take_string(&payload, &value) ||
                    frame->n_pairs == WIRE_PAIRS_MAX) {
                        return false;
                }
                dict_add(frame, key, value);
        }
        return frame->n_pairs > 0 && str_is(frame->pairs[0].key, "func");
}

int wire_receive(Wire *wire, const Dict **ret_frame) {
        uint32_t length;
        int r;

        if (message_is_set(&wire->error)) {
                return -ENOTCONN;
        }
        r = receive_bytes(wire, 4);
        if (r < 0) {
                return r;
        }
        length = read_le32(wire->input.data + wire->input_used);
        if (!wire->tls && wire->frame.n_pairs == 0 && (length & 0xfff0ffff) == TLS_ALERT) {
                return fail(wire, &MSG_SSL_CLEARTEXT, EBADMSG);
        }
        if (length > WIRE_FRAME_MAX) {
                return fail(wire, &MSG_NOT_P4, EBADMSG);
        }
        r = receive_bytes(wire, 4 + (size_t) length);
        if (r < 0) {
                return r;
        }
        if (!decode(&wire->frame,
                    (Str) { .data = wire->input.data + wire->input_used + 4, .length = length })) {
                return fail(wire, &MSG_NOT_P4, EBADMSG);
        }
        wire->input_used += 4 + (size_t) length;
        *ret_frame = &wire->frame;
        return 0;
}
