/*
 * See port.h.
 */
#include "port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
        const char *name;
        int families[2];
        bool ssl;
} prefixes[] = {
        { "tcp", { AF_INET }, false },
        { "tcp4", { AF_INET }, false },
        { "tcp6", { AF_INET6 }, false },
        { "tcp46", { AF_INET, AF_INET6 }, false },
        { "tcp64", { AF_INET6, AF_INET }, false },
        { "ssl", { AF_INET }, true },
        { "ssl4", { AF_INET }, true },
        { "ssl6", { AF_INET6 }, true },
        { "ssl46", { AF_INET, AF_INET6 }, true },
        { "ssl64", { AF_INET6, AF_INET }, true },
};

/* Takes the prefix off; without one it is IPv4, as in the product. Returns the rest. */
static const char *parse_prefix(Port *port, const char *text) {
        const char *colon = strchr(text, ':');

        port->families[0] = AF_INET;
        for (size_t i = 0; colon && i < ELEMENTSOF(prefixes); i++) {
                Str given = { .data = text, .length = (size_t) (colon - text) };

                if (str_is(given, prefixes[i].name)) {
                        memcpy(port->families, prefixes[i].families, sizeof(port->families));
                        port->ssl = prefixes[i].ssl;
                        return colon + 1;
                }
        }
        return text;
}

/* host:port, [host]:port or port; the last colon separates. */
static void parse_address(Port *port, const char *text) {
        const char *close = text[0] == '[' ? strchr(text, ']') : NULL;
        const char *colon = strrchr(close ? close : text, ':');

        if (close) {
                port->host = memory_string(text + 1, (size_t) (close - text - 1));
        } else if (colon && colon > text) {
                port->host = memory_string(text, (size_t) (colon - text));
        }
        port->service = str_dup(str_from(colon ? colon + 1 : close ? close + 1 : text));
}

int port_parse(Port *ret_port, const char *text, Message *message) {
        Port port = {};
        const char *rest = parse_prefix(&port, text);
        uint64_t number;

        port.address = str_dup(str_from(rest));
        parse_address(&port, rest);
        number = str_number(str_from(port.service));
        if (port.service[0] == 0 || str_starts(str_from(text), "rsh:") ||
            str_starts(str_from(text), "jsh:")) {
                message_add(message, &MSG_BAD_PORT, "p4port", text);
        } else if (number > UINT16_MAX) {
                message_add(message, &MSG_TCP_PORT_INVALID, "service", port.service);
        } else {
                *ret_port = port;
                return 0;
        }
        port_done(&port);
        return -EINVAL;
}

void port_done(Port *port) {
        free(port->host);
        free(port->service);
        free(port->address);
        *port = (Port) {};
}

char *port_ticket_key(const char *text) {
        Buffer key = {};

        if (!strchr(text, ':')) {
                buffer_append_text(&key, "localhost:");
        }
        buffer_append_text(&key, text);
        return key.data;
}

/* "connect: 127.0.0.1:1666: Connection refused" */
static void add_connect_error(Message *message, const struct addrinfo *address, int error) {
        char host[NI_MAXHOST] = "?", service[NI_MAXSERV] = "?", where[NI_MAXHOST + NI_MAXSERV + 4];
        bool v6 = address->ai_family == AF_INET6;

        (void) getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof(host), service,
                           sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV);
        (void) snprintf(where, sizeof(where), v6 ? "[%s]:%s" : "%s:%s", host, service);
        message_add(message, v6 ? &MSG_NET_IPV6 : &MSG_NET, "operation", v6 ? "connect (IPv6)" : "connect",
                    "arg", where, "errmsg", strerror(error));
}

static int connect_address(const struct addrinfo *address) {
        _cleanup_(close_fd) int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC,
                                            address->ai_protocol);
        int one = 1;

        if (fd < 0) {
                return -errno;
        }
        while (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
                if (errno != EINTR) {
                        return -errno;
                }
        }
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
        return TAKE_FD(fd);
}

static int connect_family(const Port *port, int family, Message *message) {
        struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM }, *addresses;
        int fd = -EHOSTUNREACH;
        int r;

        r = getaddrinfo(port->host, port->service, &hints, &addresses);
        if (r != 0) {
                message_add(message, &MSG_PLAIN_COMM, "text", gai_strerror(r));
                return -EHOSTUNREACH;
        }
        for (const struct addrinfo *a = addresses; a; a = a->ai_next) {
                fd = connect_address(a);
                if (fd >= 0) {
                        break;
                }
                if (!a->ai_next) {
                        add_connect_error(message, a, -fd);
                }
        }
        freeaddrinfo(addresses);
        return fd;
}

int port_connect(const Port *port, Message *message) {
        int fd = -EHOSTUNREACH;

        for (size_t i = 0; i < ELEMENTSOF(port->families) && port->families[i] != 0; i++) {
                fd = connect_family(port, port->families[i], message);
                if (fd >= 0) {
                        message_done(message);
                        return fd;
                }
        }
        message_add(message, &MSG_TCP_CONNECT, "host", port->address);
        return fd;
}
