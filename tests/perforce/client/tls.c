/*
 * See tls.h. The one file that knows OpenSSL.
 */
#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

struct Tls {
        SSL_CTX *context;
        SSL *ssl;
        short events;
};

void tls_free(Tls **tls) {
        if (*tls) {
                SSL_free((*tls)->ssl);
                SSL_CTX_free((*tls)->context);
                free(*tls);
                *tls = NULL;
        }
}

/* What a call that did not succeed means: 0 for the end, -EAGAIN, or an error of the connection. */
static ssize_t failure(Tls *tls, int result) {
        switch (SSL_get_error(tls->ssl, result)) {
        case SSL_ERROR_WANT_READ:
                tls->events = POLLIN;
                return -EAGAIN;
        case SSL_ERROR_WANT_WRITE:
                tls->events = POLLOUT;
                return -EAGAIN;
        case SSL_ERROR_ZERO_RETURN:
                return 0;
        case SSL_ERROR_SYSCALL:
                return errno ? -errno : 0;
        default:
                return -EPROTO;
        }
}

/* The product's words: in parentheses what went wrong. */
static void add_failure(Message *message, const char *host, ssize_t result) {
        const char *reason = result == -EPROTO ? ERR_reason_error_string(ERR_peek_last_error()) : NULL;
        _cleanup_(buffer_done) Buffer text = {};

        buffer_printf(&text, "(%s)", reason ? reason : strerror(result ? (int) -result : ECONNRESET));
        message_add(message, &MSG_SSL_CONNECT, "host", host, "error", text.data);
}

static ssize_t shake_hands(Tls *tls, int fd, unsigned max_wait) {
        for (;;) {
                int r = SSL_connect(tls->ssl);
                ssize_t result = r == 1 ? 1 : failure(tls, r);
                struct pollfd p = { .fd = fd, .events = tls->events };

                if (result != -EAGAIN) {
                        return result;
                }
                if (poll(&p, 1, max_wait > 0 ? (int) max_wait * 1000 : -1) == 0) {
                        return -ETIMEDOUT;
                }
        }
}

Tls *tls_connect(int fd, const char *host, unsigned max_wait, Message *message) {
        Tls *tls = memory_resize(NULL, sizeof(*tls));
        ssize_t r;

        /* OpenSSL writes without MSG_NOSIGNAL. */
        (void) signal(SIGPIPE, SIG_IGN);
        (void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        *tls = (Tls) { .context = SSL_CTX_new(TLS_client_method()), .events = POLLIN };
        SSL_CTX_set_verify(tls->context, SSL_VERIFY_NONE, NULL);
        (void) SSL_CTX_set_options(tls->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
        (void) SSL_CTX_set_mode(tls->context,
                                SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        tls->ssl = SSL_new(tls->context);
        (void) SSL_set_fd(tls->ssl, fd);
        r = shake_hands(tls, fd, max_wait);
        if (r <= 0) {
                add_failure(message, host, r);
                tls_free(&tls);
        }
        return tls;
}

static int capped(size_t length) {
        return length > INT32_MAX ? INT32_MAX : (int) length;
}

ssize_t tls_read(Tls *tls, void *data, size_t length) {
        int n;

        ERR_clear_error();
        errno = 0;
        n = SSL_read(tls->ssl, data, capped(length));
        return n > 0 ? n : failure(tls, n);
}

ssize_t tls_write(Tls *tls, const void *data, size_t length) {
        ssize_t r;
        int n;

        ERR_clear_error();
        errno = 0;
        n = SSL_write(tls->ssl, data, capped(length));
        if (n > 0) {
                return n;
        }
        r = failure(tls, n);
        return r == 0 ? -EPIPE : r;
}

short tls_events(const Tls *tls) {
        return tls->events;
}

void tls_fingerprint(const Tls *tls, Buffer *ret) {
        X509 *certificate = SSL_get1_peer_certificate(tls->ssl);
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned length = 0;

        if (certificate) {
                (void) X509_digest(certificate, EVP_sha1(), digest, &length);
        }
        for (unsigned i = 0; i < length; i++) {
                buffer_printf(ret, i > 0 ? ":%02X" : "%02X", digest[i]);
        }
        X509_free(certificate);
}
